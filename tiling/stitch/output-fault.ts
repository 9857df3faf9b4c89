import { HalotileError } from '../errors.js';
import { isSystemFault, systemWords } from '../system-fault.js';

/** What the system said while an output was written, as one sentence; all other errors stay what they are. */
export function outputFault(cause: unknown, path: string): unknown {
  if (cause instanceof HalotileError || !isSystemFault(cause)) return cause;
  const full = cause.code === 'ENOSPC' || cause.code === 'EDQUOT';
  return new HalotileError(
    'output-failed',
    {
      what: full ? 'the disk is full' : `writing failed: ${systemWords(cause)}`,
      file: path,
      remedy: `${full ? 'make room' : 'correct that'}, then run the same command again to continue`,
    },
    { cause },
  );
}
