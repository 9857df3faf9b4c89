import { basename, dirname, resolve } from 'node:path';
import { breathing } from '../../../tiling/breath.js';
import type { DatasetSpec } from '../../../tiling/job/dataset-spec.js';
import { type FoundImage, findImages } from '../../find/find-images.js';
import { type Dataset, DatasetCollector, type FrameEntry } from './dataset.js';

/** A dataset, and what lay among its frames. */
export interface FoundFrames extends Dataset {
  /** Files in folders that are no frames, by ending in lower case. */
  readonly passedOver: Readonly<Record<string, number>>;
}

/**
 * The dataset that a job's `frames` and `images` mean. A folder: each folder in it is a character with all frames
 * below it, and frames right in it are a character of the folder's own name; files that do not end as images do
 * are passed over. A pattern or a file: its character is the folder that the file lies in. A .csv, .yaml, .yml or
 * .json file: a manifest. Names that start with a dot are passed over.
 * @throws HalotileError bad-input where something is not there or nothing is found
 */
export async function findFrames({ frames, images }: Pick<DatasetSpec, 'frames' | 'images'>): Promise<FoundFrames> {
  const dataset = new DatasetCollector();
  const others = new Map<string, number>();
  for (const input of frames) {
    for await (const found of breathing(await findImages(input, others))) dataset.add(frameOf(found, input));
  }
  for (const { image, map, character, name } of images) {
    const entry = fileEntry(image);
    dataset.add({ ...entry, map, character: character ?? entry.character, name: name ?? entry.name });
  }
  const kinds = [...others].sort(([a], [b]) => (a < b ? -1 : 1));
  const seen = kinds.map(([ending, count]) => `${count} × ${ending || 'no ending'}`);
  const where = frames.join(' ') || 'images';
  return {
    ...dataset.finish(seen.length === 0 ? where : `${where} (${seen.join(', ')})`),
    passedOver: Object.fromEntries(kinds),
  };
}

function frameOf(found: FoundImage, input: string): FrameEntry {
  if (found.by === 'folder') {
    const { path, name } = found;
    const cut = name.indexOf('/');
    if (cut < 0) return { character: basename(resolve(input)), name, path };
    return { character: name.slice(0, cut), name: name.slice(cut + 1), path };
  }
  if (found.by !== 'manifest') return fileEntry(found.path);
  const { image, map, character = basename(dirname(image)) } = found.row;
  return { character, name: basename(image), path: image, ...(map !== undefined && { map }) };
}

function fileEntry(file: string): FrameEntry {
  const path = file.replace(/\/+$/, '');
  return { character: basename(dirname(resolve(path))), name: basename(path), path };
}
