import type { ErrorRecord } from '../../tiling/errors.js';
import type { AnyJobSpec } from '../../tiling/job/collection-spec.js';
import type { Restart } from '../../tiling/stitch/output-owner.js';
import type { CollectionResult } from '../collection/collection-result.js';
import type { DatasetResult } from '../dataset/report/report.js';
import type { JobResult } from '../job/job-result.js';
import type { JobRelay } from './job-news.js';

/** What a caller hands in. */
export interface JobSubmission {
  /** The same id by the same principal names the same job for as long as it is remembered. */
  readonly requestId: string;
  readonly principal: string;
  /** The storage roots that the principal could use then; all where absent. */
  readonly roots?: Readonly<Record<string, 'read' | 'write'>>;
  /** As the caller wrote it, checked, defaults filled in; paths are not resolved yet. */
  readonly spec: AnyJobSpec;
  /** Larger runs first. */
  readonly priority: number;
  /** How often it may be claimed before it is given up. */
  readonly maxAttempts: number;
  /** How long it waits after it failed for a cause that may pass, twice as long each further time; 0 gives it up at once. */
  readonly backoffMs?: number;
  /** What it may discard of its output before it begins; nothing where absent. */
  readonly restart?: Restart;
  /** One task in so many is to be computed on a second worker too; as the coordinator does where absent. */
  readonly verifyEvery?: number;
  /** The span of its submission, as W3C's `traceparent`. */
  readonly traceparent?: string;
}

/** The states of a job in the queue; the last three are final. A quarantined one waits to be readmitted or cancelled. */
export const QUEUE_STATES = ['queued', 'claimed', 'quarantined', 'succeeded', 'failed', 'cancelled'] as const;
/** One of {@link QUEUE_STATES}. */
export type QueueState = (typeof QUEUE_STATES)[number];

/** A job as the queue knows it; times in milliseconds since 1970. */
export interface QueuedJob extends JobSubmission {
  readonly id: string;
  readonly state: QueueState;
  readonly submittedMs: number;
  /** When it was first claimed. */
  readonly startedMs?: number;
  readonly finishedMs?: number;
  /** Number of claims so far, without those that were released. */
  readonly attempt: number;
  /** Fencing number of the last claim; grows with every claim of any job. */
  readonly epoch: number;
  readonly cancelRequested: boolean;
  /** Whether the present claim has come past planning. */
  readonly planned: boolean;
  /** How often a claimer died before that, since the job was submitted or readmitted. */
  readonly planningDeaths: number;
  /** A queued job is not claimed before: its last attempt failed for a cause that may pass. */
  readonly notBeforeMs?: number;
  /** Of failed and quarantined jobs, and why a queued one waits to be tried again. */
  readonly failure?: ErrorRecord;
  readonly result?: JobResult | DatasetResult | CollectionResult;
}

/** Deaths of coordinators that one job's plan may be blamed for. */
export const MAX_PLANNING_DEATHS = 2;

/** How a claimed job ended. */
export type JobOutcome =
  | { readonly state: 'succeeded'; readonly result: JobResult | DatasetResult | CollectionResult }
  | { readonly state: 'failed'; readonly failure: ErrorRecord }
  | { readonly state: 'cancelled' };

/** A coordinator's hold on a job. */
export interface JobClaim {
  readonly job: QueuedJob;
  readonly epoch: number;
  /** Whether one who claimed it before may not know yet that it has lost the job. */
  readonly mayOverlap?: boolean;
  /** Aborts when somebody asked to cancel the job, or when the claim was lost: stop working on it. */
  readonly stop: AbortSignal;
  /** Whether nobody else has the job by now: looks where a later claim would be seen first. */
  isHeld(): boolean;
}

/** Newest first. */
export interface JobPage {
  readonly jobs: readonly QueuedJob[];
  /** Undefined after the last page. */
  readonly next?: string;
}

/** Which jobs a listing holds. */
export interface JobFilter {
  /** All principals where absent. */
  readonly principal?: string;
  /** All states where absent. */
  readonly states?: readonly QueueState[];
  /** Submitted then or later, milliseconds since 1970; whenever where absent. */
  readonly sinceMs?: number;
  /** A page has fewer where their specs are long. */
  readonly pageSize: number;
  /** `next` of the page before. */
  readonly after?: string;
}

/**
 * Where jobs wait, and who works on which: one port for the queue inside this process and for Redis. What is
 * returned has happened and survives the death of the process.
 */
export interface JobQueue {
  /**
   * Adds a job, or finds the one that the same request added before.
   * @throws already-exists where that one has another spec; over-limit where the principal's jobs take too much room
   */
  submit(submission: JobSubmission): Promise<{ readonly job: QueuedJob; readonly existed: boolean }>;
  get(id: string): Promise<QueuedJob | undefined>;
  list(filter: JobFilter): Promise<JobPage>;
  /** Jobs of a principal that have not ended. */
  countOpen(principal: string): Promise<number>;
  /** A job that waits is cancelled at once, a claimed one by its claimer, a finished one stays as it is. */
  requestCancel(id: string): Promise<QueuedJob | undefined>;
  /**
   * Waits for a job: the highest priority first, then the oldest; those that were given back come before others of their
   * priority or by their age. Undefined after `signal` aborts.
   */
  claim(signal: AbortSignal): Promise<JobClaim | undefined>;
  /**
   * The job is planned: if the claimer dies from here on, it is not the plan that killed it. A job whose claimers died
   * {@link MAX_PLANNING_DEATHS} times before this is set aside, state `quarantined`.
   */
  planned(claim: JobClaim): Promise<void>;
  /** Puts a quarantined job back into the queue; any other stays as it is. */
  readmit(id: string): Promise<QueuedJob | undefined>;
  /** Puts a job that failed or was cancelled back into the queue, as if it had just been submitted; any other stays. */
  retry(id: string): Promise<QueuedJob | undefined>;
  /**
   * Forgets a job that has ended, whose request may be submitted anew then; one that is open stays as it is.
   * @returns the job as it was, undefined where there is none
   */
  remove(id: string): Promise<QueuedJob | undefined>;
  /**
   * Ends a claim. A job that failed for a cause that may pass waits for its next attempt instead, as long as it has one.
   * @returns the job as it is now; undefined, without effect, where the claim was lost
   */
  finish(claim: JobClaim, outcome: JobOutcome): Promise<QueuedJob | undefined>;
  /** Gives a claim back unfinished; the attempt does not count. */
  release(claim: JobClaim): Promise<void>;
  /** How coordinators of this queue hear of each other's jobs; absent where there is only one. */
  readonly relay?: JobRelay;
  /** Calls back when the queue cannot be used, and when it can again; absent where it always can. */
  watchHealth?(listener: (healthy: boolean) => void): void;
  /** Calls back with jobs that this queue has ended or set aside itself, since their claimers died. */
  watchGivenUp?(listener: (job: QueuedJob) => void): void;
  close(): Promise<void>;
}
