import { footprintOf, percentileOf, rankOf } from '../../../tiling/operations/rank/rank.js';
import type { Kernel } from '../kernel.js';
import { windowSamples } from './samples/neighbourhood.js';
import { fillSamples } from './samples/pixels.js';

/**
 * The sample at sorted position ⌊p·n/100⌋, at most n−1, of the n samples under the footprint that the input
 * holds and that are not nodata. A window with a NaN gives NaN. The pixel itself need not be a member; 0 where
 * no sample is left.
 */
export const rank: Kernel = (input, output, operation, context) => {
  const percentile = percentileOf(operation);
  const gather = windowSamples(input, context, footprintOf(operation));
  fillSamples(input, output, context, (x, y, c) => {
    const samples = gather(x, y, c);
    if (samples.length === 0) return 0;
    if (samples.some(Number.isNaN)) return Number.NaN;
    return samples.sort()[rankOf(percentile, samples.length)]!;
  });
};
