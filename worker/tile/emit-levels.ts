import { crc32 } from 'node:zlib';
import { encodeBlock } from '../../tiling/codecs/encode-block.js';
import { flipChroma, flipPredictedChroma } from '../../tiling/codecs/signed-chroma.js';
import { packBits } from '../../tiling/codecs/single-bits.js';
import { cellRect, cellsTouching, gridOf } from '../../tiling/geometry/grid.js';
import { intersect, type Rect } from '../../tiling/geometry/rect.js';
import { OPERATIONS } from '../../tiling/operations/index.js';
import { maskLevel } from '../../tiling/plan/levels.js';
import { chainTypes } from '../../tiling/plan/memory.js';
import { maskEncoding } from '../../tiling/plan/output-shape.js';
import { SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import { hasSignedChroma } from '../../tiling/raster/other-colours.js';
import type { StoredBlock } from '../../tiling/work/references.js';
import { partOf, type TileRaster } from '../kernels/kernel.js';
import { allocate } from './allocate.js';
import { alphaLast, asInFile } from './alpha-order.js';
import type { OpenJob } from './open-job.js';
import type { Tally } from './tally.js';
import { withoutIdle, withValidity } from './validity.js';

/**
 * Writes the blocks of a finished tile and of the overviews that lie whole inside it. `raster` holds the
 * tile's pixels of level `base`; `levels` are those to write, ascending, `base` itself among them or not.
 */
export async function emitLevels(
  open: OpenJob,
  raster: TileRaster,
  { base, levels }: { readonly base: number; readonly levels: readonly number[] },
  tally: Tally,
): Promise<StoredBlock[]> {
  const stored: StoredBlock[] = [];
  let current = raster;
  for (let level = base; ; level++) {
    if (levels.includes(level)) {
      stored.push(...(await emitBlocks(open, current, level, tally)));
      if (open.plan.mask !== undefined) stored.push(...(await emitMask(open, current, level, tally)));
    }
    if (level >= levels.at(-1)!) break;
    current = tally.timed('kernel', () => halved(open, current));
  }
  tally.timed('write', () => open.sink.settle());
  return stored;
}

async function emitBlocks(open: OpenJob, raster: TileRaster, level: number, tally: Tally): Promise<StoredBlock[]> {
  const { plan, backend } = open;
  const side = plan.block;
  const mark = backend.memory.mark();
  const staging = allocate(open, { x: 0, y: 0, width: side, height: side }, raster);
  const pixels = new Uint8Array(staging.samples.buffer, staging.samples.byteOffset, staging.samples.byteLength);
  const { predictor } = plan.encoding;
  const stored = await storeBlocks(open, { level, as: level, covered: raster.rect }, tally, (rect) => {
    backend.pixels.cutBlock(raster, { rect, block: { width: side, height: side }, predictor }, pixels);
    if (hasSignedChroma(plan.output)) withSign(pixels, { side, predictor, raster });
    return encodeBlock(pixels, { side, channels: raster.channels }, plan.encoding, backend.pixels.deflateRuns);
  });
  backend.memory.release(mark);
  return stored;
}

/** Gives a* and b* of a block of CIELab the sign that its file has. */
function withSign(
  pixels: Uint8Array,
  { side, predictor, raster }: { readonly side: number; readonly predictor: number; readonly raster: TileRaster },
): void {
  const places = { sampleBytes: SAMPLE_BYTES[raster.dtype], step: raster.channels };
  if (predictor === 1) flipChroma(pixels, places);
  else flipPredictedChroma(pixels, side * places.step * places.sampleBytes, places);
}

/** The mask of the same pixels, one bit each; bits beyond the image are 0. */
function emitMask(open: OpenJob, { rect, ...raster }: TileRaster, level: number, tally: Tally): Promise<StoredBlock[]> {
  const { plan } = open;
  const side = plan.block;
  const encoding = maskEncoding(plan);
  return storeBlocks(open, { level, as: maskLevel(plan, level), covered: rect }, tally, (part) => {
    const bytes = new Uint8Array(side * side);
    const { valid, stride, channels } = partOf({ rect, ...raster }, part);
    for (let y = 0; y < part.height; y++) {
      const row = bytes.subarray(y * side, y * side + part.width);
      if (valid === undefined) row.fill(255);
      else row.set(valid.subarray((y * stride) / channels, (y * stride) / channels + part.width));
    }
    return encodeBlock(packBits(bytes, { width: side, height: side }), { side, channels: 1 }, encoding);
  });
}

/** Encodes and stores every block of a level that a tile covers, `as` the number that the level is stored under. */
async function storeBlocks(
  { plan, sink }: OpenJob,
  { level, as, covered }: { readonly level: number; readonly as: number; readonly covered: Rect },
  tally: Tally,
  encode: (rect: Rect) => Uint8Array | Promise<Uint8Array>,
): Promise<StoredBlock[]> {
  const grid = gridOf(plan.levels[level]!, { width: plan.block, height: plan.block });
  const stored: StoredBlock[] = [];
  for (const index of cellsTouching(grid, covered)) {
    const rect = intersect(cellRect(grid, index), covered);
    const encoded = await tally.timed('encode', () => encode(rect));
    // A placed block of level 0 that is whole is the tile's own pixels, whose checksum is taken anyway.
    const isPixels = sink.part === '' && as === 0 && rect.width === plan.block && rect.height === plan.block;
    const crc = isPixels ? 0 : tally.timed('encode', () => crc32(encoded));
    const offset = tally.timed('write', () => sink.put({ level: as, index }, encoded));
    tally.counts.bytesWritten += encoded.length;
    stored.push({ level: as, index, offset, length: encoded.length, crc });
  }
  return stored;
}

/** The next level, its channels in the file's order as those of `raster` are, which is spent. */
function halved(open: OpenJob, raster: TileRaster): TileRaster {
  const { output } = open.plan;
  let next = allocate(open, halvedRect(raster.rect), raster);
  if (raster.valid !== undefined) next = withValidity(open, next);
  open.backend.pixels.halve(alphaLast(raster, output), next, {
    mode: overviewMode(open.plan),
    alpha: output.alpha,
    nodata: output.nodata,
  });
  asInFile(next, output);
  return next.valid === undefined ? next : withoutIdle(next, next.rect);
}

/**
 * An image that ends in nearest samples has overviews of such too: they may be labels or colours of a palette. So do
 * labels, and what a table made of them.
 */
function overviewMode({ operations, image }: OpenJob['plan']): 'average' | 'nearest' {
  const { name, params } = operations.at(-1)!;
  if (chainTypes(operations, image).at(-1)!.dtype === 'uint32') return 'nearest';
  if (name === 'downscale' && params.method === 'nearest') return 'nearest';
  return OPERATIONS[name]!.overviews ?? 'average';
}

/** The pixels of the next level that a tile's pixels become; tiles begin at even pixels. */
function halvedRect({ x, y, width, height }: Rect): Rect {
  return { x: x / 2, y: y / 2, width: Math.ceil(width / 2), height: Math.ceil(height / 2) };
}
