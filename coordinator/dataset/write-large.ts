import { createReadStream, createWriteStream, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { badInput } from '../../tiling/errors.js';
import { area } from '../../tiling/geometry/rect.js';
import { bandsOf } from '../../tiling/palette/bands.js';
import { bandsHead, bandsTail } from '../../tiling/palette/png-bands.js';
import { openTiffSource } from '../../tiling/sources/tiff-file-source.js';
import { outputFault } from '../../tiling/stitch/output-fault.js';
import { jobDigest } from '../../tiling/stitch/partial.js';
import { moveInto } from '../../tiling/stitch/publish.js';
import { temporaryOf } from '../../tiling/stitch/temporary-name.js';
import type { BandValue } from '../../tiling/work/band.js';
import type { FrameColours } from '../../tiling/work/frames.js';
import { findingOf } from './dataset-context.js';
import type { RunningCharacter } from './running-character.js';

/** A PNG's sides have 31 bits, but readers have less patience. */
const MAX_PNG_PIXELS = 2 ** 40;

/**
 * Writes an image that is large at its final size in the colours of a palette: as a tiled BigTIFF, or where PNG is
 * wanted as one made of that by bands. The output appears whole, what lies between survives a death until the
 * character is done. Returns the bytes of the output.
 */
export async function writeLarge(running: RunningCharacter, index: number, colours: FrameColours): Promise<number> {
  const { context, place } = running;
  const { size } = context.making;
  const frame = running.frame(index);
  const output = running.outputOf(index);
  if (context.job.largeFormat === 'tif') {
    await context.large.write(frame, output, { size, colours, overviews: true });
    // Of an earlier run with other options.
    rmSync(output.replace(/\.tif$/, '.png'), { force: true });
    return statSync(output).size;
  }
  const key = jobDigest({ colours, output, print: running.printOf(index), size }).slice(0, 24);
  const picture = join(place.images, `${key}.tif`);
  mkdirSync(place.images, { recursive: true });
  if (statSync(picture, { throwIfNoEntry: false }) === undefined) {
    await context.large.write(frame, picture, { size, colours, overviews: false });
  }
  await writePng(running, index, { picture, output }, colours);
  rmSync(picture);
  return statSync(output).size;
}

/** Makes one PNG of a finished picture: bands are compressed on all threads into files, then joined. */
async function writePng(
  { context, place, table }: RunningCharacter,
  index: number,
  { picture, output }: { readonly picture: string; readonly output: string },
  { palette, target }: FrameColours,
): Promise<void> {
  const source = openTiffSource(picture, { blocksChecked: true });
  source.close();
  const { info, layout } = source;
  const size = { width: info.width, height: info.height };
  if (area(size) > MAX_PNG_PIXELS) {
    throw badInput({ what: `${size.width}×${size.height} pixels`, file: output, remedy: 'give a smaller size' });
  }
  const { transparent, translucent } = table.large(index)!;
  const used = target ?? palette;
  const indexed = !translucent && used.length + (transparent ? 1 : 0) <= 256 ? used : null;
  const bands = bandsOf(size, { height: info.height, blockHeight: layout.blockHeight });
  const folder = join(place.images, `${index}.bands`);
  mkdirSync(folder, { recursive: true });
  const pieceOf = (band: number) => join(folder, `${band}.idat`);
  const pieces: BandValue[] = [];
  await context.gate.each(bands.entries(), async ([band, rows]) => {
    const raster = { form: 'raster', path: picture } as const;
    pieces[band] = await findingOf(context, 'band', { raster, size, ...rows, palette: indexed, output: pieceOf(band) });
  });
  const head = bandsHead({ size, palette: indexed, transparent });
  try {
    const temporary = temporaryOf(output);
    await pipeline(joined(head, bands.length, pieceOf, bandsTail(pieces)), createWriteStream(temporary));
    moveInto(temporary, output);
  } catch (error) {
    throw outputFault(error, output);
  }
  rmSync(folder, { recursive: true, force: true });
}

async function* joined(head: Buffer, bands: number, pieceOf: (band: number) => string, tail: Buffer) {
  yield head;
  for (let band = 0; band < bands; band++) yield* createReadStream(pieceOf(band));
  yield tail;
}
