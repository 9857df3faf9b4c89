import { palettedSize, paletteOf } from '../../../tiling/operations/palette.js';
import { nearestPosition } from '../../../tiling/palette/downscale-nearest.js';
import { Remap } from '../../../tiling/palette/remap.js';
import { type DType, toSample } from '../../../tiling/raster/dtype.js';
import type { Kernel } from '../kernel.js';
import { sampleIndex } from './samples/pixels.js';

/** The last palette that this thread mapped to, with all that it remembers. */
let latest: { readonly key: string; readonly remap: Remap } | undefined;

/**
 * The colour of a palette that is nearest to each pixel, Euclidean in RGB or Oklab, the first on a tie; then, where there
 * is a target, its nearest colour to that one. With ordered dithering a mixture of two colours by the pixel's place. Grey
 * is repeated, 16 bits become 8 by dropping the low byte, alpha is kept, a pixel of alpha 0 is all zeros. At another size, output pixel i shows input pixel ⌊(i + ½)·in/out⌋.
 */
export const palette: Kernel = (input, output, operation, { image }) => {
  const size = palettedSize(operation, image);
  const { colours, target, dither, space } = paletteOf(operation);
  const key = JSON.stringify([colours, target, dither, space]);
  if (latest?.key !== key) latest = { key, remap: new Remap(colours, { target, dither, space }) };
  const { remap } = latest;
  const dtype = (operation.params.dtype as DType | undefined) ?? input.dtype;
  const drop = dtype === 'uint16' ? 8 : 0;
  const green = input.channels < 3 ? 0 : 1;
  const { rect, channels } = output;
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    const v = nearestPosition(y, image.height, size.height);
    for (let x = rect.x; x < rect.x + rect.width; x++) {
      const from = sampleIndex(input, nearestPosition(x, image.width, size.width), v);
      const to = sampleIndex(output, x, y);
      const sample = (channel: number) => toSample(dtype, input.samples[from + channel]!) >> drop;
      if (input.valid && output.valid) output.valid[to / channels] = input.valid[from / input.channels]!;
      const alpha = channels === 4 ? sample(input.channels - 1) : 255;
      if (channels === 4) output.samples[to + 3] = alpha;
      const shown =
        alpha === 0 ? [0, 0, 0] : remap.colour((sample(0) << 16) | (sample(green) << 8) | sample(2 * green), x, y);
      for (let c = 0; c < 3; c++) output.samples[to + c] = shown[c]!;
    }
  }
};
