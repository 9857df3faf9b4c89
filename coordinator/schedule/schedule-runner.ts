import { halotile } from '../../proto/gen/messages.js';
import { ERROR_TABLE } from '../../tiling/error-table.js';
import { HalotileError, toErrorRecord } from '../../tiling/errors.js';
import type { FollowRunner } from '../follow/follow-runner.js';
import { attemptTerms } from '../queue/attempt-terms.js';
import type { JobQueue } from '../queue/job-queue.js';
import { isOpen } from '../queue/transitions.js';
import type { JobEvents } from '../service/job-events.js';
import type { PlanningThreads } from '../service/planning-threads.js';
import type { CronTimes, ReadCron } from './cron-times.js';
import { dueRuns } from './due-runs.js';
import { fillPlaceholders } from './placeholders.js';
import { isBegun, type Schedule, type ScheduleRun, withOutcome, withRun } from './schedule.js';
import type { ScheduleStore } from './schedule-store.js';

/** What schedules are run with. */
export interface ScheduleRunnerOptions {
  readonly store: ScheduleStore;
  readonly queue: JobQueue;
  readonly events: Pick<JobEvents, 'queueChanged' | 'ended'>;
  /** Keeps what is to follow runs. */
  readonly follows: Pick<FollowRunner, 'register'>;
  /** Checks what a run would submit. */
  readonly planning: Pick<PlanningThreads, 'submission'>;
  readonly readCron: ReadCron;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  readonly log: (line: string) => void;
}

const TICK_MS = 1_000;

/**
 * Submits the jobs of schedules at their times. Which runs there are is decided first, by whichever of the coordinators
 * that share a queue is first. What was decided any of them submits, under a request id that follows from schedule and
 * time, so that the queue takes it once; that one which decided it died changes nothing.
 */
export class ScheduleRunner {
  readonly #options: ScheduleRunnerOptions;
  readonly #timer: NodeJS.Timeout;
  #ticking: Promise<void> | undefined;

  constructor(options: ScheduleRunnerOptions) {
    this.#options = options;
    this.#timer = setInterval(() => {
      this.#ticking ??= this.tick().finally(() => {
        this.#ticking = undefined;
      });
    }, TICK_MS);
    this.#timer.unref();
  }

  /** One look at all schedules. */
  async tick(): Promise<void> {
    const { store, log } = this.#options;
    let schedules: readonly Schedule[] = [];
    try {
      schedules = store.all();
    } catch (error) {
      log(`schedules cannot be read: ${(error as Error).message}`);
    }
    for (const schedule of schedules) {
      try {
        await this.#look(schedule);
      } catch (error) {
        log(`schedule ${schedule.id} of ${schedule.principal}: ${(error as Error).message}; it is tried again`);
      }
    }
  }

  /** The times of a schedule. */
  timesOf({ cron, timeZone }: Schedule): CronTimes {
    return this.#options.readCron(cron, timeZone);
  }

  /** Submits a run beside the regular times; the same request is the same run. @throws as SubmitJob does */
  async runNow(schedule: Schedule, requestId: string): Promise<string> {
    const run = this.#begin(schedule, requestId);
    try {
      const jobId = await this.#submit(schedule, run);
      this.#note(schedule, { ...run, jobId });
      return jobId;
    } catch (error) {
      if (isFinal(error)) this.#note(schedule, { ...run, failure: toErrorRecord(error, 'bad-usage') });
      throw error;
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#ticking;
  }

  async #look(schedule: Schedule): Promise<void> {
    const { store, nowMs } = this.#options;
    await this.#startBegun(schedule);
    const held = store.state(schedule);
    const times = this.timesOf(schedule);
    const open = await this.#openRuns(held.state.runs);
    const isOpen = open.length > 0 || held.state.runs.some(isBegun);
    const due = dueRuns(schedule, held.state, { times, nowMs: nowMs(), isOpen });
    const isIdle =
      due.starts.length === 0 && due.skips.length === 0 && due.waiting.length === held.state.waiting.length;
    if (isIdle) return;
    if (due.replaces) for (const id of open) await this.#cancel(id);
    let state = held.state;
    for (const { dueMs, why } of due.skips) {
      state = withRun(state, { run: state.count + 1, dueMs, note: why });
    }
    for (const dueMs of due.starts) state = withRun(state, { run: state.count + 1, dueMs });
    const decided = { ...state, waiting: [...due.waiting], handledMs: due.handledMs };
    // Where another coordinator was faster, what that one decided holds.
    if (store.putState(schedule, decided, held) !== undefined) await this.#startBegun(schedule);
  }

  /** Submits the runs that were decided, here or by a coordinator that may have died since. */
  async #startBegun(schedule: Schedule): Promise<void> {
    const { runs } = this.#options.store.state(schedule).state;
    for (const run of runs.filter(isBegun).reverse()) this.#note(schedule, await this.#start(schedule, run));
  }

  /** Decides a run that somebody asked for, or finds the one that the same request asked for before. */
  #begin(schedule: Schedule, requestId: string): ScheduleRun {
    const { store, nowMs } = this.#options;
    for (;;) {
      const held = store.state(schedule);
      const earlier = held.state.runs.find((run) => run.requestId === requestId);
      if (earlier !== undefined) return earlier;
      const run = { run: held.state.count + 1, dueMs: nowMs(), requestId };
      if (store.putState(schedule, withRun(held.state, run), held) !== undefined) return run;
    }
  }

  /** Notes what became of a run. */
  #note(schedule: Schedule, outcome: ScheduleRun): void {
    const { store } = this.#options;
    for (;;) {
      const held = store.state(schedule);
      // Another coordinator may have noted it, or so many runs came since that it is not remembered.
      if (!held.state.runs.some((run) => run.run === outcome.run && isBegun(run))) return;
      if (store.putState(schedule, withOutcome(held.state, outcome), held) !== undefined) return;
    }
  }

  /** The run with its job, or why there is none. @throws where it may go better later */
  async #start(schedule: Schedule, run: ScheduleRun): Promise<ScheduleRun> {
    const { id, principal } = schedule;
    try {
      return { ...run, jobId: await this.#submit(schedule, run) };
    } catch (error) {
      if (!isFinal(error)) throw error;
      this.#options.log(`schedule ${id} of ${principal} cannot start its run: ${error.message}`);
      return { ...run, failure: toErrorRecord(error, 'bad-usage') };
    }
  }

  async #submit(
    schedule: Schedule,
    { run, dueMs, requestId = `schedule ${schedule.id} ${dueMs}` }: ScheduleRun,
  ): Promise<string> {
    const { planning, queue, events, follows, log } = this.#options;
    const { id, principal, roots, timeZone } = schedule;
    const bytes = requestOf(schedule, { run, dueMs, timeZone });
    const {
      spec,
      follow,
      priority = 0,
      verifyOneIn,
      ...terms
    } = await planning.submission(bytes, { principal, roots });
    const { job, existed } = await queue.submit({
      ...{ requestId, principal, roots, spec, priority, ...attemptTerms(terms) },
      ...(verifyOneIn ? { verifyEvery: verifyOneIn } : {}),
    });
    await follows.register({ jobId: job.id, principal, roots, ...follow });
    if (!existed) {
      log(`schedule ${id} of ${principal} starts job ${job.id}`);
      events.queueChanged(job.id, 'queued');
    }
    return job.id;
  }

  async #openRuns(runs: readonly ScheduleRun[]): Promise<string[]> {
    const open: string[] = [];
    for (const { jobId } of runs) {
      const job = jobId === undefined ? undefined : await this.#options.queue.get(jobId);
      if (job !== undefined && isOpen(job.state)) open.push(job.id);
    }
    return open;
  }

  async #cancel(id: string): Promise<void> {
    const { queue, events } = this.#options;
    const job = await queue.requestCancel(id);
    if (job === undefined) return;
    if (isOpen(job.state)) events.queueChanged(id, 'replaced by the next run of its schedule');
    else events.ended(id, job.state);
  }
}

/** Whether trying again would not help. */
function isFinal(error: unknown): error is HalotileError {
  return error instanceof HalotileError && !ERROR_TABLE[error.tag].retryable;
}

/** A schedule's SubmitJob for one run. */
export function requestOf(
  { request }: Pick<Schedule, 'request'>,
  names: { readonly run: number; readonly dueMs: number; readonly timeZone: string },
): Uint8Array {
  const { SubmitJobRequest } = halotile.v1;
  const template = SubmitJobRequest.decode(Buffer.from(request, 'base64'));
  return SubmitJobRequest.encode(fillPlaceholders(template, names)).finish();
}
