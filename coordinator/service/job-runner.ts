import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { calledBy, type ErrorRecord, fromErrorRecord, HalotileError, toErrorRecord } from '../../tiling/errors.js';
import { isCollectionSpec } from '../../tiling/job/collection-spec.js';
import { isDatasetSpec } from '../../tiling/job/dataset-spec.js';
import type { Log } from '../../tiling/log.js';
import type { PlanMachine } from '../../tiling/plan/plan-input.js';
import type { Tracing } from '../../tiling/tracing.js';
import { textOf } from '../../tiling/words.js';
import type { Executor } from '../../tiling/work/task.js';
import type { Cluster } from '../cluster/cluster.js';
import type { CollectionResult } from '../collection/collection-result.js';
import type { DatasetResult } from '../dataset/report/report.js';
import { OutputInUse } from '../job/job-lock.js';
import type { JobResult } from '../job/job-result.js';
import type { RunningTiles } from '../job/running-job.js';
import type { CoordinatorObserver } from '../observe/observer.js';
import type { JobClaim, JobOutcome, JobQueue } from '../queue/job-queue.js';
import { isOpen } from '../queue/transitions.js';
import type { JobEvents } from './job-events.js';
import { JobSpans } from './job-spans.js';
import type { Places } from './places.js';
import type { PlanningThreads } from './planning-threads.js';
import { runQueuedCollection } from './run-queued-collection.js';
import { runQueuedDataset } from './run-queued-dataset.js';
import { runQueuedImage } from './run-queued-image.js';
import { SmallJobs } from './small-jobs.js';

/** What queued jobs are run with. */
export interface JobRunnerOptions {
  readonly queue: JobQueue;
  readonly cluster: Cluster;
  readonly events: JobEvents;
  readonly places: Places;
  readonly planning: PlanningThreads;
  /** What one worker is taken to have; plans are made for it. */
  readonly machine: PlanMachine;
  /** Threads of this process, for work that is needed at once or too large to travel. */
  readonly here: Executor;
  /** Jobs that run at once; further ones stay in the queue. */
  readonly maxRunning: number;
  readonly durable: boolean;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  /** Seconds on a monotonic clock. */
  readonly nowSeconds: () => number;
  readonly log: Log;
  /** Counts what happens. */
  readonly observer?: CoordinatorObserver;
  readonly tracing?: Tracing;
}

/** How long a job waits for an output that whoever had the job before has not let go. */
const MAX_OVERLAP_MS = 5 * 60_000;
/** Between two tries at a queue that fails. */
const RETRY_MS = 500;

const INTERRUPTED: ErrorRecord = { tag: 'interrupted', detail: { what: 'the coordinator shuts down' } };

const CANCELLED: ErrorRecord = { tag: 'interrupted', detail: { what: 'the job was cancelled' } };

const LOST: ErrorRecord = { tag: 'interrupted', detail: { what: 'another coordinator has the job by now' } };

/** Takes jobs from the queue and runs them on the cluster, several at a time. */
export class JobRunner {
  readonly #options: JobRunnerOptions;
  readonly #stop = new AbortController();
  readonly #tiles = new Map<string, RunningTiles>();
  readonly #claimed = new Set<string>();
  readonly #lanes: Promise<unknown>;
  readonly #small: SmallJobs;

  constructor(options: JobRunnerOptions) {
    this.#options = options;
    this.#small = new SmallJobs(options);
    setMaxListeners(0, this.#stop.signal);
    this.#lanes = Promise.all(Array.from({ length: options.maxRunning }, () => this.#lane()));
  }

  /** The ids of the jobs that run here. */
  get claimed(): Iterable<string> {
    return this.#claimed;
  }

  /** The tiles of a job over one image that runs here; undefined where none does. */
  tilesOf(id: string): RunningTiles | undefined {
    return this.#tiles.get(id);
  }

  /** Gives every running job back to the queue, its finished tiles kept, and returns when that is done. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#lanes;
  }

  async #lane(): Promise<void> {
    const { queue } = this.#options;
    for (;;) {
      const claim = await this.#patiently('take a job', () => queue.claim(this.#stop.signal));
      if (claim === undefined) return;
      this.#claimed.add(claim.job.id);
      try {
        await this.#run(claim);
      } catch (error) {
        // Whatever it is, other jobs go on.
        const failure = this.#failure(error, claim);
        await this.#patiently('record the end of a job', () => queue.finish(claim, { state: 'failed', failure }));
        const state = (await queue.get(claim.job.id).catch(() => undefined))?.state;
        if (state !== undefined && !isOpen(state)) this.#options.events.ended(claim.job.id, state);
      } finally {
        this.#claimed.delete(claim.job.id);
      }
    }
  }

  /**
   * What the queue does, again until its disk takes it: a full disk must end neither the coordinator nor its other
   * jobs. Once it shuts down, the next start finds the job as it was.
   */
  async #patiently<T>(what: string, act: () => Promise<T>): Promise<T | undefined> {
    for (let tries = 0; ; tries++) {
      try {
        return await act();
      } catch (error) {
        if (tries === 0)
          this.#options.log(`cannot ${what}: ${(error as Error).message}; trying again until it works`, {
            level: 'warn',
          });
        if (this.#stop.signal.aborted) return undefined;
        await pause(RETRY_MS, undefined, { signal: this.#stop.signal }).catch(() => {});
      }
    }
  }

  async #run(claim: JobClaim): Promise<void> {
    const { queue, events, log } = this.#options;
    const { job } = claim;
    log(`job ${job.id} starts, attempt ${job.attempt}`, {
      job: job.id,
      attempt: job.attempt,
      principal: job.principal,
    });
    events.queueChanged(job.id, `attempt ${job.attempt} starts`);
    const { signal: abort, release } = eitherOf(claim.stop, this.#stop.signal);
    const spans = new JobSpans(this.#options.tracing, job);
    let outcome: JobOutcome | undefined;
    try {
      const result = await this.#whenFree(claim, abort, () => this.#result(claim, { signal: abort, spans }));
      outcome = { state: 'succeeded', result: { ...result, output: job.spec.output } };
    } catch (error) {
      if (this.#stop.signal.aborted && !claim.stop.aborted) {
        await this.#patiently('give a job back', () => queue.release(claim));
        log(`job ${job.id} goes back to the queue`, { job: job.id });
        return;
      }
      outcome = claim.stop.aborted ? { state: 'cancelled' } : { state: 'failed', failure: this.#failure(error, claim) };
    } finally {
      release();
      spans.end(outcome);
    }
    const after = await this.#patiently('record the end of a job', () => queue.finish(claim, outcome));
    if (after?.state === 'queued') {
      const seconds = Math.ceil(((after.notBeforeMs ?? 0) - this.#options.nowMs()) / 1000);
      const why = after.failure === undefined ? '' : `: ${textOf(after.failure.detail.what)}`;
      log(`job ${job.id} is tried again in ${seconds} s${why}`, { job: job.id, level: 'warn' });
      events.queueChanged(job.id, `attempt ${job.attempt} failed; the next is in ${seconds} s`);
      return;
    }
    // Another coordinator has the job by now, and will say how it ended; or this one shuts down and the next will.
    if (after === undefined) return;
    const isFailed = outcome.state === 'failed';
    log(
      `job ${job.id} ${outcome.state}${outcome.state === 'failed' ? `: ${textOf(outcome.failure.detail.what)}` : ''}`,
      {
        job: job.id,
        level: isFailed ? 'warn' : 'info',
      },
    );
    this.#options.observer?.jobEnded(outcome);
    events.ended(job.id, outcome.state);
  }

  #result(
    claim: JobClaim,
    { signal, spans }: { readonly signal: AbortSignal; readonly spans: JobSpans },
  ): Promise<JobResult | DatasetResult | CollectionResult> {
    const { job } = claim;
    const terms = {
      ...this.#options,
      onPlanned: () => this.#planned(claim, spans),
      traceparent: spans.context,
      signal,
      reason: () => (claim.stop.aborted ? CANCELLED : INTERRUPTED),
      mayPublish: () => {
        if (!claim.isHeld()) throw fromErrorRecord(LOST);
      },
    };
    if (isDatasetSpec(job.spec)) return runQueuedDataset(job, job.spec, terms);
    if (isCollectionSpec(job.spec)) return runQueuedCollection(job, job.spec, terms);
    const onTiles = (tiles: RunningTiles) => this.#tiles.set(job.id, tiles);
    return runQueuedImage(job, job.spec, { ...terms, spans, onTiles, smallJobs: this.#small }).finally(() =>
      this.#tiles.delete(job.id),
    );
  }

  /** Runs a job, again and again where the coordinator that had it before has not stopped yet. */
  async #whenFree<T>({ job, mayOverlap = false }: JobClaim, signal: AbortSignal, run: () => Promise<T>): Promise<T> {
    const untilMs = this.#options.nowSeconds() * 1000 + MAX_OVERLAP_MS;
    for (let tries = 0; ; tries++) {
      try {
        return await run();
      } catch (error) {
        const isWorthIt = mayOverlap && this.#options.nowSeconds() * 1000 < untilMs && !signal.aborted;
        if (!(error instanceof OutputInUse) || !isWorthIt) throw error;
        if (tries === 0) this.#options.events.queueChanged(job.id, 'waits for whoever had it before to stop');
        await pause(RETRY_MS, undefined, { signal }).catch(() => {});
      }
    }
  }

  /** Where the queue cannot record it, the job goes on: should the coordinator die, that counts as one planning more. */
  async #planned(claim: JobClaim, spans: JobSpans): Promise<void> {
    spans.planned();
    try {
      await this.#options.queue.planned(claim);
    } catch (error) {
      this.#options.log(`cannot record that job ${claim.job.id} is planned: ${(error as Error).message}; it goes on`, {
        job: claim.job.id,
        level: 'warn',
      });
    }
  }

  /** The failure in the caller's words: real paths become the names that the caller used. */
  #failure(error: unknown, { job }: JobClaim): ErrorRecord {
    if (!(error instanceof HalotileError))
      this.#options.log(`job ${job.id}: ${(error as Error).stack}`, { job: job.id, level: 'error' });
    const { tag, detail } = toErrorRecord(error, 'tile-failed');
    return { tag, detail: calledBy(detail, (path) => this.#options.places.shown(path)) };
  }
}

/** Aborts with either signal, until it is released: `AbortSignal.any` leaves something at the longer-lived one. */
function eitherOf(...signals: readonly AbortSignal[]): { readonly signal: AbortSignal; readonly release: () => void } {
  const either = new AbortController();
  const abort = () => either.abort();
  for (const signal of signals) {
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
  }
  return {
    signal: either.signal,
    release() {
      for (const signal of signals) signal.removeEventListener('abort', abort);
    },
  };
}
