import { createReadStream, createWriteStream, mkdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { badInput } from '../../tiling/errors.js';
import type { Size } from '../../tiling/geometry/rect.js';
import { bandsOf } from '../../tiling/palette/bands.js';
import { ColourCounts } from '../../tiling/palette/colour-counts.js';
import type { FrameExecutor, RasterFile, RemappedBand } from '../../tiling/palette/frame-execution.js';
import { bandsHead, bandsTail } from '../../tiling/palette/png-bands.js';
import type { Rgb } from '../../tiling/palette/remap.js';
import { openTiffSource } from '../../tiling/sources/tiff-file-source.js';
import { publishFile } from '../../tiling/stitch/output-file.js';
import { outputFailed } from '../output-place.js';
import type { LargeImage } from './frame-table.js';
import type { TaskGate } from './task-gate.js';

/** A PNG's sides have 31 bits, but readers have less patience. */
const MAX_PIXELS = 2 ** 40;

/** Who does the work on bands. */
export interface BandWork {
  readonly executor: FrameExecutor;
  readonly gate: TaskGate;
}

/** An image that is large at its final size. */
export interface BandedFrame {
  readonly raster: RasterFile;
  readonly size: Size;
}

/** What counting an image by bands gives. */
export interface BandedCounts {
  readonly counts: ColourCounts;
  readonly large: LargeImage;
  readonly bytesRead: number;
}

/**
 * Counts the colours of an image, band by band on all threads.
 * @throws HalotileError bad-input where it is damaged; the gate stays open
 */
export async function countBanded({ raster, size }: BandedFrame, { executor, gate }: BandWork): Promise<BandedCounts> {
  if (size.width * size.height > MAX_PIXELS) {
    throw badInput({ what: `${size.width}×${size.height} pixels`, where: raster.path, remedy: 'give a smaller size' });
  }
  let transparent = false;
  let translucent = false;
  let bytesRead = 0;
  let failure: unknown;
  const counts = new ColourCounts();
  await gate.each(bandsIn(raster, size), async (rows) => {
    if (failure !== undefined) return;
    try {
      const band = await executor.countBand({ raster, size, ...rows });
      counts.merge(ColourCounts.fromBytes(band.counts));
      transparent ||= band.hasTransparent;
      translucent ||= band.hasTranslucent;
      bytesRead += band.bytesRead;
    } catch (error) {
      failure = error;
    }
  });
  if (failure !== undefined) throw failure;
  return { counts, large: { banded: true, transparent, translucent }, bytesRead };
}

/** The colours that a banded frame is written in. */
export interface BandedColours {
  readonly palette: readonly Rgb[];
  readonly target: readonly Rgb[] | null;
  readonly large: LargeImage;
}

/**
 * Writes an image in the palette's colours as one PNG: bands are compressed on all threads into files beside
 * each other in `folder`, then joined. Returns the bytes of the output, which appears whole.
 */
export async function writeBanded(
  { raster, size }: BandedFrame,
  { palette, target, large }: BandedColours,
  places: { readonly folder: string; readonly output: string },
  { executor, gate }: BandWork,
): Promise<number> {
  const colours = target ?? palette;
  const indexed = !large.translucent && colours.length + (large.transparent ? 1 : 0) <= 256;
  const bands = bandsIn(raster, size);
  const pieces: RemappedBand[] = [];
  const pieceOf = (band: number) => join(places.folder, `${band}.idat`);
  mkdirSync(places.folder, { recursive: true });
  await gate.each(bands.entries(), async ([band, rows]) => {
    const output = pieceOf(band);
    pieces[band] = await executor.remapBand({ raster, size, ...rows, palette, target, indexed, output });
  });
  const temporary = join(dirname(places.output), `.${basename(places.output)}.part`);
  const head = bandsHead({ size, palette: indexed ? colours : null, transparent: large.transparent });
  try {
    await pipeline(joined(head, bands.length, pieceOf, bandsTail(pieces)), createWriteStream(temporary));
    publishFile(temporary, places.output);
  } catch (cause) {
    const what = `the frame cannot be written (${(cause as NodeJS.ErrnoException).code ?? cause})`;
    throw outputFailed({ what, where: places.output, remedy: 'free space or check permissions' }, cause);
  }
  rmSync(places.folder, { recursive: true, force: true });
  return statSync(places.output).size;
}

async function* joined(head: Buffer, bands: number, pieceOf: (band: number) => string, tail: Buffer) {
  yield head;
  for (let band = 0; band < bands; band++) yield* createReadStream(pieceOf(band));
  yield tail;
}

function bandsIn(raster: RasterFile, size: Size) {
  const source = openTiffSource(raster.path, { info: raster.info, blocksChecked: true });
  source.close();
  return bandsOf(size, { height: source.info.height, blockHeight: source.layout.blockHeight });
}
