import { type OpenJob, runnableStage, type Worker } from './state.js';

/** What the workers of a scheduler do, and what waits for them; in slots, since a task takes one. */
export interface SchedulerLoad {
  readonly workers: number;
  /** Connected workers that take nothing more. */
  readonly draining: number;
  /** Tasks that workers, those that drain left out, run at once. */
  readonly slots: number;
  /** Attempts that run. */
  readonly busy: number;
  /** Leases that workers hold: what runs, and what they were given ahead. */
  readonly leases: number;
  /** Tasks that could run now and do not. */
  readonly waiting: number;
}

/** Costs one look at every lease. */
export function loadOf(jobs: Iterable<OpenJob>, workers: Iterable<Worker>): SchedulerLoad {
  const load = { workers: 0, draining: 0, slots: 0, busy: 0, leases: 0, waiting: 0 };
  for (const { draining, slots, leases } of workers) {
    if (draining) load.draining++;
    else load.workers++;
    if (!draining) load.slots += slots;
    load.leases += leases.size;
    for (const { startedAtMs } of leases.values()) if (startedAtMs !== undefined) load.busy++;
  }
  for (const job of jobs) load.waiting += runnableStage(job)?.stage.pending ?? 0;
  load.waiting += load.leases - load.busy;
  return load;
}
