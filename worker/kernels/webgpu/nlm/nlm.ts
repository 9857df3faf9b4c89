import { area } from '../../../../tiling/geometry/rect.js';
import { nlmParams } from '../../../../tiling/operations/nlm.js';
import { SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import { type GpuKernel, unfitPixels } from '../device/gpu-kernel.js';
import { uniformsOf } from '../device/uniforms.js';
import { weighedPixels } from '../samples/weighed-pixels.js';

/** Pixels of a row that one workgroup computes. */
const ACROSS = 64;

/**
 * Non-local means in float32, as the processor's kernel has them: squared differences of whole patches, nothing slides.
 * Weights are within 2·10⁻⁵ of themselves, and the largest, that of the pixel itself, is 1; a mean is within 10⁻⁵ of the
 * largest sample in its window. Nodata and masked pixels are in no patch and no mean, and stay what they are.
 */
export const gpuNlm: GpuKernel = {
  variants: ({ input }) => [`nlm ${input.dtype}×${input.channels}`],
  refusal(step) {
    const unfit = unfitPixels(step, { float32: true, nodata: true, alpha: true, masks: true });
    if (unfit !== undefined) return unfit;
    const { h, sigma } = nlmParams(step.operation, step.input.dtype);
    const scales = [1 / (h * h), sigma * sigma].map(Math.fround);
    return scales.every(Number.isFinite) ? undefined : `h=${h}, sigma=${sigma}`;
  },
  scratchBytes({ output, input }) {
    const means = area(output) * input.channels * 4;
    return { largest: means, total: means };
  },
  async encode(run, step, { input, output }) {
    const { dtype, channels } = step.input;
    const { patchReach, windowReach, h, sigma } = nlmParams(step.operation, dtype);
    const { width, height, x, y } = output.rect;
    const constants = { CHANNELS: channels, BYTES: SAMPLE_BYTES[dtype] };
    const files = ['samples/samples', 'samples/numbers', 'samples/validity', 'nlm/nlm'];
    const segments = Math.ceil(width / ACROSS);
    const params = uniformsOf('nlm/nlm', {
      ...{ inputWidth: input.rect.width, inputHeight: input.rect.height, width, height },
      ...{ x: x - input.rect.x, y: y - input.rect.y, patchReach, windowReach },
      ...{ bias: 2 * sigma * sigma, scale: 1 / (h * h), segments },
    });
    const pixels = await weighedPixels(run, step, input, false);
    const means = await run.storage(area(output.rect) * channels * 4);
    const groups = run.linearGroups(segments * height * ACROSS);
    await run.dispatch({ files, entry: 'nlmMeans', constants }, params, { ...pixels, 2: means }, groups);
    const words = Math.ceil((area(output.rect) * channels * SAMPLE_BYTES[dtype]) / 4);
    const stored = { ...pixels, 2: means, 3: output.buffer };
    await run.dispatch({ files, entry: 'nlmStore', constants }, params, stored, run.linearGroups(words));
  },
};
