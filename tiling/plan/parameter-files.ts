import { readFileSync, statSync } from 'node:fs';
import { badInput, HalotileError } from '../errors.js';
import type { JobSpec } from '../job/job-spec.js';
import { OPERATIONS } from '../operations/index.js';
import { resolveOperations } from './resolve-operations.js';

/** All files beside image and map that decide a job's pixels. */
export function operationFiles(spec: JobSpec): string[] {
  return [...extraPaths(spec), ...parameterFiles(spec)];
}

/** Paths of the images that a job reads beside its image and map, each once. */
export function extraPaths(spec: JobSpec): string[] {
  const named = resolveOperations(spec).flatMap(
    (operation) => OPERATIONS[operation.name]!.extraInputs?.(operation).map(({ path }) => path) ?? [],
  );
  return [...new Set(named)];
}

/**
 * Files that operations read while they are prepared, such as masks and tables.
 * @param reader gives the bytes of a path, or a stand-in for them, or refuses it by an error
 */
export function parameterFiles(spec: JobSpec, reader: (path: string) => Uint8Array = readParameterFile): string[] {
  const read: string[] = [];
  const limited = limitedReader(reader);
  const readFile = (path: string) => {
    // Named even where it cannot be read: whoever asked for names will say so.
    read.push(path);
    return limited(path);
  };
  // Names are all that is asked for: what a module is worth is checked elsewhere.
  const shapeOf = (_: Uint8Array, where: string) => {
    throw badInput({ what: 'the module is not checked here', where });
  };
  // What a file holds does not depend on the image, so any description of one serves to find the names.
  const image = {
    width: 1,
    height: 1,
    channels: 1,
    dtype: 'uint8',
    alpha: 'none',
    photometric: 1,
    carried: [],
  } as const;
  for (const operation of resolveOperations(spec)) {
    try {
      OPERATIONS[operation.name]!.prepare?.(operation, { image, mapMax: 0, readFile, shapeOf });
    } catch (error) {
      // What does not fit this made-up image is judged later, with the real one.
      if (!(error instanceof HalotileError)) throw error;
    }
  }
  return read;
}

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
      where: path,
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
    where: path,
    expected: `a file of at most ${maxBytes >> 20} MiB`,
  });
}
