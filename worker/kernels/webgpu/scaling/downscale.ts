import { area } from '../../../../tiling/geometry/rect.js';
import { coveredRange, downscaledSize, nearestIndex, overlapOf } from '../../../../tiling/operations/downscale.js';
import { INTEGER_MAX, SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import { type DeviceStep, type GpuKernel, unfitPixels } from '../device/gpu-kernel.js';
import { uniformsOf } from '../device/uniforms.js';
import { weighedPixels } from '../samples/weighed-pixels.js';

/**
 * A smaller image by nearest sample or area mean. What each output column and row covers is computed here; the
 * device sums in integers of 64 bits and rounds by the remainder, so uint8 and uint16 equal the reference. Nodata
 * weighs nothing, unassociated alpha weighs colour.
 */
export const gpuDownscale: GpuKernel = {
  variants: ({ input }) => [`downscale ${input.dtype}×${input.channels}`],
  refusal(step) {
    const unfit = unfitPixels(step, { nodata: true, alpha: true });
    if (unfit !== undefined) return unfit;
    const largest = INTEGER_MAX[step.input.dtype as 'uint8' | 'uint16'];
    // All overlaps under one pixel are the image's area: weights stay below 2^48, weighted sums below 2^64.
    return area(step.image) * (largest + 1) ** 2 >= 2 ** 64 ? 'an image of 2^32 pixels' : undefined;
  },
  scratchBytes(step) {
    const bytes = spansOf(step).byteLength;
    return { largest: bytes, total: bytes };
  },
  async encode(run, step, { input, output }) {
    const size = downscaledSize(step.operation, step.image);
    const pixels = area(output.rect);
    await run.dispatch(
      {
        files: ['samples/samples', 'summed-area/sum-wide', 'samples/limbs', 'samples/validity', 'scaling/downscale'],
        entry: 'downscale',
        constants: { CHANNELS: step.input.channels, BYTES: SAMPLE_BYTES[step.input.dtype] },
      },
      uniformsOf('scaling/downscale', {
        ...{ inputWidth: input.rect.width, outputWidth: output.rect.width, outputPixels: pixels },
        nearest: Number(step.operation.params.method === 'nearest'),
        ...{ fullColumn: size.width, fullRow: size.height },
      }),
      { ...(await weighedPixels(run, step, input, true)), 2: await run.constantData(spansOf(step)), 3: output.buffer },
      run.linearGroups(Math.ceil(pixels / 4)),
    );
  },
};

/** Four numbers for each column of the output, then for each row: `Span` in downscale.wgsl. */
function spansOf({ operation, image, window, output }: DeviceStep): Uint32Array<ArrayBuffer> {
  const size = downscaledSize(operation, image);
  const along = (side: 'width' | 'height', start: 'x' | 'y') =>
    Array.from({ length: output[side] }, (_, offset) => {
      const [i, from, to] = [output[start] + offset, image[side], size[side]];
      if (operation.params.method === 'nearest') return [nearestIndex(i, from, to) - window[start], 1, 1, 1];
      const covered = coveredRange(i, from, to);
      const ends = [overlapOf(covered.from, i, from, to), overlapOf(covered.to - 1, i, from, to)];
      return [covered.from - window[start], covered.to - covered.from, ...ends];
    });
  return Uint32Array.from([along('width', 'x'), along('height', 'y')].flat(2));
}
