import type { Rect } from '../../tiling/geometry/rect.js';
import { partOf, type TileRaster } from '../kernels/kernel.js';
import type { ChainInputs } from './open-job.js';
import type { Tally } from './tally.js';

/**
 * A raster with the image's mask over `rect`, which lies in it; the raster itself where nothing there is masked, so
 * that kernels which know no masks may run.
 */
export async function readValidity(
  open: ChainInputs,
  raster: TileRaster,
  rect: Rect,
  tally: Tally,
): Promise<TileRaster> {
  if (open.mask === undefined) return raster;
  const masked = withValidity(open, raster);
  const { valid } = partOf(masked, rect);
  tally.addRead(await open.mask.read(rect, valid!, raster.rect.width));
  return withoutIdle(masked, rect);
}

/** A dense raster with a byte for each pixel, not yet filled. */
export function withValidity(open: ChainInputs, raster: TileRaster): TileRaster {
  const { width, height } = raster.rect;
  return { ...raster, valid: open.backend.memory.allocSamples('uint8', width * height) as Uint8Array };
}

/** The same raster without validity where every pixel in `rect` counts. */
export function withoutIdle(raster: TileRaster, rect: Rect): TileRaster {
  const { valid, channels, stride } = partOf(raster, rect);
  for (let y = 0; y < rect.height; y++) {
    const row = (y * stride) / channels;
    if (valid?.subarray(row, row + rect.width).includes(0)) return raster;
  }
  return { ...raster, valid: undefined };
}
