import { z } from 'zod';
import { HalotileError } from '../errors.js';

/** An owner as it stands beside an unfinished output; both are the coordinator's names. */
export const outputOwnerSchema = z.object({ principal: z.string(), job: z.string() });
/** For whom a coordinator began an output, and by which job. */
export type OutputOwner = Readonly<z.output<typeof outputOwnerSchema>>;

/**
 * Whose an unfinished output is: undefined where what is there belongs to no job, null where the job that began it ran
 * without a coordinator.
 */
export type FoundOwner = OutputOwner | null | undefined;

/** Which unfinished outputs may be discarded: whatever is there, or what the own principal's jobs began. */
export type Restart = 'any' | 'own';

/**
 * Whether a job that asked to begin anew discards what it finds. What it began itself it continues, so that a later
 * attempt at it keeps the finished tiles.
 * @param by the job that asks; absent where it runs without a coordinator
 * @throws not-allowed where what is there is somebody else's
 */
export function isDiscarded(
  restart: Restart | undefined,
  { found, by, file }: { readonly found: FoundOwner; readonly by?: OutputOwner; readonly file: string },
): boolean {
  if (restart === undefined) return false;
  if (by !== undefined && found?.job === by.job) return false;
  checkDiscard(restart, { found, principal: by?.principal, file });
  return true;
}

/** @throws not-allowed where only others may discard what is there */
export function checkDiscard(
  restart: Restart,
  { found, principal, file }: { readonly found: FoundOwner; readonly principal?: string; readonly file: string },
): void {
  if (restart === 'any' || found === undefined || (found !== null && found.principal === principal)) return;
  throw new HalotileError('not-allowed', {
    what: 'the unfinished output there was begun by somebody else',
    file,
    expected: 'one of your own jobs',
    remedy: 'choose another output, or ask an admin to discard it',
  });
}
