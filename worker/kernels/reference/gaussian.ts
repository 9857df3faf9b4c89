import { evenReach } from '../../../tiling/geometry/rect.js';
import { fixedWeights, MAP_TRUNCATE } from '../../../tiling/operations/gaussian.js';
import { gaussianRadius, gaussianWeights } from '../../../tiling/operations/gaussian-weights.js';
import type { Kernel } from '../kernel.js';
import { averageOver, type WeightedWindow } from './samples/average.js';
import { fillSamples } from './samples/pixels.js';

/**
 * Σ g(dx)·g(dy)·s / Σ g(dx)·g(dy) with g(d) = exp(−d²/(2σ²)): the direct sum, fixed or with the map's sigma of
 * each pixel, weights ending at ⌊4σ + ½⌋ (fixed: `truncate`, or `ksize`).
 */
export const gaussian: Kernel = (input, output, operation, context) => {
  const average = averageOver(input, context);
  const { map } = context;
  const fixed = map === undefined ? windowOf(fixedWeights(operation)) : undefined;
  // A map repeats few values: their weights are computed once.
  const windows = new Map<number, WeightedWindow>();
  fillSamples(input, output, context, (x, y, c) => {
    if (fixed !== undefined) return average(x, y, c, fixed);
    const sigma = map!.values[(y - map!.rect.y) * map!.rect.width + (x - map!.rect.x)]!;
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
