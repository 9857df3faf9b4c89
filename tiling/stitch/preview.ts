import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { decodeBlock } from '../codecs/decode-block.js';
import { asShown, rgbByFormula } from '../colours/to-rgb.js';
import { badInput } from '../errors.js';
import { cellRect, gridOf } from '../geometry/grid.js';
import type { Rect, Size } from '../geometry/rect.js';
import { filterStage } from '../plan/levels.js';
import { type OutputShape, storedBlockLayout, storedPhotometric } from '../plan/output-shape.js';
import { areBlocksOf } from '../plan/tile-blocks.js';
import { INTEGER_MAX, SAMPLE_BYTES, type Samples, viewSamples } from '../raster/dtype.js';
import { alphaChannel, colourChannels } from '../raster/extra-samples.js';
import type { RasterInfo } from '../raster/raster-info.js';
import { inspectFile } from '../sources/inspect.js';
import { RasterReader } from '../sources/raster-reader.js';
import { openTiffSource } from '../sources/tiff-file-source.js';
import { readFully } from './copy-blocks.js';
import { type PartialPaths, readPartialJob } from './partial.js';
import { type CommittedTile, readTiles } from './tile-ledger.js';

/** A picture of an output, finished or not: interleaved uint8, 1, 3 or 4 channels. */
export interface Preview extends Size {
  readonly channels: 1 | 3 | 4;
  readonly pixels: Uint8Array;
  /** Share of level 0 that is finished, 0 to 1. */
  readonly finishedShare: number;
}

/** What stands where nothing is finished yet, or no data is. */
const BLANK = 96;
/**
 * Bytes of a finished file that are read at once: a report makes many pictures one after the other, and what each leaves
 * behind is collected late.
 */
const STRIPE_BYTES = 1 << 20;

/**
 * A picture of what an unfinished job has committed so far, at most `maxSide` pixels a side; unfinished tiles
 * are grey. Only reads; the job may be running.
 * @throws bad-input where the directory holds no job
 */
export async function previewPartial(paths: PartialPaths, maxSide: number): Promise<Preview> {
  const job = readPartialJob(paths);
  if (job?.shape === undefined) {
    throw badInput({ what: 'no unfinished job is here', file: paths.directory, expected: 'an OUT.partial directory' });
  }
  const { shape } = job;
  const filter = shape.stages.findIndex(({ kind }) => kind === 'filter');
  const tiles = readTiles(paths.directory).tiles.filter((tile) => tile.stage === filter && areBlocksOf(shape, tile));
  const level = previewLevel(shape, maxSide);
  const picture = new SampledPicture({ ...shape.output, ...shape.levels[level]! }, maxSide);
  const { across, down } = filterStage(shape);
  for (const tile of tiles) await addTile(picture, paths, shape, level, tile);
  return picture.finish(tiles.length / (across * down));
}

/** A picture of a finished TIFF file, at most `maxSide` pixels a side, from its best fitting overview. */
export async function previewFile(path: string, maxSide: number): Promise<Preview> {
  const main = openTiffSource(path);
  const { info } = main;
  main.close();
  const { tiff } = await inspectFile(path);
  const fitting = (tiff?.directories ?? [])
    .filter(({ role, width, height }) => role === 'overview' && Math.max(width, height) >= maxSide)
    .sort((a, b) => a.width - b.width)[0];
  let source = openTiffSource(path, { directory: fitting?.index, blocksChecked: true });
  if (source.info.channels !== info.channels) {
    // Overviews of channels that are images of their own.
    source.close();
    source = openTiffSource(path, { blocksChecked: true });
  }
  try {
    const { width, height } = source.info;
    const picture = new SampledPicture({ ...info, width, height }, maxSide);
    const bytesPerRow = width * info.channels * SAMPLE_BYTES[info.dtype];
    const reader = new RasterReader(source, null, () => 0);
    const rows = Math.max(1, Math.floor(STRIPE_BYTES / bytesPerRow));
    const stripe = source.layout.blockHeight * Math.ceil(rows / source.layout.blockHeight);
    const bytes = new Uint8Array(Math.min(stripe, height) * bytesPerRow);
    for (let y = 0; y < height; y += stripe) {
      const rect = { x: 0, y, width, height: Math.min(stripe, height - y) };
      await reader.read(rect, bytes, bytesPerRow);
      picture.add(rect, width, bytes);
    }
    return picture.finish(1);
  } finally {
    source.close();
  }
}

async function addTile(
  picture: SampledPicture,
  paths: PartialPaths,
  shape: OutputShape,
  level: number,
  { part, blocks }: CommittedTile,
): Promise<void> {
  const grid = gridOf(shape.levels[level]!, { width: shape.block, height: shape.block });
  const layout = storedBlockLayout(shape, grid);
  const fd = openSync(part === '' ? paths.image : join(paths.directory, part), 'r');
  try {
    for (const block of blocks) {
      if (block.level !== level) continue;
      const encoded = new Uint8Array(block.length);
      readFully(fd, encoded, block.offset);
      const context = { storedPhotometric: storedPhotometric(shape) };
      const decoded = await decodeBlock(encoded, layout, context, shape.output, { file: part, block: block.index });
      picture.add(cellRect(grid, block.index), shape.block, decoded);
    }
  } finally {
    closeSync(fd);
  }
}

/** The smallest level that the first stage writes and that is no smaller than the picture. */
function previewLevel(shape: OutputShape, maxSide: number): number {
  const { levels } = shape;
  const written = filterStage(shape).levels;
  const large = written.filter((level) => Math.max(levels[level]!.width, levels[level]!.height) >= maxSide);
  return large.at(-1) ?? 0;
}

type LevelType = Pick<
  RasterInfo,
  'width' | 'height' | 'channels' | 'dtype' | 'photometric' | 'nodata' | 'alpha' | 'extraSamples' | 'carried'
>;

/** A picture that takes its pixels from the nearest samples of one level. */
class SampledPicture {
  readonly #stored: LevelType;
  /** As it is shown. */
  readonly #level: LevelType;
  readonly #size: Size;
  readonly #values: Float64Array;

  constructor(level: LevelType, maxSide: number) {
    this.#stored = level;
    this.#level = asShown(level);
    const { width, height } = level;
    const scale = Math.min(1, maxSide / Math.max(width, height));
    this.#size = { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
    this.#values = new Float64Array(this.#size.width * this.#size.height * this.#level.channels).fill(Number.NaN);
  }

  /** Takes the samples of one rect of the level, whose rows are `rowPixels` apart. */
  add(rect: Rect, rowPixels: number, bytes: Uint8Array): void {
    const { dtype, channels } = this.#level;
    const aligned = bytes.byteOffset % SAMPLE_BYTES[dtype] === 0 ? bytes : bytes.slice();
    const count = aligned.byteLength / SAMPLE_BYTES[dtype];
    const samples: Samples = rgbByFormula(viewSamples(dtype, aligned.buffer, aligned.byteOffset, count), this.#stored);
    const { width, height } = this.#size;
    const columns = positions(rect.x, rect.width, this.#level.width, width);
    for (const [y, row] of positions(rect.y, rect.height, this.#level.height, height)) {
      for (const [x, column] of columns) {
        for (let c = 0; c < channels; c++) {
          this.#values[(y * width + x) * channels + c] = samples[(row * rowPixels + column) * channels + c]!;
        }
      }
    }
  }

  finish(finishedShare: number): Preview {
    const level = this.#level;
    const { dtype, channels } = level;
    const alpha = alphaChannel(level);
    // Three bands of other things than colours show best as if they were.
    const bands = alpha === undefined && level.photometric === 1 ? channels : colourChannels(level);
    const colours = bands >= 3 ? 3 : 1;
    const shown = alpha === undefined ? colours : 4;
    const count = this.#size.width * this.#size.height;
    const largest = dtype === 'float32' ? undefined : INTEGER_MAX[dtype];
    const { low, high } = dtype === 'uint8' ? { low: 0, high: 255 } : this.#colourRange(colours);
    const pixels = new Uint8Array(count * shown);
    for (let pixel = 0; pixel < count; pixel++) {
      const opacity = alpha === undefined ? 1 : this.#values[pixel * channels + alpha.channel]! / (largest ?? 1);
      for (let c = 0; c < Math.min(shown, 3); c++) {
        const stored = this.#sample(pixel, Math.min(c, colours - 1));
        const divided = alpha?.kind === 'associated' && opacity > 0 ? stored / opacity : stored;
        const share = (divided - low) / (high - low || 1);
        const value = level.photometric === 0 ? 1 - share : share;
        pixels[pixel * shown + c] = Number.isNaN(value) ? BLANK : 255 * Math.min(1, Math.max(0, value));
      }
      if (shown === 4) pixels[pixel * 4 + 3] = Number.isNaN(opacity) ? 255 : 255 * Math.min(1, Math.max(0, opacity));
    }
    return { ...this.#size, channels: shown, pixels, finishedShare };
  }

  /** A sample, NaN where none is: unfinished or nodata. */
  #sample(pixel: number, channel: number): number {
    const value = this.#values[pixel * this.#level.channels + channel]!;
    return value === this.#level.nodata?.[channel] ? Number.NaN : value;
  }

  /** What finite samples of the shown channels span. */
  #colourRange(colours: number): { low: number; high: number } {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (let pixel = 0; pixel < this.#size.width * this.#size.height; pixel++) {
      for (let c = 0; c < colours; c++) {
        const value = this.#sample(pixel, c);
        if (!Number.isFinite(value)) continue;
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
    }
    return { low, high };
  }
}

/** Pairs of picture position and position in the block, for the samples that a block holds. */
function positions(start: number, length: number, from: number, to: number): [number, number][] {
  const pairs: [number, number][] = [];
  for (let i = Math.max(0, Math.floor((start * to) / from) - 1); i < to; i++) {
    const source = Math.floor(((i + 0.5) * from) / to);
    if (source >= start + length) break;
    if (source >= start) pairs.push([i, source - start]);
  }
  return pairs;
}
