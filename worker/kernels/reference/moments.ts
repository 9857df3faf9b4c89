import type { Footprint } from '../../../tiling/operations/footprint/footprint.js';
import { memberBytes } from '../../../tiling/operations/footprint/runs.js';
import { neighbourhoodOf } from '../../../tiling/operations/moments.js';
import type { Kernel } from '../kernel.js';
import { averageOver } from './samples/average.js';
import { windowSamples } from './samples/neighbourhood.js';
import { fillSamples } from './samples/pixels.js';

/** Mean under the footprint; colour weighted by unassociated alpha. Integer sums are exact. */
export const mean: Kernel = (input, output, operation, context) => {
  const footprint = neighbourhoodOf(operation);
  const { reach, width } = footprint;
  const members = memberBytes(footprint);
  const average = averageOver(input, context);
  const window = {
    ...reach,
    weight: (dx: number, dy: number) => members[(dy + reach.top) * width + dx + reach.left]!,
  };
  fillSamples(input, output, context, (x, y, c) => average(x, y, c, window));
};

/** Σ(v − mean)² / (n − ddof) in two passes over the window, each channel on its own; 0 where n ≤ ddof. */
export const variance: Kernel = (input, output, operation, context) => {
  const spread = spreadOf(input, context, neighbourhoodOf(operation), operation.params.ddof as number);
  fillSamples(input, output, context, spread);
};

/** The square root of {@link variance}. */
export const std: Kernel = (input, output, operation, context) => {
  const spread = spreadOf(input, context, neighbourhoodOf(operation), operation.params.ddof as number);
  fillSamples(input, output, context, (x, y, c) => Math.sqrt(spread(x, y, c)));
};

function spreadOf(
  input: Parameters<Kernel>[0],
  context: Parameters<Kernel>[3],
  footprint: Footprint,
  ddof: number,
): (x: number, y: number, channel: number) => number {
  const gather = windowSamples(input, context, footprint);
  return (x, y, channel) => {
    const samples = gather(x, y, channel);
    if (samples.length <= ddof) return 0;
    const mean = meanOf(samples);
    let squares = 0;
    for (const sample of samples) squares += (sample - mean) ** 2;
    return squares / (samples.length - ddof);
  };
}

/** The mean of samples in float64; NaN for none. */
export function meanOf(samples: Float64Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample;
  return sum / samples.length;
}
