import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { outputFolderOf } from '../../tiling/job/output-format.js';
import { isUrl } from '../../tiling/places/url.js';
import { IMAGE_BATCH, IMAGE_BATCH_BYTES } from '../../tiling/work/images.js';
import { PackedRecords } from '../find/packed-records.js';
import { isBegun, runsOnProcessor, wholeImageBytes } from '../job/run-whole.js';
import type { SoundImage } from './check-pairs.js';
import type { CheckedCollection } from './checked-collection.js';
import type { CollectionRun } from './collection-run.js';

/** An image and its place among those of the job. */
export interface PlacedImage {
  readonly place: number;
  readonly image: SoundImage;
}

/**
 * The images that are to be run, in their order, as what is taken up at once: one that is a job by itself, or several
 * small ones that are one task. Those are read as whole files and written by a thread in one go, so that an image is by
 * itself where more than that is asked for: where an input or the output is remote, where it is a folder or a table,
 * where something is at the output's name, whose attributes are kept, or beside it, which is settled and told, where an
 * unfinished job is continued, and where the disk is waited for.
 */
export function* imageBatches(
  { job, executor, machine, durable }: CollectionRun,
  { home, sound, inputBytes, reused }: CheckedCollection,
): Generator<readonly PlacedImage[]> {
  const images = new PackedRecords<SoundImage>(sound);
  const limit = wholeImageBytes(machine);
  const small = inputBytes.reduce((count, each, place) => count + (each < limit && reused[place] === 0 ? 1 : 0), 0);
  // Fewer where there are few, so that all slots get some.
  const size = Math.min(IMAGE_BATCH, Math.ceil(small / (executor.slots * 2)));
  const isNear = besides(home);
  let batch: PlacedImage[] = [];
  let bytes = 0;
  for (const [place, more] of inputBytes.entries()) {
    if (reused[place] === 1) continue;
    const image = images.at(place);
    const { output } = image;
    const isSmall = more < limit && !isUrl(output) && outputFolderOf(output) === undefined && job.measure === undefined;
    if (durable || !isSmall || !runsOnProcessor(executor) || !isNear(dirname(output)) || isBegun(output)) {
      yield [{ place, image }];
      continue;
    }
    if (batch.length > 0 && (batch.length === size || bytes + more > IMAGE_BATCH_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push({ place, image });
    bytes += more;
  }
  if (batch.length > 0) yield batch;
}

/** Whether files of a folder that is there, or is still to be made, reach it from another one by a rename. */
function besides(home: string): (folder: string) => boolean {
  const { dev } = statSync(home);
  const known = new Map<string, boolean>();
  return (folder) => {
    let near = known.get(folder);
    if (near === undefined) {
      let there = folder;
      while (!existsSync(there)) there = dirname(there);
      near = statSync(there).dev === dev;
      known.set(folder, near);
    }
    return near;
  };
}
