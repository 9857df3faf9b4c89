import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { badUsage, HalotileError } from '../tiling/errors.js';

/**
 * Checks before any work that an output path can become a file: its directory exists and is writable, and it
 * is neither a directory nor one of the inputs.
 * @throws output-failed or bad-usage
 */
export function checkOutputPath(output: string, inputs: readonly string[]): void {
  const directory = dirname(output);
  if (!existsSync(directory)) {
    throw outputFailed({ what: 'the output directory does not exist', where: directory, remedy: 'create it first' });
  }
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw outputFailed({ what: 'the output directory is not writable', where: directory }, cause);
  }
  const existing = statSync(output, { throwIfNoEntry: false });
  if (existing?.isDirectory()) throw badUsage({ what: 'the output is a directory', where: output, expected: 'a file' });
  for (const input of inputs) {
    const stat = statSync(input, { throwIfNoEntry: false });
    if (stat === undefined || existing === undefined) continue;
    if (stat.ino === existing.ino && stat.dev === existing.dev) {
      throw badUsage({ what: 'the output is also an input', where: output, remedy: 'choose another output' });
    }
  }
}

/**
 * Checks that the file system of `output` has room.
 * @throws output-failed with both figures
 */
export function checkDiskSpace(output: string, neededBytes: number): void {
  const { bavail, bsize } = statfsSync(dirname(output));
  const available = bavail * bsize;
  if (neededBytes <= available) return;
  const mib = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`;
  throw outputFailed({
    what: `the output needs about ${mib(neededBytes)} and ${mib(available)} are free`,
    where: dirname(output),
    remedy: 'free some space or choose another disk; a stronger --compression needs less',
  });
}

/** Whatever the system said while an output was written, as one sentence. */
export function outputFailed(detail: ConstructorParameters<typeof HalotileError>[1], cause?: unknown): HalotileError {
  return new HalotileError('output-failed', detail, { cause });
}
