import type { FieldViolation } from '../../proto/convert/job-spec.js';
import { attemptTerms } from '../queue/attempt-terms.js';
import type { Role } from './access.js';

const MAX_ATTEMPTS = 100;
const MAX_PRIORITY = 100;
const MAX_BACKOFF_SECONDS = 3600;

/** How a job is to be run, as far as every way to submit one says it. */
export interface SubmitTerms {
  readonly priority: number;
  readonly maxAttempts?: number | null;
  readonly backoffSeconds?: number | null;
}

/** What of it a caller may not ask for. */
export function termsViolations(terms: SubmitTerms, role: Role): FieldViolation[] {
  const { priority, backoffSeconds } = terms;
  const { maxAttempts } = attemptTerms(terms);
  const violations: FieldViolation[] = [];
  if (Math.abs(priority) > MAX_PRIORITY || (priority > 0 && role !== 'admin')) {
    violations.push({ field: 'priority', description: `-${MAX_PRIORITY} to ${MAX_PRIORITY}, above 0 for admins` });
  }
  if (maxAttempts < 1 || maxAttempts > MAX_ATTEMPTS) {
    violations.push({ field: 'max_attempts', description: `1 to ${MAX_ATTEMPTS}` });
  }
  if ((backoffSeconds ?? 0) > MAX_BACKOFF_SECONDS) {
    violations.push({ field: 'backoff_seconds', description: `0 to ${MAX_BACKOFF_SECONDS}` });
  }
  return violations;
}
