import { toSample } from '../../../tiling/raster/dtype.js';
import type { Kernel } from '../kernel.js';
import { avoidNodata } from './samples/nodata.js';
import { invalidSamplesOf, nodataOf, sampleIndex } from './samples/pixels.js';

/**
 * out[c] = α·in[c] + (1 − α)·out[c−1] in float64, unrounded from column to column and from tile to tile; the
 * first sample of a row is its own average. A nodata sample and a masked pixel stay and are passed over. After a NaN the average
 * starts anew. `context.carry` holds out of the column left of the tile (NaN: none yet), one value a row and
 * channel, and receives that of the tile's last column.
 */
export const rowEma: Kernel = (input, output, operation, context) => {
  const alpha = operation.params.alpha as number;
  const nodata = nodataOf(input, context);
  const isInvalid = invalidSamplesOf(input, context);
  const { rect, channels, dtype } = output;
  const carry = context.carry ?? new Float64Array(rect.height * channels).fill(Number.NaN);
  for (let y = 0; y < rect.height; y++) {
    for (let x = 0; x < rect.width; x++) {
      const from = sampleIndex(input, rect.x + x, rect.y + y);
      for (let c = 0; c < channels; c++) {
        const sample = input.samples[from + c]!;
        const to = y * output.stride + x * channels + c;
        if (isInvalid(from, c)) {
          output.samples[to] = toSample(dtype, sample);
          continue;
        }
        const before = carry[y * channels + c]!;
        const average = Number.isNaN(before) ? sample : alpha * sample + (1 - alpha) * before;
        carry[y * channels + c] = average;
        output.samples[to] = avoidNodata(dtype, toSample(dtype, average), nodata[c]!);
      }
    }
  }
};
