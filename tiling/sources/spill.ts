import { closeSync, openSync, writeSync } from 'node:fs';
import type { Size } from '../geometry/rect.js';
import type { BlockSource } from '../raster/block-source.js';
import { type DType, SAMPLE_BYTES } from '../raster/dtype.js';
import type { RasterInfo } from '../raster/raster-info.js';
import { maxBlockBytes } from '../raster/stored-block.js';
import { TAG } from '../tiff/tags.js';
import { SharedBlockCache } from './block-cache.js';
import { RasterReader } from './raster-reader.js';
import { openScratchCopy, SCRATCH_BLOCK } from './scratch-file.js';
import type { TiffFileSource } from './tiff-file-source.js';

/** Rows of the whole width are held in at most this much memory. */
const BAND_BYTES = 32 << 20;
const MIN_TILE_HEIGHT = 16;

/**
 * Copies a raster once, in bands of rows, into an uncompressed tiled BigTIFF in `scratchDirectory` and opens that:
 * for wide striped compressed files, of which a cache would have to hold more rows than it can. Each block is
 * decoded about once; memory is one band and a strip or two. `source` stays open and the caller's.
 * @throws bad-input for a damaged block, output-failed or over-limit where the scratch folder cannot take it
 */
export function spillToTiles(source: TiffFileSource, scratchDirectory: string): Promise<TiffFileSource> {
  const { name: path, info, directory } = source;
  const request = { path, scratchDirectory, info, ...(directory !== undefined && { page: directory + 1 }) };
  return openScratchCopy(request, (target) => writeTiles(source, target));
}

/** What whole rows of an image become on their way into its copy. */
export interface RowConversion {
  /** Of the copy, whose size and type of samples are the image's. */
  readonly info: RasterInfo;
  readonly convert: (rows: Uint8Array, size: Size) => Promise<Uint8Array>;
  /** Decoded blocks that several bands need. */
  readonly cache: SharedBlockCache | null;
}

/** Copies a raster in bands of rows into an uncompressed tiled BigTIFF, see {@link spillToTiles}. */
export async function writeTiles(source: BlockSource, target: string, conversion?: RowConversion): Promise<void> {
  const { info: stored, layout } = source;
  const info = conversion?.info ?? stored;
  const storedRowBytes = stored.width * stored.channels * SAMPLE_BYTES[stored.dtype];
  const pixelBytes = info.channels * SAMPLE_BYTES[info.dtype];
  const rowBytes = info.width * pixelBytes;
  const tileHeight = tileHeightFor(Math.max(storedRowBytes, rowBytes));
  const across = Math.ceil(info.width / SCRATCH_BLOCK);
  const slots = 2 * (layout.planar ? stored.channels : 1);
  const cache =
    conversion === undefined
      ? new SharedBlockCache({ slots, slotBytes: maxBlockBytes(stored, layout) })
      : conversion.cache;
  const reader = new RasterReader(source, cache, () => 0);
  const read = new Uint8Array(Math.min(tileHeight, info.height) * storedRowBytes);
  const tileRow = SCRATCH_BLOCK * pixelBytes;
  const tile = new Uint8Array(tileHeight * tileRow);
  const file = openSync(target, 'w');
  try {
    let at = put(file, tiledHeader(info, tileHeight), 0);
    for (let y = 0; y < info.height; y += tileHeight) {
      const height = Math.min(tileHeight, info.height - y);
      const size = { width: info.width, height };
      await reader.read({ x: 0, y, ...size }, read, storedRowBytes);
      const band = (await conversion?.convert(read.subarray(0, height * storedRowBytes), size)) ?? read;
      for (let column = 0; column < across; column++) {
        const left = column * tileRow;
        const cut = Math.min(tileRow, rowBytes - left);
        for (let row = 0; row < height; row++) {
          const from = row * rowBytes + left;
          tile.set(band.subarray(from, from + cut), row * tileRow);
        }
        at += put(file, tile, at);
      }
    }
  } finally {
    closeSync(file);
  }
}

/** The most rows of a power of two that a band may have. */
export function tileHeightFor(rowBytes: number): number {
  let height = SCRATCH_BLOCK;
  while (height > MIN_TILE_HEIGHT && height * rowBytes > BAND_BYTES) height /= 2;
  return height;
}

/** Writes all bytes at a place and returns how many. */
export function put(file: number, bytes: Uint8Array, at: number): number {
  let done = 0;
  while (done < bytes.length) done += writeSync(file, bytes, done, bytes.length - done, at + done);
  return done;
}

const SHORT = 3;
const LONG8 = 16;
const SAMPLE_FORMAT: Readonly<Record<DType, number>> = { uint8: 1, uint16: 1, uint32: 1, float32: 3 };

/** Header, directory and tile places of a little-endian BigTIFF whose tiles follow at once, row-major. */
export function tiledHeader(info: RasterInfo, tileHeight: number): Uint8Array {
  const { channels, dtype } = info;
  const count = Math.ceil(info.width / SCRATCH_BLOCK) * Math.ceil(info.height / tileHeight);
  const tileBytes = SCRATCH_BLOCK * tileHeight * channels * SAMPLE_BYTES[dtype];
  const tags: readonly (readonly [tag: number, type: number, count: number, value: (i: number) => number])[] = [
    [TAG.imageWidth, LONG8, 1, () => info.width],
    [TAG.imageLength, LONG8, 1, () => info.height],
    [TAG.bitsPerSample, SHORT, channels, () => 8 * SAMPLE_BYTES[dtype]],
    [TAG.compression, SHORT, 1, () => 1],
    [TAG.photometric, SHORT, 1, () => info.photometric],
    [TAG.samplesPerPixel, SHORT, 1, () => channels],
    [TAG.tileWidth, SHORT, 1, () => SCRATCH_BLOCK],
    [TAG.tileLength, SHORT, 1, () => tileHeight],
    [TAG.tileOffsets, LONG8, count, (i) => dataStart + i * tileBytes],
    [TAG.tileByteCounts, LONG8, count, () => tileBytes],
    [TAG.sampleFormat, SHORT, channels, () => SAMPLE_FORMAT[dtype]],
  ];
  const sizeOf = (type: number, values: number) => (type === SHORT ? 2 : 8) * values;
  const outside = (type: number, values: number) => (sizeOf(type, values) <= 8 ? 0 : sizeOf(type, values));
  const directory = 16;
  const valuesStart = directory + 8 + 20 * tags.length + 8;
  const dataStart = Math.ceil((valuesStart + tags.reduce((sum, [, type, n]) => sum + outside(type, n), 0)) / 16) * 16;
  const bytes = new Uint8Array(dataStart);
  const view = new DataView(bytes.buffer);
  bytes.set([0x49, 0x49, 43, 0, 8, 0, 0, 0, directory]);
  view.setBigUint64(directory, BigInt(tags.length), true);
  let values = valuesStart;
  tags.forEach(([tag, type, n, value], index) => {
    const entry = directory + 8 + 20 * index;
    view.setUint16(entry, tag, true);
    view.setUint16(entry + 2, type, true);
    view.setBigUint64(entry + 4, BigInt(n), true);
    const elsewhere = outside(type, n) > 0;
    if (elsewhere) view.setBigUint64(entry + 12, BigInt(values), true);
    const start = elsewhere ? values : entry + 12;
    for (let i = 0; i < n; i++) {
      if (type === SHORT) view.setUint16(start + 2 * i, value(i), true);
      else view.setBigUint64(start + 8 * i, BigInt(value(i)), true);
    }
    values += outside(type, n);
  });
  return bytes;
}
