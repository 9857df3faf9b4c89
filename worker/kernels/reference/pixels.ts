import { toSample } from '../../../tiling/raster/dtype.js';
import type { KernelContext, TileRaster } from '../kernel.js';
import { avoidNodata, isNodata, nodataSample } from './nodata.js';

/** Index of the first sample of pixel (x, y), in image coordinates. */
export function sampleIndex(raster: TileRaster, x: number, y: number): number {
  return (y - raster.rect.y) * raster.stride + (x - raster.rect.x) * raster.channels;
}

/** The nodata value of each channel as the raster's samples hold it. */
export function nodataOf(raster: TileRaster, context: KernelContext): readonly (number | null)[] {
  return Array.from({ length: raster.channels }, (_, c) => nodataSample(raster.dtype, context.nodata?.[c]));
}

/**
 * Writes every output sample: `compute(x, y, c)` rounded to the output's type and moved off the nodata value,
 * or the input's own sample where that is nodata. Pixels come row by row, channels innermost.
 */
export function fillSamples(
  input: TileRaster,
  output: TileRaster,
  context: KernelContext,
  compute: (x: number, y: number, channel: number, sample: number) => number,
): void {
  const nodata = nodataOf(input, context);
  const { rect, channels, dtype } = output;
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    for (let x = rect.x; x < rect.x + rect.width; x++) {
      const from = sampleIndex(input, x, y);
      const to = sampleIndex(output, x, y);
      for (let c = 0; c < channels; c++) {
        const sample = input.samples[from + c]!;
        output.samples[to + c] = isNodata(sample, nodata[c]!)
          ? toSample(dtype, sample)
          : avoidNodata(dtype, toSample(dtype, compute(x, y, c, sample)), nodata[c]!);
      }
    }
  }
}
