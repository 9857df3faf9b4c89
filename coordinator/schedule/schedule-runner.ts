import { halotile } from '../../proto/gen/messages.js';
import { ERROR_TABLE, HalotileError } from '../../tiling/errors.js';
import type { FollowRunner } from '../follow/follow-runner.js';
import { attemptTerms } from '../queue/attempt-terms.js';
import type { JobQueue } from '../queue/job-queue.js';
import { isOpen } from '../queue/transitions.js';
import type { JobEvents } from '../service/job-events.js';
import type { PlanningThreads } from '../service/planning-threads.js';
import type { CronTimes, ReadCron } from './cron-times.js';
import { dueRuns } from './due-runs.js';
import { fillPlaceholders } from './placeholders.js';
import { type Schedule, type ScheduleRun, withRun } from './schedule.js';
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
 * Submits the jobs of schedules at their times. A run is submitted under a request id that follows from schedule and
 * time: coordinators that share a queue all try, and the queue takes it once; one that died between submitting and
 * noting it does not submit it twice.
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

  /** Submits a run beside the regular times. @throws as SubmitJob does */
  async runNow(schedule: Schedule, requestId: string): Promise<string> {
    const { store, nowMs } = this.#options;
    const run = { run: store.state(schedule).count + 1, dueMs: nowMs() };
    const jobId = await this.#submit(schedule, { ...run, requestId });
    store.putState(schedule, withRun(store.state(schedule), { ...run, jobId }));
    return jobId;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#ticking;
  }

  async #look(schedule: Schedule): Promise<void> {
    const { store, nowMs } = this.#options;
    let state = store.state(schedule);
    const times = this.timesOf(schedule);
    const open = await this.#openRuns(state.runs);
    const due = dueRuns(schedule, state, { times, nowMs: nowMs(), isOpen: open.length > 0 });
    const isIdle = due.starts.length === 0 && due.skips.length === 0 && due.waiting.length === state.waiting.length;
    if (isIdle) return;
    if (due.replaces) for (const id of open) await this.#cancel(id);
    for (const { dueMs, why } of due.skips) {
      state = withRun(state, { run: state.count + 1, dueMs, note: why });
    }
    for (const dueMs of due.starts) {
      const run = { run: state.count + 1, dueMs };
      state = withRun(state, await this.#start(schedule, run));
    }
    store.putState(schedule, { ...state, waiting: [...due.waiting], handledMs: due.handledMs });
  }

  /** The run with its job, or why there is none. @throws where it may go better later */
  async #start(schedule: Schedule, run: ScheduleRun): Promise<ScheduleRun> {
    const { id, principal } = schedule;
    try {
      const jobId = await this.#submit(schedule, { ...run, requestId: `schedule ${id} ${run.dueMs}` });
      this.#options.log(`schedule ${id} of ${principal} starts job ${jobId}`);
      return { ...run, jobId };
    } catch (error) {
      if (!(error instanceof HalotileError) || ERROR_TABLE[error.tag].retryable) throw error;
      this.#options.log(`schedule ${id} of ${principal} cannot start its run: ${error.message}`);
      return { ...run, note: error.message };
    }
  }

  async #submit(
    schedule: Schedule,
    { requestId, ...run }: ScheduleRun & { readonly requestId: string },
  ): Promise<string> {
    const { planning, queue, events, follows } = this.#options;
    const { principal, roots, timeZone } = schedule;
    const bytes = requestOf(schedule, { ...run, timeZone });
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
    if (!existed) events.queueChanged(job.id, 'queued');
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

/** A schedule's SubmitJob for one run. */
export function requestOf(
  { request }: Pick<Schedule, 'request'>,
  names: { readonly run: number; readonly dueMs: number; readonly timeZone: string },
): Uint8Array {
  const { SubmitJobRequest } = halotile.v1;
  const template = SubmitJobRequest.decode(Buffer.from(request, 'base64'));
  return SubmitJobRequest.encode(fillPlaceholders(template, names)).finish();
}
