import { coveredRange, downscaledSize, nearestIndex, overlapOf } from '../../../tiling/operations/downscale.js';
import { toSample } from '../../../tiling/raster/dtype.js';
import type { Kernel, KernelContext, TileRaster } from '../kernel.js';
import { avoidNodata } from './samples/nodata.js';
import { invalidSamplesOf, nodataOf, sampleIndex } from './samples/pixels.js';

/**
 * The image at a smaller size. `nearest` takes input pixel ⌊(i + ½)·in/out⌋. `area` is the mean over the
 * input that output pixel i covers, [i·in/out, (i+1)·in/out): the weights are overlaps in units of 1/out
 * pixel, so that integers sum exactly; nodata out (nodata where nothing else is left), colour weighted by
 * unassociated alpha. Where the input has masked pixels, an output pixel is masked as its nearest one is, or where
 * all that it covers are.
 */
export const downscale: Kernel = (input, output, operation, context) => {
  const size = downscaledSize(operation, context.image);
  const nodata = nodataOf(input, context);
  const { rect, channels } = output;
  const area = areaMean(input, context);
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    for (let x = rect.x; x < rect.x + rect.width; x++) {
      const to = sampleIndex(output, x, y);
      if (operation.params.method === 'nearest') {
        const u = nearestIndex(x, context.image.width, size.width);
        const v = nearestIndex(y, context.image.height, size.height);
        const from = sampleIndex(input, u, v);
        if (input.valid && output.valid) output.valid[to / channels] = input.valid[from / input.channels]!;
        for (let c = 0; c < channels; c++) output.samples[to + c] = toSample(output.dtype, input.samples[from + c]!);
        continue;
      }
      const columns = overlaps(x, context.image.width, size.width);
      const rows = overlaps(y, context.image.height, size.height);
      if (output.valid) output.valid[to / channels] = anyValid(input, columns, rows) ? 255 : 0;
      for (let c = 0; c < channels; c++) {
        const mean = area(columns, rows, c);
        output.samples[to + c] =
          mean === undefined
            ? toSample(output.dtype, nodata[c] ?? 0)
            : avoidNodata(output.dtype, toSample(output.dtype, mean), nodata[c]!);
      }
    }
  }
};

interface Overlap {
  readonly at: number;
  readonly weight: number;
}

/** Input positions under output position i with their overlaps in units of 1/output pixel. */
function overlaps(i: number, input: number, output: number): Overlap[] {
  const { from, to } = coveredRange(i, input, output);
  return Array.from({ length: to - from }, (_, index) => {
    const at = from + index;
    return { at, weight: overlapOf(at, i, input, output) };
  });
}

function anyValid({ valid, ...input }: TileRaster, columns: readonly Overlap[], rows: readonly Overlap[]): boolean {
  if (valid === undefined) return true;
  return rows.some((row) =>
    columns.some((column) => valid[sampleIndex(input, column.at, row.at) / input.channels] !== 0),
  );
}

function areaMean(input: TileRaster, context: KernelContext) {
  const byAlpha = context.alpha === 'unassociated';
  const isInvalid = invalidSamplesOf(input, context);
  const alpha = input.channels - 1;
  return (columns: readonly Overlap[], rows: readonly Overlap[], channel: number): number | undefined => {
    let weighted = 0;
    let weights = 0;
    let valid = false;
    for (const row of rows) {
      for (const column of columns) {
        const pixel = sampleIndex(input, column.at, row.at);
        if (isInvalid(pixel, channel)) continue;
        valid = true;
        let weight = row.weight * column.weight;
        if (byAlpha && channel !== alpha) weight *= isInvalid(pixel, alpha) ? 0 : input.samples[pixel + alpha]!;
        if (weight === 0) continue;
        weighted += weight * input.samples[pixel + channel]!;
        weights += weight;
      }
    }
    if (!valid) return undefined;
    if (weights === 0) return 0;
    return Number.isFinite(weighted) ? weighted / weights : Number.NaN;
  };
}
