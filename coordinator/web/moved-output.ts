import { existsSync, statSync } from 'node:fs';
import { partialPaths } from '../../tiling/stitch/partial.js';
import type { PicturePlace } from './picture-thread.js';

/** Whether a picture is still where it was found: an unfinished output is gone as soon as it is finished. */
export function isThere({ path, unfinished }: PicturePlace): boolean {
  return !unfinished || existsSync(partialPaths(path).job);
}

/** The file that an unfinished output has become; undefined where it is none, as when it was discarded. */
export function finishedFile({ path }: PicturePlace): PicturePlace | undefined {
  const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  return isFile ? { path, unfinished: false } : undefined;
}
