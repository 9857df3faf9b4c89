import type { KernelContext, TileRaster } from '../../kernel.js';
import { avoidNodata } from '../../reference/samples/nodata.js';
import { invalidSamplesOf, nodataOf, sampleIndex } from '../../reference/samples/pixels.js';

/** Whether samples of the raster may be invalid: nodata, or those of masked pixels. */
export function hasInvalid(raster: TileRaster, context: KernelContext): boolean {
  if (raster.valid !== undefined) return true;
  return context.nodata !== undefined && nodataOf(raster, context).some((value) => value !== null);
}

/**
 * Puts the input's invalid samples back into a finished output of the same type and moves computed samples off the nodata value.
 * Costs nothing where the image names no nodata and no pixel is masked.
 */
export function keepInvalid(input: TileRaster, output: TileRaster, context: KernelContext): void {
  if (!hasInvalid(input, context)) return;
  const nodata = nodataOf(input, context);
  const isInvalid = invalidSamplesOf(input, context);
  const { rect, channels, dtype, samples } = output;
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    let from = sampleIndex(input, rect.x, y);
    let to = sampleIndex(output, rect.x, y);
    for (let x = 0; x < rect.width; x++, from += channels) {
      for (let c = 0; c < channels; c++, to++) {
        samples[to] = isInvalid(from, c) ? input.samples[from + c]! : avoidNodata(dtype, samples[to]!, nodata[c]!);
      }
    }
  }
}
