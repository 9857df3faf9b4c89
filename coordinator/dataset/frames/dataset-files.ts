import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { breathing } from '../../../tiling/breath.js';
import type { DatasetSpec } from '../../../tiling/job/dataset-spec.js';
import { WrittenFiles } from '../../../tiling/stitch/overwrites.js';
import { type Dataset, framesOf } from './dataset.js';
import { paletteFiles, REPORT_FILES } from './frame-list.js';

/**
 * Refuses a dataset job that writes over one of its images or maps or of the `others` that it reads, or has an image in
 * its output folder: the next run would take outputs for images.
 * @throws HalotileError bad-usage
 */
export async function refuseFrameOverwrites(
  dataset: Dataset,
  { output, palette }: Pick<DatasetSpec, 'output' | 'palette'>,
  others: readonly string[],
): Promise<void> {
  if (!existsSync(output)) return;
  const folders = [output, ...Array.from(dataset.characters, ({ name }) => join(output, name))];
  const written = await WrittenFiles.ofMany({
    files: () => outputsOf(dataset, output, paletteFiles(palette)),
    folders,
  });
  for await (const { path, map } of breathing(framesOf(dataset))) {
    written.refuse(path);
    if (map !== undefined) written.refuse(map);
  }
  for (const file of others) written.refuseSame(file);
}

/** Every file that the job may write; whether an image is written as PNG or as TIFF its size will tell. */
function* outputsOf({ characters }: Dataset, output: string, ofPalette: readonly string[]): Generator<string> {
  for (const file of REPORT_FILES) yield join(output, file);
  for (const { name, frames } of characters) {
    for (const file of ofPalette) yield join(output, name, file);
    for (let index = 0; index < frames.length; index++) {
      const path = join(output, name, frames.stemOf(index));
      yield `${path}.png`;
      yield `${path}.tif`;
    }
  }
}
