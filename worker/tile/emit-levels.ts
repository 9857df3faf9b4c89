import { crc32 } from 'node:zlib';
import { encodeBlock } from '../../tiling/codecs/encode-block.js';
import { cellRect, cellsTouching, gridOf } from '../../tiling/geometry/grid.js';
import { intersect, type Rect } from '../../tiling/geometry/rect.js';
import type { StoredBlock } from '../../tiling/job/execution.js';
import type { TileRaster } from '../kernels/kernel.js';
import type { OpenJob } from './open-job.js';
import { allocate } from './run-chain.js';
import type { Tally } from './tally.js';

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
    if (levels.includes(level)) stored.push(...(await emitBlocks(open, current, level, tally)));
    if (level >= levels.at(-1)!) break;
    current = tally.timed('kernel', () => halved(open, current));
  }
  tally.timed('write', () => open.sink.settle());
  return stored;
}

async function emitBlocks(open: OpenJob, raster: TileRaster, level: number, tally: Tally): Promise<StoredBlock[]> {
  const { plan, backend, sink } = open;
  const side = plan.block;
  const grid = gridOf(plan.levels[level]!, { width: side, height: side });
  const mark = backend.memory.mark();
  const staging = allocate(open, { x: 0, y: 0, width: side, height: side }, raster);
  const pixels = new Uint8Array(staging.samples.buffer, staging.samples.byteOffset, staging.samples.byteLength);
  const stored: StoredBlock[] = [];
  for (const index of cellsTouching(grid, raster.rect)) {
    const rect = intersect(cellRect(grid, index), raster.rect);
    const options = { rect, block: grid.cell, predictor: plan.encoding.predictor };
    const encoded = await tally.timed('encode', () => {
      backend.pixels.cutBlock(raster, options, pixels);
      return encodeBlock(pixels, { side, channels: raster.channels }, plan.encoding);
    });
    // A placed block is read back by nothing that could check it, and its bytes are the tile's own pixels.
    const crc = open.sink.part === '' ? 0 : tally.timed('encode', () => crc32(encoded));
    const offset = tally.timed('write', () => sink.put({ level, index }, encoded));
    tally.counts.bytesWritten += encoded.length;
    stored.push({ level, index, offset, length: encoded.length, crc });
  }
  backend.memory.release(mark);
  return stored;
}

function halved(open: OpenJob, raster: TileRaster): TileRaster {
  const { output } = open.plan;
  const next = allocate(open, halvedRect(raster.rect), raster);
  open.backend.pixels.halve(raster, next, { mode: 'average', alpha: output.alpha, nodata: output.nodata });
  return next;
}

/** The pixels of the next level that a tile's pixels average to; tiles begin at even pixels. */
function halvedRect({ x, y, width, height }: Rect): Rect {
  return { x: x / 2, y: y / 2, width: Math.ceil(width / 2), height: Math.ceil(height / 2) };
}
