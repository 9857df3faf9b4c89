import { toSample } from '../../../../tiling/raster/dtype.js';
import type { KernelContext, TileRaster } from '../../kernel.js';
import { avoidNodata, isNodata, nodataSample } from './nodata.js';

/** Index of the first sample of pixel (x, y), in image coordinates. */
export function sampleIndex(raster: TileRaster, x: number, y: number): number {
  return (y - raster.rect.y) * raster.stride + (x - raster.rect.x) * raster.channels;
}

/** The nodata value of each channel as the raster's samples hold it. */
export function nodataOf(raster: TileRaster, context: Pick<KernelContext, 'nodata'>): readonly (number | null)[] {
  return Array.from({ length: raster.channels }, (_, c) => nodataSample(raster.dtype, context.nodata?.[c]));
}

/**
 * Which samples take part in no window and stay what they are: those of masked pixels and those that equal their
 * channel's nodata value. Asked by the index of a pixel's first sample and the channel.
 */
export function invalidSamplesOf(
  raster: TileRaster,
  context: Pick<KernelContext, 'nodata'>,
): (pixel: number, channel: number) => boolean {
  const { samples, channels, valid } = raster;
  const nodata = nodataOf(raster, context);
  const unset = (pixel: number, channel: number) => isNodata(samples[pixel + channel]!, nodata[channel]!);
  if (valid === undefined) return unset;
  return (pixel, channel) => valid[pixel / channels] === 0 || unset(pixel, channel);
}

/**
 * Writes every output sample: `compute(x, y, c)` rounded to the output's type and moved off the nodata value,
 * or the input's own sample where that is invalid. Pixels come row by row, channels innermost.
 */
export function fillSamples(
  input: TileRaster,
  output: TileRaster,
  context: KernelContext,
  compute: (x: number, y: number, channel: number, sample: number) => number,
): void {
  const nodata = nodataOf(input, context);
  const isInvalid = invalidSamplesOf(input, context);
  const { rect, channels, dtype } = output;
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    for (let x = rect.x; x < rect.x + rect.width; x++) {
      const from = sampleIndex(input, x, y);
      const to = sampleIndex(output, x, y);
      for (let c = 0; c < channels; c++) {
        const sample = input.samples[from + c]!;
        output.samples[to + c] = isInvalid(from, c)
          ? toSample(dtype, sample)
          : avoidNodata(dtype, toSample(dtype, compute(x, y, c, sample)), nodata[c]!);
      }
    }
  }
}
