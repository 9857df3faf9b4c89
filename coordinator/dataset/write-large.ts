import { existsSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Rgb } from '../../tiling/palette/remap.js';
import { publishFile } from '../../tiling/stitch/output-file.js';
import { jobDigest } from '../../tiling/stitch/partial.js';
import { outputFailed } from '../output-place.js';
import { type BandedFrame, writeBanded } from './banded-frame.js';
import type { RunningCharacter } from './running-character.js';

/** A written image, and where its pixels before the palette lie. */
export interface WrittenLarge extends BandedFrame {
  /** Of the output. */
  readonly bytes: number;
}

/**
 * Writes an image that is large at its final size in the colours of a palette: by bands as one PNG, and unless PNG is
 * wanted from there as a tiled BigTIFF. The output appears whole; what lies between survives a death until the
 * character is done.
 */
export async function writeLarge(
  running: RunningCharacter,
  index: number,
  { palette, target }: { readonly palette: readonly Rgb[]; readonly target: readonly Rgb[] | null },
): Promise<WrittenLarge> {
  const { context, place } = running;
  const raster = await running.raster(index);
  const frame = { raster, size: running.finalSize(raster) };
  const output = running.outputOf(index);
  const key = jobDigest({ palette, target, output, print: running.printOf(index), size: frame.size }).slice(0, 24);
  const colours = { palette, target, large: running.table.large(index)! };
  const bandsIn = (png: string) =>
    writeBanded(frame, colours, { folder: join(place.images, `${index}.bands`), output: png }, context);
  if (context.job.largeFormat === 'png') return { ...frame, bytes: await bandsIn(output) };
  const [picture, tiff] = ['png', 'tif'].map((ending) => join(place.images, `${key}.${ending}`)) as [string, string];
  if (!existsSync(tiff)) {
    if (!existsSync(picture)) await bandsIn(picture);
    await context.large.pyramid(basename(output), picture, tiff);
  }
  try {
    publishFile(tiff, output);
  } catch (cause) {
    const what = `the image cannot be put in its place (${(cause as NodeJS.ErrnoException).code ?? cause})`;
    throw outputFailed({ what, where: output, remedy: 'free space or check permissions' }, cause);
  }
  rmSync(picture);
  // Of an earlier run with other options.
  rmSync(output.replace(/\.tif$/, '.png'), { force: true });
  return { ...frame, bytes: statSync(output).size };
}
