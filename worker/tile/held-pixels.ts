import { intersect, type Rect } from '../../tiling/geometry/rect.js';
import { allocateSamples } from '../../tiling/raster/dtype.js';
import type { RasterInfo } from '../../tiling/raster/raster-info.js';
import { partOf, type TileRaster } from '../kernels/kernel.js';

/** The whole image after the first operations of a chain, their alpha last as kernels have it. */
export interface HeldPixels {
  readonly operations: number;
  readonly raster: TileRaster;
}

/** Room for the image after so many operations. */
export function holdPixels(operations: number, { width, height, channels, dtype }: RasterInfo): HeldPixels {
  const stride = width * channels;
  const rect = { x: 0, y: 0, width, height };
  return { operations, raster: { rect, channels, dtype, stride, samples: allocateSamples(dtype, stride * height) } };
}

/** Copies the pixels of `rect` that both rasters hold; types and channels are the same. */
export function copyPixels(from: TileRaster, into: TileRaster, rect: Rect): void {
  const shared = intersect(intersect(rect, from.rect), into.rect);
  const [source, target] = [partOf(from, shared), partOf(into, shared)];
  const length = shared.width * from.channels;
  for (let y = 0; y < shared.height; y++) {
    target.samples.set(source.samples.subarray(y * source.stride, y * source.stride + length), y * target.stride);
  }
}
