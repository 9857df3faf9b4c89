import type { DType } from '../../../tiling/raster/dtype.js';
import type { TileRaster } from '../kernel.js';
import type { HalveOptions, PixelKernels } from '../pixel-kernels.js';
import { avoidNodata, nodataSample } from './samples/nodata.js';
import { invalidSamplesOf } from './samples/pixels.js';
import { roundedQuotient } from './samples/rounding.js';

/** One level to the next, by the rule of {@link PixelKernels.halve}. */
export const halve: PixelKernels['halve'] = (input, output, options) => {
  const { rect, channels, samples, stride, valid } = output;
  const isInvalid = invalidSamplesOf(input, options);
  for (let y = 0; y < rect.height; y++) {
    for (let x = 0; x < rect.width; x++) {
      const pixels = pixelsUnder(input, rect.x + x, rect.y + y);
      if (input.valid && valid) {
        const under = options.mode === 'nearest' ? pixels.slice(0, 1) : pixels;
        const counts = under.some((pixel) => input.valid![pixel / channels] !== 0);
        valid[(y * stride) / channels + x] = counts ? 255 : 0;
      }
      for (let c = 0; c < channels; c++) {
        samples[y * stride + x * channels + c] =
          options.mode === 'nearest'
            ? input.samples[pixels[0]! + c]!
            : average(input, pixels, c, { ...options, isInvalid });
      }
    }
  }
};

/** Indices of the first samples of up to four pixels, the top left one first. */
function pixelsUnder({ rect, stride, channels }: TileRaster, x: number, y: number): number[] {
  const pixels: number[] = [];
  for (let row = 2 * y; row < Math.min(2 * y + 2, rect.y + rect.height); row++) {
    for (let column = 2 * x; column < Math.min(2 * x + 2, rect.x + rect.width); column++) {
      pixels.push((row - rect.y) * stride + (column - rect.x) * channels);
    }
  }
  return pixels;
}

function average(
  input: TileRaster,
  pixels: number[],
  channel: number,
  options: HalveOptions & { readonly isInvalid: (pixel: number, channel: number) => boolean },
): number {
  const { samples, channels, dtype } = input;
  const nodata = nodataSample(dtype, options.nodata?.[channel]);
  const valid = pixels.filter((pixel) => !options.isInvalid(pixel, channel));
  if (valid.length === 0) return samples[pixels[0]! + channel]!;
  const alpha = channels - 1;
  let weighted = 0;
  let weights = 0;
  for (const pixel of valid) {
    const weight = options.alpha === 'unassociated' && channel !== alpha ? samples[pixel + alpha]! : 1;
    if (weight === 0 || (channel !== alpha && options.alpha === 'unassociated' && options.isInvalid(pixel, alpha)))
      continue;
    weighted += weight * samples[pixel + channel]!;
    weights += weight;
  }
  return avoidNodata(dtype, quotient(dtype, weighted, weights), nodata);
}

function quotient(dtype: DType, weighted: number, weights: number): number {
  if (weights === 0) return 0;
  if (dtype !== 'float32') return roundedQuotient(weighted, weights);
  return Number.isFinite(weighted) ? weighted / weights : Number.NaN;
}
