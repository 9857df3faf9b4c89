import { type ChannelPartial, FLOAT_BINS, otsuRanges } from '../../../tiling/operations/otsu.js';
import { INTEGER_MAX } from '../../../tiling/raster/dtype.js';
import type { PartialKernel, TileRaster } from '../kernel.js';
import { invalidSamplesOf } from './samples/pixels.js';

/**
 * Extremes and counts of each channel, nodata, masked and non-finite samples left out: one bin a value for integers;
 * for float32 no bins until the image's range is known, then {@link FLOAT_BINS} over it, the last one closed.
 */
export const otsuPartial: PartialKernel = (tile, operation, context): ChannelPartial[] => {
  const isInvalid = invalidSamplesOf(tile, context);
  return Array.from({ length: tile.channels }, (_, channel) => {
    const range = otsuRanges(operation)?.[channel];
    const bins = binOf(tile, range);
    const counts: number[] = new Array(bins.count).fill(0);
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (let row = 0; row < tile.rect.height; row++) {
      for (let column = 0; column < tile.rect.width; column++) {
        const pixel = row * tile.stride + column * tile.channels;
        const sample = tile.samples[pixel + channel]!;
        if (isInvalid(pixel, channel) || !Number.isFinite(sample)) continue;
        low = Math.min(low, sample);
        high = Math.max(high, sample);
        if (bins.count > 0) counts[bins.index(sample)]!++;
      }
    }
    return low <= high ? { low, high, counts } : { low: Number.MAX_VALUE, high: -Number.MAX_VALUE, counts };
  });
};

function binOf(tile: TileRaster, range: readonly [number, number] | undefined) {
  if (tile.dtype !== 'float32') return { count: INTEGER_MAX[tile.dtype] + 1, index: (sample: number) => sample };
  if (range === undefined) return { count: 0, index: () => 0 };
  const [low, high] = range;
  const index = (sample: number) => {
    if (high === low) return 0;
    return Math.min(FLOAT_BINS - 1, Math.floor(((sample - low) / (high - low)) * FLOAT_BINS));
  };
  return { count: FLOAT_BINS, index };
}
