import { HalotileError } from '../../tiling/errors.js';
import type { Restart } from '../../tiling/stitch/output-owner.js';
import type { FollowRunner } from '../follow/follow-runner.js';
import { attemptTerms } from '../queue/attempt-terms.js';
import type { JobQueue, QueuedJob } from '../queue/job-queue.js';
import { BadRequest } from '../service/caller-errors.js';
import type { JobEvents } from '../service/job-events.js';
import type { Owner } from '../service/places.js';
import type { PlanningThreads } from '../service/planning-threads.js';
import { termsViolations } from './submit-terms.js';

/** What a submission goes through. */
export interface SubmissionMeans {
  readonly queue: JobQueue;
  readonly events: JobEvents;
  /** Keeps what is to follow jobs. */
  readonly follows: Pick<FollowRunner, 'register'>;
  /** Checks what callers ask for. */
  readonly planning: PlanningThreads;
  /** Jobs that one principal may have open. */
  readonly maxOpenJobs: number;
}

/** For whom a job is submitted. */
export interface Submitter extends Owner {
  readonly role: 'client' | 'worker' | 'admin';
}

const MAX_REQUEST_ID = 128;

/**
 * Puts the job of a SubmitJobRequest into the queue, or finds the one that the same request put there before.
 * @param bytes the encoded message
 * @param traceparent the span of the submission
 * @throws BadRequest, already-exists, over-limit
 */
export async function submitJob(
  { queue, events, follows, planning, maxOpenJobs }: SubmissionMeans,
  bytes: Uint8Array,
  submitter: Submitter,
  traceparent?: string,
): Promise<{ readonly job: QueuedJob; readonly existed: boolean }> {
  const { principal, roots, role } = submitter;
  const { spec, follow, ...request } = await planning.submission(bytes, submitter);
  const { requestId = '', priority = 0, maxAttempts, backoffSeconds } = request;
  const violations = termsViolations({ priority, maxAttempts, backoffSeconds }, role);
  if (requestId === '' || requestId.length > MAX_REQUEST_ID) {
    violations.push({ field: 'request_id', description: `1 to ${MAX_REQUEST_ID} characters, a UUID for example` });
  }
  if (violations.length > 0) throw new BadRequest(violations);
  await refuseTooManyOpen({ queue, maxOpenJobs }, principal);
  const restart = request.restart ? discards(submitter) : undefined;
  const verifyEvery = request.verifyOneIn ? request.verifyOneIn : undefined;
  const attempts = attemptTerms({ maxAttempts, backoffSeconds });
  const submission = { requestId, principal, roots, spec, priority, ...attempts, restart, verifyEvery, traceparent };
  const { job, existed } = await queue.submit(submission);
  // Whoever repeats a call has had no answer: what follows may not have been noted.
  await follows.register({ jobId: job.id, principal, roots, ...follow });
  if (!existed) events.queueChanged(job.id, 'queued');
  return { job, existed };
}

/** @throws over-limit where a principal has as many open jobs as it may have */
export async function refuseTooManyOpen(
  { queue, maxOpenJobs }: Pick<SubmissionMeans, 'queue' | 'maxOpenJobs'>,
  principal: string,
): Promise<void> {
  if ((await queue.countOpen(principal)) < maxOpenJobs) return;
  throw new HalotileError('over-limit', {
    what: `${principal} has ${maxOpenJobs} open jobs`,
    remedy: 'wait for some to end, or cancel them',
  });
}

/** What somebody may discard of unfinished outputs. */
export function discards({ role }: Pick<Submitter, 'role'>): Restart {
  return role === 'admin' ? 'any' : 'own';
}
