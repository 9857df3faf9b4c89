import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { HalotileError } from '../../tiling/errors.js';
import { outputPlace } from '../../tiling/stitch/output-file.js';
import { checkDiscard, type Restart } from '../../tiling/stitch/output-owner.js';
import { openPartial, partialOwner, partialPaths, removePartial } from '../../tiling/stitch/partial.js';
import { JobLock } from '../job/job-lock.js';
import { outputState, removeOutputState, stateOwner } from '../job/output-state.js';

/**
 * Removes what unfinished jobs left of an output, of one image or of a folder of many; the output stays.
 * @param may of `principal`
 * @throws not-found, not-allowed, partial-conflict
 */
export async function discardOutput(output: string, may: { restart: Restart; principal: string }): Promise<void> {
  const isFolder = statSync(output, { throwIfNoEntry: false })?.isDirectory() === true;
  const place = isFolder ? resolve(output) : outputPlace(output);
  const paths = partialPaths(place);
  const { restart, principal } = may;
  const left = [
    {
      directory: paths.directory,
      owner: () => partialOwner(paths),
      remove: async () => {
        openPartial(paths);
        await removePartial(paths);
      },
    },
    { directory: outputState(place), owner: () => stateOwner(place), remove: () => removeOutputState(place) },
  ].filter(({ directory }) => existsSync(directory));
  if (left.length === 0) {
    throw new HalotileError('not-found', { what: 'nothing unfinished lies there', file: output });
  }
  const lock = await JobLock.acquire(place);
  try {
    for (const { owner } of left) checkDiscard(restart, { found: owner(), principal, file: output });
    for (const { remove } of left) await remove();
  } finally {
    await lock.release();
  }
}
