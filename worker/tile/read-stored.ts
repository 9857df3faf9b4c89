import { crc32 } from 'node:zlib';
import { decodeBlock } from '../../tiling/codecs/decode-block.js';
import { HalotileError } from '../../tiling/errors.js';
import { cellRect, gridOf } from '../../tiling/geometry/grid.js';
import { intersect, type Rect } from '../../tiling/geometry/rect.js';
import { storedBlockLayout, storedMaskLayout, storedPhotometric } from '../../tiling/plan/output-shape.js';
import { bytesOf, SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import { readPiece } from '../../tiling/stitch/copy-blocks.js';
import type { StoredRead } from '../../tiling/work/tiles.js';
import type { TileRaster } from '../kernels/kernel.js';
import { allocate } from './allocate.js';
import type { OpenJob } from './open-job.js';
import type { Tally } from './tally.js';
import { withoutIdle, withValidity } from './validity.js';

/** The pixels of `rect` at a level that earlier tiles have stored. */
export async function readStoredTile(
  open: OpenJob,
  { level, rect, blocks }: { readonly level: number; readonly rect: Rect; readonly blocks: readonly StoredRead[] },
  tally: Tally,
): Promise<TileRaster> {
  const { plan } = open;
  const grid = gridOf(plan.levels[level]!, { width: plan.block, height: plan.block });
  const layout = storedBlockLayout(plan, grid);
  const pixels = allocate(open, rect, plan.output);
  const raster = plan.mask === undefined ? pixels : withValidity(open, pixels);
  const mask = { ...plan.output, channels: 1, dtype: 'uint8', nodata: undefined } as const;
  for (const read of blocks) {
    const encoded = tally.timed('read', () => readStored(read));
    tally.counts.bytesRead += encoded.length;
    const where = { file: read.source.path, block: read.index };
    const isMask = read.level !== level;
    const decoded = await tally.timed('decode', () =>
      isMask
        ? decodeBlock(encoded, storedMaskLayout(plan, grid), { storedPhotometric: 1 }, mask, where)
        : decodeBlock(encoded, layout, { storedPhotometric: storedPhotometric(plan) }, plan.output, where),
    );
    const into = isMask ? { ...mask, rect, stride: rect.width, samples: raster.valid! } : raster;
    copyIn(decoded, cellRect(grid, read.index), plan.block, into);
  }
  return withoutIdle(raster, rect);
}

function readStored({ content, source: { path, offset = 0, length = 0, crc } }: StoredRead): Uint8Array {
  const bytes = content ?? readPiece(path, offset, length);
  if (bytes !== undefined && (crc === undefined || crc32(bytes) === crc)) return bytes;
  throw new HalotileError('output-failed', {
    what: 'a block that an earlier stage stored is damaged',
    file: path,
    where: `at byte ${offset}`,
    remedy: 'use --restart to begin anew',
  });
}

function copyIn(block: Uint8Array, held: Rect, side: number, raster: TileRaster): void {
  const pixelBytes = raster.channels * SAMPLE_BYTES[raster.dtype];
  const into = bytesOf(raster.samples);
  const part = intersect(held, raster.rect);
  for (let y = part.y; y < part.y + part.height; y++) {
    const from = ((y - held.y) * side + (part.x - held.x)) * pixelBytes;
    const to = ((y - raster.rect.y) * raster.rect.width + (part.x - raster.rect.x)) * pixelBytes;
    into.set(block.subarray(from, from + part.width * pixelBytes), to);
  }
}
