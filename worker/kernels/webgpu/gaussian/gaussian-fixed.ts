import { area } from '../../../../tiling/geometry/rect.js';
import { fixedWeights } from '../../../../tiling/operations/gaussian.js';
import { SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import type { DeviceRun } from '../device/device-run.js';
import {
  type DeviceRaster,
  type DeviceStep,
  type GpuKernel,
  type KnownPixels,
  unfitPixels,
} from '../device/gpu-kernel.js';
import { uniformsOf } from '../device/uniforms.js';
import { isPlain } from '../samples/weighed-pixels.js';
import { encodeWeighed } from './weighed-planes.js';

/**
 * Gaussian of one sigma in float32.
 *
 * The bound, with u = 2^-24 and all weights positive: a weight is off by u of itself, its product by u, the tree of
 * eight by 3u, the compensated sum by u and, where its rounding errors are added in their turn, by far less than
 * another: 7u of the largest sample for a whole line of any length. A line that the image cuts adds 4u for the sum of
 * its weights and 5u for the division. Two passes are thus within 32u < 2·10⁻⁶ of the largest sample, which for
 * integers is less than an eighth of a step: a rounded sample is off by at most 1. Where samples have weights both
 * sums are taken undivided, 14u each, and divided in the end: 33u.
 */
export const gpuFixedGaussian: GpuKernel = {
  variants: ({ input }) => [`gaussian ${input.dtype}×${input.channels}`],
  refusal(step) {
    const unfit = unfitPixels(step, knownToGaussians(step));
    return unfit ?? (endsEarly(step) ? 'a window of which most weighs nothing' : undefined);
  },
  scratchBytes(step) {
    const { window, output, input } = step;
    const rows = rowMeans(step) * 4;
    const weights = fixedWeights(step.operation).length * 8;
    if (isPlain(step)) return { largest: rows, total: rows + weights };
    const planes = 2 * area(window) * input.channels * 4;
    const sums = 2 * area(output) * input.channels * 4;
    return { largest: Math.max(rows, planes / 2), total: planes + sums + 2 * (rows + weights) };
  },
  async encode(run, step, { input, output }) {
    if (isPlain(step)) return blur(run, step, { input, output, divided: true });
    const plane = { channels: input.channels, dtype: 'float32' } as const;
    return encodeWeighed(
      run,
      step,
      { input, output },
      {
        marked: true,
        least: 0,
        async sumsOf(buffer) {
          const sums = await run.storage(area(output.rect) * input.channels * 4);
          const from = { ...plane, rect: input.rect, buffer };
          await blur(run, step, { input: from, output: { ...plane, rect: output.rect, buffer: sums }, divided: false });
          return sums;
        },
      },
    );
  },
};

/** Adds both passes over a raster, which need not have the step's own type. */
async function blur(
  run: DeviceRun,
  step: DeviceStep,
  { input, output, divided }: { input: DeviceRaster; output: DeviceRaster; divided: boolean },
): Promise<void> {
  const bytes = SAMPLE_BYTES[input.dtype];
  const constants = { CHANNELS: input.channels, BYTES: bytes };
  const weights = fixedWeights(step.operation);
  const weightBuffer = await run.constantData(weightTable(weights));
  const means = await run.storage(rowMeans(step) * 4);
  const params = uniformsOf('gaussian/gaussian-fixed', {
    ...{ inputWidth: input.rect.width, inputHeight: input.rect.height },
    ...{ outputWidth: output.rect.width, outputHeight: output.rect.height },
    ...{ x: output.rect.x - input.rect.x, y: output.rect.y - input.rect.y },
    ...{ radius: weights.length - 1, zero: 0, divided: Number(divided) },
  });
  const program = (entry: string) => ({
    files: ['samples/samples', 'samples/numbers', 'gaussian/gaussian-fixed'],
    entry,
    constants,
  });
  const rowGroups = run.linearGroups(rowMeans(step));
  await run.dispatch(program('rows'), params, { 1: input.buffer, 2: weightBuffer, 3: means }, rowGroups);
  const words = Math.ceil((area(output.rect) * input.channels * bytes) / 4);
  const bindings = { 2: weightBuffer, 3: means, 4: output.buffer };
  await run.dispatch(program('columns'), params, bindings, run.linearGroups(words));
}

/** What Gaussians can do beside plain samples; alpha of float32 need be no weight. */
export function knownToGaussians({ input }: DeviceStep): KnownPixels {
  return { float32: true, nodata: true, masks: true, alpha: input.dtype !== 'float32' };
}

/** Below this, products of two weights are no numbers that a device must keep. */
const LEAST_PRODUCT = 1e-30;

/** Weights of a `ksize` far beyond sigma are 0 on a device, or even in float64; an invalid sample may leave no others. */
function endsEarly(step: DeviceStep): boolean {
  const least = fixedWeights(step.operation).at(-1)! ** 2;
  if (!isPlain(step)) return least < LEAST_PRODUCT;
  return step.input.dtype === 'float32' && least === 0;
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
