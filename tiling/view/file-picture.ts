import { setImmediate as turn } from 'node:timers/promises';
import { area, type Rect, rectOf, type Size } from '../geometry/rect.js';
import { openBytes } from '../places/open-bytes.js';
import { allocateSamples, bytesOf, SAMPLE_BYTES } from '../raster/dtype.js';
import type { RasterInfo } from '../raster/raster-info.js';
import { maxBlockBytes } from '../raster/stored-block.js';
import { SharedBlockCache } from '../sources/block-cache.js';
import { openRaster, type Wanted } from '../sources/open-raster.js';
import { RasterReader } from '../sources/raster-reader.js';
import { openTiffSource, type TiffFileSource } from '../sources/tiff-file-source.js';
import { parseHeader } from '../tiff/header.js';
import { classifyDirectories, partImages } from '../tiff/tiff-image.js';
import type { Picture, PictureSamples } from './picture.js';
import { SampledLevel } from './sampled-level.js';

/** A coarsest level larger than that gets a smaller one in memory. */
export const SAMPLED_SIDE = 2048;
/** Decoded blocks that each level keeps: a strip is as wide as the image and serves many squares. */
const CACHE_BYTES = 48 << 20;
/** Bytes that are read at once while a small level is made. */
const STRIPE_BYTES = 8 << 20;
const MAX_BLOCK_BYTES = 256 << 20;
const TILE_SIDE = 512;

interface OpenLevel extends Size {
  readonly source: TiffFileSource;
  readonly reader: RasterReader;
}

/**
 * A finished file, read by its own blocks and overviews. Where its coarsest level is large, a small one is made in
 * memory by and by: of what has not come, nothing is shown.
 */
export class FilePicture implements Picture {
  readonly info: RasterInfo;
  readonly levels: readonly Size[];
  readonly tileSide = TILE_SIDE;
  readonly #stored: readonly OpenLevel[];
  readonly #sampled: SampledLevel | undefined;
  #filled: Promise<void> | undefined;
  #closed = false;

  private constructor(stored: readonly OpenLevel[], sampled: SampledLevel | undefined) {
    this.info = stored[0]!.source.info;
    this.#stored = stored;
    this.#sampled = sampled;
    this.levels = [...stored, ...(sampled === undefined ? [] : [sampled.size])].map(({ width, height }) => ({
      width,
      height,
    }));
  }

  /**
   * Opens any image that jobs can read.
   * @param scratchDirectory where formats without random access are converted; the caller deletes it
   * @param wanted as the job reads the file
   * @throws bad-input where the file is damaged or of a kind that cannot be read
   */
  static async open(path: string, scratchDirectory: string, wanted: Wanted = {}): Promise<FilePicture> {
    const means = { scratchDirectory, maxBlockBytes: MAX_BLOCK_BYTES, cacheBytes: CACHE_BYTES };
    const main = await openRaster(path, means, wanted);
    const stored = [openLevel(main)];
    try {
      // Which overviews are those of a page is not looked for.
      if (main.name === path && wanted.page === undefined) {
        for (const directory of overviewsOf(path, main.info)) {
          const level = openLevel(openTiffSource(path, { directory, blocksChecked: true }));
          const { channels, dtype } = level.source.info;
          if (channels === main.info.channels && dtype === main.info.dtype) stored.push(level);
          else level.source.close();
        }
      }
      const last = stored.at(-1)!;
      const large = Math.max(last.width, last.height) > SAMPLED_SIDE * 1.5;
      const sampled = large ? new SampledLevel({ ...main.info, ...sizeOf(last) }, SAMPLED_SIDE) : undefined;
      return new FilePicture(stored, sampled);
    } catch (error) {
      for (const { source } of stored) source.close();
      throw error;
    }
  }

  /** Of a file without overviews it grows as its small level does. */
  get finishedShare(): number {
    return this.#sampled?.share ?? 1;
  }

  refresh(): void {}

  fill(): Promise<void> {
    const sampled = this.#sampled;
    // What cannot be read is said when it is asked for by itself.
    this.#filled ??=
      sampled === undefined ? Promise.resolve() : this.#fill(this.#stored.at(-1)!, sampled).catch(() => {});
    return this.#filled;
  }

  async read(level: number, rect: Rect): Promise<PictureSamples> {
    const stored = this.#stored[level];
    if (stored === undefined) return this.#sampled!.read(rect);
    const { channels, dtype } = this.info;
    const samples = allocateSamples(dtype, area(rect) * channels);
    await stored.reader.read(rect, bytesOf(samples), rect.width * channels * SAMPLE_BYTES[dtype]);
    return { samples };
  }

  close(): void {
    this.#closed = true;
    for (const { source } of this.#stored) source.close();
  }

  /** Rows by themselves where they can be read so, else stripes of whole blocks. */
  async #fill(from: OpenLevel, into: SampledLevel): Promise<void> {
    const { width, height, source } = from;
    const level = this.#stored.indexOf(from);
    const raw = source.readRaw !== undefined;
    const rowBytes = width * this.info.channels * SAMPLE_BYTES[this.info.dtype];
    const { blockHeight } = source.layout;
    const stripe = raw ? 1 : blockHeight * Math.max(1, Math.floor(STRIPE_BYTES / rowBytes / blockHeight));
    let next = 0;
    for (const row of into.rowsOf(from)) {
      if (row < next) continue;
      const y = row - (row % stripe);
      next = Math.min(height, y + stripe);
      const rect = { x: 0, y, width, height: next - y };
      const { samples } = await this.read(level, rect);
      into.add(samples, { rect, rowPixels: width, from });
      // Who asks for a tile meanwhile comes first.
      await turn();
      if (this.#closed) return;
    }
  }
}

function openLevel(source: TiffFileSource): OpenLevel {
  const { info, layout } = source;
  const slotBytes = maxBlockBytes(info, layout);
  const slots = Math.min(layout.across * layout.down, Math.floor(CACHE_BYTES / slotBytes));
  const cache = source.readRaw === undefined && slots > 0 ? new SharedBlockCache({ slots, slotBytes }) : null;
  return { ...sizeOf(info), source, reader: new RasterReader(source, cache, () => 0) };
}

/** The directories of smaller versions with the same samples, largest first. */
function overviewsOf(path: string, { width, height }: Size): number[] {
  const file = openBytes(path);
  try {
    const header = parseHeader(file);
    return [...classifyDirectories(header), ...partImages(file, header)]
      .filter((image) => image.role === 'overview' && image.width < width && image.height < height)
      .sort((a, b) => b.width - a.width)
      .map(({ directory }) => directory.index);
  } finally {
    file.close();
  }
}

function sizeOf({ width, height }: Size): Size {
  return { width, height };
}

/** The part of a level that shows a rect of the image, whole pixels. */
export function rectAtLevel(rect: Rect, image: Size, level: Size): Rect {
  const left = Math.min(level.width - 1, Math.floor((rect.x * level.width) / image.width));
  const top = Math.min(level.height - 1, Math.floor((rect.y * level.height) / image.height));
  const right = Math.max(left + 1, Math.ceil(((rect.x + rect.width) * level.width) / image.width));
  const bottom = Math.max(top + 1, Math.ceil(((rect.y + rect.height) * level.height) / image.height));
  const { width, height } = rectOf(level);
  return { x: left, y: top, width: Math.min(right, width) - left, height: Math.min(bottom, height) - top };
}
