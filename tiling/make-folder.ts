import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { HalotileError } from './errors.js';
import { systemWords } from './system-fault.js';

/**
 * Makes a folder and those above it where they are missing. `mkdirSync` with `recursive` never ends where the system
 * answers that a folder in an existing one cannot be found, as in /proc.
 * @param mode permissions of the folders that are made
 * @throws output-failed where it cannot be made, or a file is in its place
 */
export function makeFolder(path: string, mode = 0o777): void {
  checkFolderPlace(path);
  for (const folder of missingFolders(path).reverse()) {
    try {
      mkdirSync(folder, { mode });
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      // Somebody else may make the same one at the same time.
      if (code === 'EEXIST' && existsSync(folder)) continue;
      throw unmade(path, systemWords(cause), cause);
    }
  }
}

/** @throws output-failed where a file is in the place of the folder or of one above it */
export function checkFolderPlace(path: string): void {
  const first = missingFolders(path).at(-1);
  const there = first === undefined ? path : dirname(first);
  if (!statSync(there).isDirectory()) throw unmade(path, `${there === path ? 'it' : there} is a file`);
}

/** The folder and those above it that are not there, from below. */
export function missingFolders(path: string): string[] {
  const missing: string[] = [];
  for (let at = path; !existsSync(at); at = dirname(at)) missing.push(at);
  return missing;
}

function unmade(path: string, why: string, cause?: unknown): HalotileError {
  const what = `the folder cannot be made: ${why}`;
  return new HalotileError('output-failed', { what, file: path, remedy: 'name another folder' }, { cause });
}
