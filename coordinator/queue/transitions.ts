import { ERROR_TABLE } from '../../tiling/error-table.js';
import type { ErrorRecord } from '../../tiling/errors.js';
import {
  type JobOutcome,
  type JobSubmission,
  MAX_PLANNING_DEATHS,
  type QueuedJob,
  type QueueState,
} from './job-queue.js';

/**
 * What may become of a job in a queue, as functions of its record: both queues store what these return, so that they
 * cannot disagree. None looks at a clock or a store.
 */

const MAX_BACKOFF_MS = 3600_000;

/** Whether a job in this state may still change. */
export function isOpen(state: QueueState): boolean {
  return state === 'queued' || state === 'claimed' || state === 'quarantined';
}

/** A job as it is when it was submitted. */
export function submitted(submission: JobSubmission, { id, nowMs }: { readonly id: string; readonly nowMs: number }) {
  const { requestId, principal, roots, spec, priority, maxAttempts, backoffMs, restart, verifyEvery, traceparent } =
    submission;
  return {
    ...{ requestId, principal, roots, spec, priority, maxAttempts, backoffMs, restart, verifyEvery, traceparent },
    ...{ id, state: 'queued', submittedMs: nowMs },
    ...{ attempt: 0, epoch: 0, cancelRequested: false, planned: false, planningDeaths: 0 },
  } satisfies QueuedJob as QueuedJob;
}

/** A queued job in the hands of a claimer. */
export function claimed(
  job: QueuedJob,
  { epoch, nowMs }: { readonly epoch: number; readonly nowMs: number },
): QueuedJob {
  const startedMs = job.startedMs ?? nowMs;
  const fresh = { startedMs, planned: false, notBeforeMs: undefined, failure: undefined };
  return { ...job, ...fresh, state: 'claimed', epoch, attempt: job.attempt + 1 };
}

/** A claimed job whose claimer is dead: it waits again, unless it was to be cancelled or has died too often. */
export function takenBack(job: QueuedJob, nowMs: number): QueuedJob {
  const planningDeaths = job.planningDeaths + (job.planned ? 0 : 1);
  if (job.cancelRequested) return { ...job, state: 'cancelled', finishedMs: nowMs };
  if (job.attempt >= job.maxAttempts) {
    const what = `the coordinator died ${job.attempt} times while it ran this job`;
    return { ...job, state: 'failed', failure: interrupted(what, job), finishedMs: nowMs };
  }
  if (planningDeaths < MAX_PLANNING_DEATHS) return { ...job, state: 'queued', planningDeaths };
  const what = `the coordinator died ${planningDeaths} times while it planned this job`;
  const failure = interrupted(what, job, 'cancel it, or have an admin release it');
  return { ...job, state: 'quarantined', planningDeaths, failure };
}

/** A claimed job that was given back; its attempt does not count. */
export function released(job: QueuedJob): QueuedJob {
  return { ...job, state: 'queued', attempt: job.attempt - 1 };
}

/** A job that somebody asked to cancel: one that nobody holds ends, a claimed one is left to its claimer. */
export function cancelAsked(job: QueuedJob, nowMs: number): QueuedJob {
  if (!isOpen(job.state)) return job;
  if (job.state !== 'claimed') return { ...job, state: 'cancelled', failure: undefined, finishedMs: nowMs };
  return job.cancelRequested ? job : { ...job, cancelRequested: true };
}

/** A quarantined job that waits again; any other as it is. */
export function readmitted(job: QueuedJob): QueuedJob {
  if (job.state !== 'quarantined') return job;
  return { ...job, state: 'queued', planningDeaths: 0, failure: undefined };
}

/** A job that failed or was cancelled, as if it had just been submitted, under claims that go on counting; any other as it is. */
export function retried(job: QueuedJob): QueuedJob {
  if (job.state !== 'failed' && job.state !== 'cancelled') return job;
  return { ...submitted(job, { id: job.id, nowMs: job.submittedMs }), epoch: job.epoch };
}

/** A claimed job whose claim has ended: it is over, or waits to be tried again where what it failed by may pass. */
export function ended(job: QueuedJob, outcome: JobOutcome, nowMs: number): QueuedJob {
  if (outcome.state === 'failed' && !job.cancelRequested && job.attempt < job.maxAttempts) {
    const { failure } = outcome;
    const waitMs = mayPass(failure) ? backoffMs(job) : 0;
    if (waitMs > 0) return { ...job, state: 'queued', failure, notBeforeMs: nowMs + waitMs };
  }
  return { ...job, ...outcome, finishedMs: nowMs };
}

/** Storage or a service that was away: what the job reads is not at fault, and another attempt may find it back. */
function mayPass({ tag }: ErrorRecord): boolean {
  return ERROR_TABLE[tag].grpc === 'UNAVAILABLE';
}

/** After the first attempt as submitted, doubled after each further one, up to an hour. */
function backoffMs({ backoffMs: firstMs = 0, attempt }: QueuedJob): number {
  return Math.min(MAX_BACKOFF_MS, firstMs * 2 ** (attempt - 1));
}

function interrupted(what: string, { id }: QueuedJob, remedy?: string): ErrorRecord {
  return { tag: 'interrupted', detail: { what, job: id, ...(remedy && { remedy }) } };
}
