import { toSample } from '../../../tiling/raster/dtype.js';
import type { PixelKernels } from '../pixel-kernels.js';

/** One sample type to another, by the rule of {@link PixelKernels.convert}. */
export const convert: PixelKernels['convert'] = (input, output) => {
  const rowLength = output.rect.width * output.channels;
  for (let y = 0; y < output.rect.height; y++) {
    for (let i = 0; i < rowLength; i++) {
      output.samples[y * output.stride + i] = toSample(output.dtype, input.samples[y * input.stride + i]!);
    }
  }
};
