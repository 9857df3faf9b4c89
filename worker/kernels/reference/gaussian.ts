import { evenReach } from '../../../tiling/geometry/rect.js';
import { fixedWeights, MAP_TRUNCATE } from '../../../tiling/operations/gaussian.js';
import { gaussianRadius, gaussianWeights } from '../../../tiling/operations/gaussian-weights.js';
import type { Kernel } from '../kernel.js';
import { gridMean } from './gaussian-grids.js';
import { averageOver, type WeightedWindow } from './samples/average.js';
import { fillSamples } from './samples/pixels.js';

/**
 * Σ g(dx)·g(dy)·s / Σ g(dx)·g(dy) with g(d) = exp(−d²/(2σ²)): the direct sum, fixed or with the map's sigma of
 * each pixel, weights ending at ⌊4σ + ½⌋ (fixed: `truncate`, or `ksize`). Sigmas whose grids are handed to it are blurred on
 * these.
 */
export const gaussian: Kernel = (input, output, operation, context) => {
  const average = averageOver(input, context);
  const { map } = context;
  const fixed = map === undefined ? windowOf(fixedWeights(operation)) : undefined;
  // A map repeats few values: their weights are computed once.
  const windows = new Map<number, WeightedWindow>();
  fillSamples(input, output, context, (x, y, c, own) => {
    if (fixed !== undefined) return average(x, y, c, fixed);
    const sigma = map!.values[(y - map!.rect.y) * map!.rect.width + (x - map!.rect.x)]!;
    const mean = context.grids && gridMean(context, { x, y, c, own }, sigma);
    if (mean !== undefined) return mean;
    let window = windows.get(sigma);
    if (window === undefined) {
      window = windowOf(gaussianWeights(sigma, gaussianRadius(sigma, MAP_TRUNCATE)));
      if (windows.size < 4096) windows.set(sigma, window);
    }
    return average(x, y, c, window);
  });
};

function windowOf(weights: Float64Array): WeightedWindow {
  return {
    ...evenReach(weights.length - 1),
    weight: (dx, dy) => weights[Math.abs(dx)]! * weights[Math.abs(dy)]!,
  };
}
