/// <reference types="@webgpu/types" />
import { area } from '../../../../tiling/geometry/rect.js';
import { MAX_SIGMA, usesScaleSpace } from '../../../../tiling/operations/gaussian.js';
import { INTERVALS } from '../../../../tiling/operations/scale-space.js';
import { bytesOf, SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import type { DeviceRun } from '../device/device-run.js';
import { type DeviceStep, type GpuKernel, type StepRasters, unfitPixels } from '../device/gpu-kernel.js';
import { uniformsOf } from '../device/uniforms.js';
import { keepInvalid } from '../samples/keep-invalid.js';
import { isPlain } from '../samples/weighed-pixels.js';
import { nonFiniteTable } from '../summed-area/float-tables.js';
import { tableBytes } from '../summed-area/summed-table.js';
import { expandOnDevice } from './expand.js';
import { encodeDirect, packRates } from './gaussian-direct.js';
import { knownToGaussians } from './gaussian-fixed.js';
import { cutShares, encodeScaleSpace, scratchSamples } from './gaussian-scale-space.js';
import { encodeWeighed } from './weighed-planes.js';

/** Less weight in the scale space is what roundings leave of none, as in WebAssembly. */
const LEAST_WEIGHT = 1e-9;
/** Shares of a row or column in both levels of every interval, where the image cuts windows. */
const TABLE_BYTES = 2 * (INTERVALS + 1) * 4;

/**
 * Gaussian by map in float32: through the scale space, or as the direct sum. Where samples have weights the sums of
 * both are taken the same way and divided in the end.
 *
 * The scale space's rounding errors are some tens of units of 2^-24 and vanish beside its own bound. The direct sum's
 * bound, with u = 2^-24: a weight's exponent is off by 2u of itself and its power by 3u, which weighted is 4u an axis
 * and 8u in all; that moves a mean by at most 8u times the span of its samples, so 16u of the largest one. Product,
 * tree of eight, product with the row's weight and compensated sum add 6u, the sums of weights and their product 5u,
 * the division 5u: 32u < 2·10⁻⁶ of the largest sample, however wide the window. Weights of samples take the place of
 * the sums of weights: 33u.
 */
export const gpuMapGaussian: GpuKernel = {
  variants: ({ operation, input }) => [
    `gaussian by map ${usesScaleSpace(operation) ? '' : 'exact '}${input.dtype}×${input.channels}`,
  ],
  refusal(step) {
    if (step.mapMax! > MAX_SIGMA) return `a sigma above ${MAX_SIGMA}`;
    return unfitPixels(step, knownToGaussians(step));
  },
  scratchBytes(step) {
    const planes = isPlain(step) ? 1 : 2;
    const plane = area(step.window) * step.input.channels * 4;
    const sums = area(step.output) * step.input.channels * 4;
    const nonFinite = step.input.dtype === 'float32' ? tableBytes(step.window, step.input.channels, 4).total : 0;
    const direct = planes * (plane + sums) + nonFinite;
    if (!usesScaleSpace(step.operation)) return { largest: Math.max(plane, area(step.output) * 8), total: direct };
    const { rows, points, grids } = scratchSamples(step);
    const tables = TABLE_BYTES * (step.output.width + step.output.height);
    const total = direct + planes * 4 * (rows + points + grids) + tables;
    return { largest: Math.max(plane, 4 * rows, tables), total };
  },
  mapBytes: (step) => (usesScaleSpace(step.operation) ? 4 : 8),
  packMap(step, map, into) {
    if (usesScaleSpace(step.operation)) into.set(bytesOf(map.values));
    else packRates(map, into);
  },
  async encode(run, step, rasters) {
    const samples = area(step.output) * step.input.channels;
    const scaleSpace = usesScaleSpace(step.operation);
    const sigmas = rasters.radii!;
    const plain = isPlain(step);
    const sumsOf = async (plane: GPUBuffer) => {
      const sums = await run.storage(samples * 4);
      if (scaleSpace) await encodeScaleSpace(run, step, { plane, sigmas, sums });
      else await encodeDirect(run, step, { plane, sigmas, means: sums }, plain);
      return sums;
    };
    if (plain) await storePlain(run, step, rasters, await sumsOf(await expandOnDevice(run, rasters.input)));
    else await encodeWeighed(run, step, rasters, { marked: false, least: scaleSpace ? LEAST_WEIGHT : 0, sumsOf });
    if (step.input.dtype !== 'float32') return;
    await propagateNaN(run, step, rasters);
    if (!plain) await keepInvalid(run, step, rasters);
  },
};

/** Adds the pass that stores sums of samples of equal weight, divided where the image cuts windows. */
async function storePlain(run: DeviceRun, step: DeviceStep, rasters: StepRasters, sums: GPUBuffer): Promise<void> {
  const { width, height } = step.output;
  const { channels, dtype } = step.input;
  const samples = area(step.output) * channels;
  const cut = usesScaleSpace(step.operation) ? await cutShares(run, step) : undefined;
  const files = ['samples/samples', 'samples/numbers', 'gaussian/scale-places', 'gaussian/gaussian-store'];
  await run.dispatch(
    { files, entry: 'store', constants: { BYTES: SAMPLE_BYTES[dtype] } },
    uniformsOf('gaussian/gaussian-store', {
      ...{ width, height, samples, channels },
      ...{ cut: cut ? 1 : 0, lowest: cut?.lowest ?? 0, down: cut?.down ?? 0 },
    }),
    { 1: sums, 2: rasters.radii!, 3: cut?.table ?? sums, 4: rasters.output.buffer },
    run.linearGroups(Math.ceil((samples * SAMPLE_BYTES[dtype]) / 4)),
  );
}

/** Adds the passes that give NaN where a window touches a sample that is not finite: it stood as 0 so far. */
async function propagateNaN(
  run: DeviceRun,
  step: DeviceStep,
  { input, output, radii: sigmas }: StepRasters,
): Promise<void> {
  const { channels } = step.input;
  const samples = area(step.output) * channels;
  const counts = await nonFiniteTable(run, step, input);
  await run.dispatch(
    {
      files: ['samples/samples', 'gaussian/gaussian-weights', 'summed-area/windows', 'gaussian/propagate-nan'],
      entry: 'propagateNaN',
      constants: { CHANNELS: channels },
    },
    uniformsOf('gaussian/propagate-nan', {
      ...{ inputWidth: input.rect.width, inputHeight: input.rect.height, outputWidth: output.rect.width, samples },
      ...{ x: output.rect.x - input.rect.x, y: output.rect.y - input.rect.y },
    }),
    { 1: counts, 2: sigmas!, 3: output.buffer },
    run.linearGroups(samples),
  );
}
