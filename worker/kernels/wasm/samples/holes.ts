import type { KernelContext, TileRaster } from '../../kernel.js';
import { avoidNodata } from '../../reference/nodata.js';
import { holesOf, nodataOf, sampleIndex } from '../../reference/pixels.js';

/** Whether samples of the raster may be holes: nodata, or those of masked pixels. */
export function hasHoles(raster: TileRaster, context: KernelContext): boolean {
  if (raster.valid !== undefined) return true;
  return context.nodata !== undefined && nodataOf(raster, context).some((value) => value !== null);
}

/**
 * Puts the input's holes back into a finished output of the same type and moves computed samples off the nodata value.
 * Costs nothing where the image names no nodata and no pixel is masked.
 */
export function keepHoles(input: TileRaster, output: TileRaster, context: KernelContext): void {
  if (!hasHoles(input, context)) return;
  const nodata = nodataOf(input, context);
  const isHole = holesOf(input, context);
  const { rect, channels, dtype, samples } = output;
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    let from = sampleIndex(input, rect.x, y);
    let to = sampleIndex(output, rect.x, y);
    for (let x = 0; x < rect.width; x++, from += channels) {
      for (let c = 0; c < channels; c++, to++) {
        samples[to] = isHole(from, c) ? input.samples[from + c]! : avoidNodata(dtype, samples[to]!, nodata[c]!);
      }
    }
  }
}
