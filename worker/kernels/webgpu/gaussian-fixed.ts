import { area } from '../../../tiling/geometry/rect.js';
import { fixedWeights } from '../../../tiling/operations/gaussian.js';
import { SAMPLE_BYTES } from '../../../tiling/raster/dtype.js';
import { type DeviceStep, type GpuKernel, unfitPixels } from './gpu-kernel.js';

/**
 * Gaussian of one sigma in float32, without nodata and without alpha that weighs.
 *
 * The bound, with u = 2^-24 and all weights positive: a weight is off by u of itself, its product by u, the tree of
 * eight by 3u, the compensated sum by u and, where its rounding errors are added in their turn, by far less than
 * another: 7u of the largest sample for a whole line of any length. A line that the image cuts adds 4u for the sum of
 * its weights and 5u for the division. Two passes are thus within 32u < 2·10⁻⁶ of the largest sample, which for
 * integers is less than an eighth of a step: a rounded sample is off by at most 1.
 */
export const gpuFixedGaussian: GpuKernel = {
  variants: ({ input }) => [`gaussian ${input.dtype}×${input.channels}`],
  refusal(step) {
    return (
      unfitPixels(step, { float32: true }) ?? (endsEarly(step) ? 'a window of which most weighs nothing' : undefined)
    );
  },
  scratchBytes(step) {
    const bytes = rowMeans(step) * 4;
    return { largest: bytes, total: bytes + fixedWeights(step.operation).length * 8 };
  },
  async encode(run, step, { input, output }) {
    const bytes = SAMPLE_BYTES[step.input.dtype];
    const constants = { CHANNELS: step.input.channels, BYTES: bytes };
    const weights = fixedWeights(step.operation);
    const weightBuffer = await run.constantData(weightTable(weights));
    const means = await run.storage(rowMeans(step) * 4);
    const params = [
      ...[input.rect.width, input.rect.height, output.rect.width, output.rect.height],
      ...[output.rect.x - input.rect.x, output.rect.y - input.rect.y, weights.length - 1, 0],
    ];
    const program = (entry: string) => ({ files: ['samples', 'numbers', 'gaussian-fixed'], entry, constants });
    const rowGroups = run.linearGroups(rowMeans(step));
    await run.dispatch(program('rows'), params, { 1: input.buffer, 2: weightBuffer, 3: means }, rowGroups);
    const words = Math.ceil((area(output.rect) * step.input.channels * bytes) / 4);
    const bindings = { 2: weightBuffer, 3: means, 4: output.buffer };
    await run.dispatch(program('columns'), params, bindings, run.linearGroups(words));
  },
};

/** In float64, weights of a `ksize` far beyond sigma are 0, and a sample that is not finite spoils nothing there. */
function endsEarly({ operation, input }: DeviceStep): boolean {
  return input.dtype === 'float32' && fixedWeights(operation).at(-1)! ** 2 === 0;
}

function rowMeans({ window, output, input }: DeviceStep): number {
  return output.width * window.height * input.channels;
}

/** Weights that sum to 1 over both sides, then the sums of those at distances 1 to k, k from 0 on; float32 bits. */
function weightTable(weights: Float64Array): Uint32Array<ArrayBuffer> {
  const sums = new Float64Array(weights.length);
  for (let i = 1; i < weights.length; i++) sums[i] = sums[i - 1]! + weights[i]!;
  const total = weights[0]! + 2 * sums.at(-1)!;
  return new Uint32Array(Float32Array.from([...weights, ...sums], (each) => each / total).buffer);
}
