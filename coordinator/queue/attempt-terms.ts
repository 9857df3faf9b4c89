import type { JobSubmission } from './job-queue.js';

const DEFAULT_ATTEMPTS = 5;
const DEFAULT_BACKOFF_SECONDS = 10;

/** How often a job is tried and what it waits in between: as it was asked for, the usual where nothing was said. */
export function attemptTerms({
  maxAttempts,
  backoffSeconds,
}: {
  readonly maxAttempts?: number | null;
  readonly backoffSeconds?: number | null;
}): Pick<JobSubmission, 'maxAttempts' | 'backoffMs'> {
  return {
    maxAttempts: maxAttempts ?? DEFAULT_ATTEMPTS,
    backoffMs: (backoffSeconds ?? DEFAULT_BACKOFF_SECONDS) * 1000,
  };
}
