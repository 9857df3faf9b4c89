import type { WindowSums } from '../corner-kernels.js';
import type { KernelContext, TileRaster } from '../kernel.js';
import { avoidNodata } from '../reference/samples/nodata.js';
import { invalidSamplesOf, nodataOf } from '../reference/samples/pixels.js';
import { roundedQuotient } from '../reference/samples/rounding.js';

/**
 * Means of windows, rounded and kept off nodata as the box's are.
 */
export function writeMeans(
  input: TileRaster,
  output: TileRaster,
  { windows, sums, lanes, beyond }: WindowSums,
  context: KernelContext,
): void {
  const { radius, image, border } = windows;
  const { rect, channels, dtype } = output;
  const weighted = lanes > channels;
  const isInvalid = invalidSamplesOf(input, context);
  const nodata = nodataOf(input, context);
  for (let y = 0; y < rect.height; y++) {
    const top = rect.y + y;
    for (let x = 0; x < rect.width; x++) {
      const pixel = y * rect.width + x;
      const from = y * input.stride + x * channels;
      const to = y * output.stride + x * channels;
      const at = pixel * lanes;
      const r = typeof radius === 'number' ? radius : radius[pixel]!;
      const left = rect.x + x;
      const width = Math.min(image.width, left + r + 1) - Math.max(0, left - r);
      const height = Math.min(image.height, top + r + 1) - Math.max(0, top - r);
      const whole = (2 * r + 1) ** 2;
      for (let lane = 0; lane < (beyond?.length ?? 0); lane++) {
        sums[at + lane]! += beyond![lane]! * (whole - width * height);
      }
      if (!weighted) {
        const count = border === 'clip' ? width * height : whole;
        for (let c = 0; c < channels; c++) output.samples[to + c] = roundedQuotient(sums[at + c]!, count);
        continue;
      }
      for (let c = 0; c < channels; c++) {
        const weights = sums[at + channels + c]!;
        const own = input.samples[from + c]!;
        const mean = weights === 0 ? own : roundedQuotient(sums[at + c]!, weights);
        output.samples[to + c] = isInvalid(from, c) ? own : avoidNodata(dtype, mean, nodata[c]!);
      }
    }
  }
}
