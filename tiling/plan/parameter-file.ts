import { readFileSync, statSync } from 'node:fs';
import { badInput, HalotileError } from '../errors.js';

/** What the masks and tables of one job may hold together: it becomes part of the plan, which goes to every worker. */
const MAX_PARAMETER_FILE_BYTES = 8 << 20;

/**
 * A reader that refuses what makes the files of one job too large together; a file counts for each operation that reads
 * it.
 */
export function limitedReader(reader: (path: string) => Uint8Array): (path: string) => Uint8Array {
  let total = 0;
  return (path) => {
    const bytes = reader(path);
    total += bytes.length;
    if (total <= MAX_PARAMETER_FILE_BYTES) return bytes;
    throw new HalotileError('over-limit', {
      what: `the files that operations name hold ${total} bytes or more`,
      file: path,
      expected: `at most ${MAX_PARAMETER_FILE_BYTES >> 20} MiB in one job`,
      remedy: 'use smaller masks and tables, or several jobs',
    });
  };
}

/**
 * Bytes of a file that a parameter names.
 * @throws bad-input where it is none, or too large for a mask or a table
 */
export function readParameterFile(path: string, maxBytes = MAX_PARAMETER_FILE_BYTES): Uint8Array {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isFile() && stat.size <= maxBytes) return readFileSync(path);
  throw badInput({
    what: stat === undefined ? 'there is no such file' : 'it is not a file of a usable size',
    file: path,
    expected: `a file of at most ${maxBytes >> 20} MiB`,
  });
}
