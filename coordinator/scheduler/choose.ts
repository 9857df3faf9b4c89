import type { SchedulerLimits } from './events.js';
import { canRun, type OpenJob, runnableStage, type Stage, type Worker } from './state.js';

/** A tile to grant. */
export interface Choice {
  readonly job: OpenJob;
  readonly stage: number;
  readonly tile: number;
}

/** Entries of a retry list or of running tiles that one choice looks at, so that no event scans them all. */
const MAX_LOOK = 32;

/**
 * The next tile for a worker with room: of the highest priority, of the job that holds the fewest leases, a
 * tile to be retried before a new one, a neighbour of the worker's last one where there is one. It is taken
 * off its list.
 */
export function chooseTile(
  worker: Worker,
  jobs: Iterable<OpenJob>,
  workers: ReadonlyMap<number, Worker>,
): Choice | undefined {
  const candidates: OpenJob[] = [];
  for (const job of jobs) {
    const runnable = runnableStage(job);
    if (runnable !== undefined && runnable.stage.pending > 0 && fits(worker, job)) candidates.push(job);
  }
  if (candidates.length > 1) candidates.sort((a, b) => b.priority - a.priority || a.leases - b.leases);
  for (const job of candidates) {
    const { stage, index } = runnableStage(job)!;
    const tile = chooseRetry(worker, job, stage, workers) ?? stage.pool.take(worker.id, workers.size);
    if (tile !== undefined) return { job, stage: index, tile };
  }
  return undefined;
}

/**
 * A tile that runs elsewhere for too long while this worker has a free slot and nothing new to start. The
 * oldest grant comes first; a tile runs twice at most.
 */
export function chooseLate(
  worker: Worker,
  jobs: Iterable<OpenJob>,
  { lateFactor, minLateMs }: SchedulerLimits,
  nowMs: number,
): Choice | undefined {
  if (worker.leases.size >= worker.slots) return undefined;
  for (const job of jobs) {
    const runnable = runnableStage(job);
    if (runnable === undefined || runnable.stage.pending > 0 || !fits(worker, job)) continue;
    const { stage, index } = runnable;
    const lateMs = Math.max(minLateMs, lateFactor * (stage.meanMs ?? Number.POSITIVE_INFINITY));
    let looked = 0;
    for (const [tile, leases] of stage.running) {
      if (looked++ === MAX_LOOK) break;
      const lease = leases[0]!;
      if (leases.length > 1 || lease.suspect || lease.worker === worker) continue;
      if (nowMs - lease.grantedAtMs >= lateMs) return { job, stage: index, tile };
    }
  }
  return undefined;
}

/** Whether a worker may hold one more attempt of a job. */
function fits(worker: Worker, job: OpenJob): boolean {
  if (!canRun(worker, job)) return false;
  return worker.leases.size === 0 || worker.usedBytes + job.taskBytes <= worker.memoryBytes;
}

function chooseRetry(
  worker: Worker,
  job: OpenJob,
  stage: Stage,
  workers: ReadonlyMap<number, Worker>,
): number | undefined {
  let looked = 0;
  for (const tile of stage.retries) {
    if (looked++ === MAX_LOOK) return undefined;
    const trouble = stage.trouble.get(tile);
    if (trouble !== undefined) {
      if (trouble.kills > 0 && worker.suspects > 0) continue;
      if (trouble.avoid.has(worker.instance) && someOther(job, trouble.avoid, workers)) continue;
    }
    stage.retries.delete(tile);
    return tile;
  }
  return undefined;
}

/** Whether a worker is there beside those to be avoided. */
export function someOther(job: OpenJob, avoid: ReadonlySet<string>, workers: ReadonlyMap<number, Worker>): boolean {
  for (const worker of workers.values()) {
    if (!worker.draining && !worker.idles && !avoid.has(worker.instance) && canRun(worker, job)) return true;
  }
  return false;
}
