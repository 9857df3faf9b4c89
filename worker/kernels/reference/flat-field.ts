import { badInput } from '../../../tiling/errors.js';
import { flatFieldOf } from '../../../tiling/operations/flat-field.js';
import type { Kernel, KernelContext, TileRaster } from '../kernel.js';
import { fillSamples, sampleIndex } from './samples/pixels.js';

/**
 * scale·(f − dark)/(flat − dark) in float64; 0 where flat ≤ dark. Alpha stays as it is. Frames given as
 * images lie in `context.extras` over the output's rect, with the image's channels or one for all.
 */
export const flatField: Kernel = (input, output, operation, context) => {
  const { dark, flat, scale } = flatFieldOf(operation, input.dtype);
  const darkAt = frameReader('dark', dark, context);
  const flatAt = frameReader('flat', flat, context);
  const alpha = context.alpha === 'none' ? -1 : input.channels - 1;
  fillSamples(input, output, context, (x, y, c, sample) => {
    if (c === alpha) return sample;
    const zero = darkAt(x, y, c);
    const range = flatAt(x, y, c) - zero;
    return range <= 0 ? 0 : (scale * (sample - zero)) / range;
  });
};

function frameReader(
  name: 'dark' | 'flat',
  frame: number | string,
  context: KernelContext,
): (x: number, y: number, channel: number) => number {
  if (typeof frame === 'number') return () => frame;
  const raster: TileRaster | undefined = context.extras?.[name];
  if (raster === undefined) throw badInput({ what: `the ${name} frame was not read`, file: frame });
  return (x, y, channel) => raster.samples[sampleIndex(raster, x, y) + Math.min(channel, raster.channels - 1)]!;
}
