import { area } from '../../../tiling/geometry/rect.js';
import { fixedWeights } from '../../../tiling/operations/gaussian.js';
import { INTEGER_MAX, SAMPLE_BYTES } from '../../../tiling/raster/dtype.js';
import { type DeviceStep, type GpuKernel, unfitPixels } from './gpu-kernel.js';

/** Half the distance between floats near 1. */
const UNIT = 2 ** -24;

/**
 * Gaussian of one sigma in float32, for uint8 and uint16 without nodata and without alpha that weighs. A sum of n
 * positive products is off by at most (n + 2)·u of itself, u = 2^-24, the sum of weights as much; the division by
 * 2.5 units more. Two passes over n = 2·radius + 1 samples are thus within (4n + 14)·u of the exact mean. The kernel
 * is offered while that is less than half a step of the type, so that the rounded sample is off by at most 1.
 */
export const gpuGaussian: GpuKernel = {
  variants: ({ input }) => [`gaussian ${input.dtype}×${input.channels}`],
  refusal(step) {
    if (step.mapMax !== undefined) return 'one sigma a pixel';
    return unfitPixels(step, {}) ?? (errorBound(step) < 0.5 ? undefined : 'float32 sums too coarse for this radius');
  },
  scratchBytes(step) {
    const bytes = rowMeans(step) * 4;
    return { largest: bytes, total: bytes + fixedWeights(step.operation).length * 4 };
  },
  async encode(run, step, { input, output }) {
    const bytes = SAMPLE_BYTES[step.input.dtype];
    const constants = { CHANNELS: step.input.channels, BYTES: bytes };
    const weights = Float32Array.from(fixedWeights(step.operation));
    const weightBuffer = await run.constantData(new Uint32Array(weights.buffer));
    const means = await run.storage(rowMeans(step) * 4);
    const params = [
      ...[input.rect.width, input.rect.height, output.rect.width, output.rect.height],
      ...[output.rect.x - input.rect.x, output.rect.y - input.rect.y, weights.length - 1],
    ];
    const program = (entry: string) => ({ files: ['samples', 'gaussian'], entry, constants });
    const rowGroups = run.linearGroups(rowMeans(step));
    await run.dispatch(program('rows'), params, { 1: input.buffer, 2: weightBuffer, 3: means }, rowGroups);
    const words = Math.ceil((area(output.rect) * step.input.channels * bytes) / 4);
    const bindings = { 2: weightBuffer, 3: means, 4: output.buffer };
    await run.dispatch(program('columns'), params, bindings, run.linearGroups(words));
  },
};

function rowMeans({ window, output, input }: DeviceStep): number {
  return output.width * window.height * input.channels;
}

/** The largest difference from the exact mean before rounding, in sample units. */
function errorBound({ operation, input }: DeviceStep): number {
  const samples = 2 * fixedWeights(operation).length - 1;
  return INTEGER_MAX[input.dtype as 'uint8' | 'uint16'] * (4 * samples + 14) * UNIT;
}
