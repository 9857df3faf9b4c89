import { badUsage } from '../../../tiling/errors.js';
import { squareFootprint } from '../../../tiling/operations/footprint/footprint.js';
import { localThreshold, thresholdParams } from '../../../tiling/operations/threshold.js';
import type { Kernel, KernelContext, TileRaster } from '../kernel.js';
import { meanOf } from './moments.js';
import { windowSamples } from './samples/neighbourhood.js';
import { fillSamples } from './samples/pixels.js';

/**
 * `high` where the sample is above the threshold, `low` elsewhere, each channel on its own; NaN is not above
 * anything. Alpha stays as it is. Local thresholds take the mean m and the population deviation s of the
 * window: Niblack m − k·s, Sauvola m·(1 + k·(s/r − 1)).
 */
export const threshold: Kernel = (input, output, operation, context) => {
  const params = thresholdParams(operation, input.dtype);
  const limit = limitReader(input, params, context);
  const alpha = context.alpha === 'none' ? -1 : input.channels - 1;
  fillSamples(input, output, context, (x, y, c, sample) => {
    if (c === alpha) return sample;
    return sample > limit(x, y, c) ? params.high : params.low;
  });
};

/** The threshold of each sample of a tile, by direct sums where it is a local one. */
export function limitReader(
  input: TileRaster,
  params: ReturnType<typeof thresholdParams>,
  context: KernelContext,
): (x: number, y: number, channel: number) => number {
  const { method, value, values } = params;
  if (method === 'fixed') return () => value!;
  if (method === 'otsu') {
    if (values === undefined) throw badUsage({ what: 'the Otsu threshold of the image is not known yet' });
    return (_x, _y, c) => values[c]!;
  }
  const gather = windowSamples(input, context, squareFootprint(params.window));
  return (x, y, c) => {
    const samples = gather(x, y, c);
    const mean = meanOf(samples);
    let squares = 0;
    for (const sample of samples) squares += (sample - mean) ** 2;
    return localThreshold(params, mean, Math.sqrt(squares / samples.length));
  };
}
