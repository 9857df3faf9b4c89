import type { JobFilter, QueuedJob } from './job-queue.js';

/** What a listing asks of a job; records without what it does are enough. */
type Listed = Pick<QueuedJob, 'principal' | 'state' | 'submittedMs'>;

/**
 * How much earlier than the job before it one may seem to be submitted, since clocks of coordinators differ: a listing
 * by time reads so much further, and no more.
 */
const CLOCK_SLACK_MS = 24 * 3600_000;

/** Specs of one page, as JSON, come to no more, unless its first job alone does. */
export const MAX_PAGE_BYTES = 1 << 20;

/** Whether a listing holds a job. */
export function isListed(job: Listed, { principal, states, sinceMs }: JobFilter): boolean {
  return (
    (principal === undefined || job.principal === principal) &&
    (states === undefined || states.includes(job.state)) &&
    (sinceMs === undefined || job.submittedMs >= sinceMs)
  );
}

/** Whether no job that was submitted before this one can be in a listing. */
export function isLastListed({ submittedMs }: Listed, { sinceMs }: JobFilter): boolean {
  return sinceMs !== undefined && submittedMs < sinceMs - CLOCK_SLACK_MS;
}
