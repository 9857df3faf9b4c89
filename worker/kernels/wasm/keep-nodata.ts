import type { KernelContext, TileRaster } from '../kernel.js';
import { avoidNodata, isNodata } from '../reference/nodata.js';
import { nodataOf, sampleIndex } from '../reference/pixels.js';

/** Whether any channel's nodata value can occur in samples of the raster's type. */
export function hasNodata(raster: TileRaster, context: KernelContext): boolean {
  return context.nodata !== undefined && nodataOf(raster, context).some((value) => value !== null);
}

/**
 * Puts nodata samples of the input back into a finished output of the same type and moves computed ones off
 * the nodata value. Costs nothing where the image names no nodata.
 */
export function keepNodata(input: TileRaster, output: TileRaster, context: KernelContext): void {
  if (!hasNodata(input, context)) return;
  const nodata = nodataOf(input, context);
  const { rect, channels, dtype, samples } = output;
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    let from = sampleIndex(input, rect.x, y);
    let to = sampleIndex(output, rect.x, y);
    for (let x = 0; x < rect.width; x++) {
      for (let c = 0; c < channels; c++, from++, to++) {
        const hole = nodata[c]!;
        const sample = input.samples[from]!;
        samples[to] = isNodata(sample, hole) ? sample : avoidNodata(dtype, samples[to]!, hole);
      }
    }
  }
}
