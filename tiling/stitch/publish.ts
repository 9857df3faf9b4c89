import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { breathing } from '../breath.js';
import { outputFault } from './output-fault.js';
import { publishFile } from './output-file.js';
import { temporaryOf } from './temporary-name.js';

/** Characters of a long text that are written in one call. */
const WRITTEN_AT_ONCE = 1 << 16;

/**
 * Writes a file under a temporary name beside it, then gives it its name: it is there whole or not at all. Parts are
 * written as they come.
 * @throws output-failed with what the system said
 */
export function writeWhole(path: string, content: string | Uint8Array | Iterable<string | Uint8Array>): void {
  const temporary = temporaryOf(path);
  const parts = typeof content === 'string' || content instanceof Uint8Array ? [content] : content;
  try {
    const fd = openSync(temporary, 'w');
    try {
      for (const part of parts) writeFileSync(fd, part);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    // A full disk leaves half of it.
    rmSync(temporary, { force: true });
    throw outputFault(error, path);
  }
  moveInto(temporary, path);
}

/** {@link writeWhole} of a long text, during which others of the thread have their turn. */
export async function writeGradually(path: string, parts: Iterable<string>): Promise<void> {
  const temporary = temporaryOf(path);
  let fd: number | undefined;
  try {
    fd = openSync(temporary, 'w');
    let text = '';
    for await (const part of breathing(parts)) {
      text += part;
      if (text.length < WRITTEN_AT_ONCE) continue;
      writeFileSync(fd, text);
      text = '';
    }
    writeFileSync(fd, text);
  } catch (error) {
    throw outputFault(error, path);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
  moveInto(temporary, path);
}

/**
 * Gives a finished file of the same file system its name, as {@link publishFile}.
 * @throws output-failed with what the system said
 */
export function moveInto(from: string, path: string): void {
  try {
    publishFile(from, path);
  } catch (error) {
    throw outputFault(error, path);
  }
}
