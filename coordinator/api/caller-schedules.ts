import { randomUUID } from 'node:crypto';
import { HalotileError, sentenceOf } from '../../tiling/errors.js';
import { type NameOfFile, textOf } from '../../tiling/words.js';
import { nextRunMs } from '../schedule/due-runs.js';
import { type Schedule, type ScheduleRun, scheduleSchema } from '../schedule/schedule.js';
import type { ScheduleRunner } from '../schedule/schedule-runner.js';
import type { ScheduleStore } from '../schedule/schedule-store.js';
import type { Caller } from './access.js';

/** Schedules and what runs them. */
export interface ScheduleMeans {
  readonly store: ScheduleStore;
  readonly runner: ScheduleRunner;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  /** What callers call a file of this machine. */
  readonly nameOf: NameOfFile;
}

/** A run as callers see it. */
export interface ShownRun extends Pick<ScheduleRun, 'run' | 'dueMs' | 'jobId'> {
  /** Why there is no job and will be none; undefined otherwise. */
  readonly note: string | undefined;
}

/** A schedule with its last runs, the newest first, and when it runs next. */
export interface ScheduleNow {
  readonly schedule: Schedule;
  readonly runs: readonly ShownRun[];
  /** Undefined while it is paused, or where there is no further time. */
  readonly nextMs?: number;
}

/** What callers see of schedules and do with them: their own, admins all. */
export class CallerSchedules {
  readonly #means: ScheduleMeans;

  constructor(means: ScheduleMeans) {
    this.#means = means;
  }

  /** By id, then by principal. */
  list(caller: Caller): Schedule[] {
    const all = this.#means.store.all();
    return all
      .filter(({ principal }) => caller.role === 'admin' || principal === caller.principal)
      .sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
  }

  /**
   * @param principal whose it is, where an admin asks; the caller's own first where absent
   * @throws not-found where there is none, or it is somebody else's
   */
  get(id: string, caller: Caller, principal?: string): Schedule {
    const { store } = this.#means;
    const isAdmin = caller.role === 'admin';
    const asked = isAdmin ? principal : undefined;
    const own = isId(id) ? store.get(asked ?? caller.principal, id) : undefined;
    const found =
      own ?? (isAdmin && asked === undefined ? store.all().find((schedule) => schedule.id === id) : undefined);
    if (found !== undefined) return found;
    throw new HalotileError('not-found', { what: 'no such schedule', where: id.slice(0, 64) });
  }

  now(schedule: Schedule): ScheduleNow {
    const { store, runner, nowMs, nameOf } = this.#means;
    const nextMs = nextRunMs(schedule, runner.timesOf(schedule), nowMs());
    const runs = store.state(schedule).state.runs.map((run): ShownRun => {
      const { dueMs, jobId, failure, note } = run;
      const why = failure === undefined ? note : textOf(sentenceOf(failure.detail), nameOf);
      return { run: run.run, dueMs, jobId, note: why };
    });
    return { schedule, runs, ...(nextMs !== undefined && { nextMs }) };
  }

  /** Waits for nobody who changes the same schedule: the last one counts. */
  pause(schedule: Schedule): ScheduleNow {
    return this.#put({ ...schedule, paused: true });
  }

  /** Times while it was paused are no business of it. */
  resume(schedule: Schedule): ScheduleNow {
    if (!schedule.paused) return this.now(schedule);
    return this.#put({ ...schedule, paused: false, sinceMs: this.#means.nowMs() });
  }

  /** The id of the job. @throws as SubmitJob does */
  runNow(schedule: Schedule): Promise<string> {
    return this.#means.runner.runNow(schedule, randomUUID());
  }

  #put(schedule: Schedule): ScheduleNow {
    this.#means.store.put(schedule);
    return this.now(schedule);
  }
}

/** Where a schedule stands in a list. */
export function orderOf({ id, principal }: Schedule): string {
  return JSON.stringify([id, principal]);
}

/** Whether a schedule may be called so. */
export function isId(id: string): boolean {
  return scheduleSchema.shape.id.safeParse(id).success;
}
