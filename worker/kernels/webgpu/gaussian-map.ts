import { area } from '../../../tiling/geometry/rect.js';
import { MAX_SIGMA, usesLadder } from '../../../tiling/operations/gaussian.js';
import { INTERVALS } from '../../../tiling/operations/sigma-ladder.js';
import { bytesOf, SAMPLE_BYTES } from '../../../tiling/raster/dtype.js';
import type { DeviceRun } from './device-run.js';
import { expandOnDevice } from './expand.js';
import { spoiltTable } from './float-tables.js';
import { encodeDirect, packRates } from './gaussian-direct.js';
import { type CutShares, encodeLadder, scratchSamples } from './gaussian-ladder.js';
import { type DeviceStep, type GpuKernel, type StepRasters, unfitPixels } from './gpu-kernel.js';
import { tableBytes } from './summed-table.js';

/** Shares of a row or column in both rungs of every interval, where the image cuts windows. */
const TABLE_BYTES = 2 * (INTERVALS + 1) * 4;

/**
 * Gaussian by map in float32, without nodata and without alpha that weighs: through the sigma ladder, or as the
 * direct sum.
 *
 * The ladder's rounding errors are some tens of units of 2^-24 and vanish beside its own bound. The direct sum's
 * bound, with u = 2^-24: a weight's exponent is off by 2u of itself and its power by 3u, which weighted is 4u an axis
 * and 8u in all; that moves a mean by at most 8u times the span of its samples, so 16u of the largest one. Product,
 * tree of eight, product with the row's weight and compensated sum add 6u, the sums of weights and their product 5u,
 * the division 5u: 32u < 2·10⁻⁶ of the largest sample, however wide the window.
 */
export const gpuMapGaussian: GpuKernel = {
  variants: ({ operation, input }) => [
    `gaussian by map ${usesLadder(operation) ? '' : 'exact '}${input.dtype}×${input.channels}`,
  ],
  refusal(step) {
    if (step.mapMax! > MAX_SIGMA) return `a sigma above ${MAX_SIGMA}`;
    return unfitPixels(step, { float32: true });
  },
  scratchBytes(step) {
    const plane = area(step.window) * step.input.channels * 4;
    const sums = area(step.output) * step.input.channels * 4;
    const spoilt = step.input.dtype === 'float32' ? tableBytes(step.window, step.input.channels, 4).total : 0;
    if (!usesLadder(step.operation)) return { largest: Math.max(plane, mapBytes(step)), total: plane + sums + spoilt };
    const { rows, points, grids } = scratchSamples(step);
    const tables = TABLE_BYTES * (step.output.width + step.output.height);
    const total = plane + sums + spoilt + 4 * (rows + points + grids) + tables;
    return { largest: Math.max(plane, 4 * rows, tables), total };
  },
  mapBytes: (step) => (usesLadder(step.operation) ? 4 : 8),
  packMap(step, map, into) {
    if (usesLadder(step.operation)) into.set(bytesOf(map.values));
    else packRates(map, into);
  },
  async encode(run, step, { input, output, radii: sigmas }) {
    const samples = area(step.output) * step.input.channels;
    const means = await run.storage(samples * 4);
    const plane = await expandOnDevice(run, input);
    let cut: CutShares | undefined;
    if (usesLadder(step.operation)) cut = await encodeLadder(run, step, { plane, sigmas: sigmas!, sums: means });
    else await encodeDirect(run, step, { plane, sigmas: sigmas!, means });

    const { width, height } = step.output;
    const bytes = SAMPLE_BYTES[step.input.dtype];
    const files = ['samples', 'numbers', 'ladder-places', 'gaussian-store'];
    await run.dispatch(
      { files, entry: 'store', constants: { BYTES: bytes } },
      [width, samples, step.input.channels, cut ? 1 : 0, cut?.lowest ?? 0, cut?.down ?? 0, height],
      { 1: means, 2: sigmas!, 3: cut?.table ?? means, 4: output.buffer },
      run.linearGroups(Math.ceil((samples * bytes) / 4)),
    );
    if (step.input.dtype === 'float32') await spoil(run, step, { input, output, radii: sigmas });
  },
};

/** Adds the passes that give NaN where a window touches a sample that is not finite: it stood as 0 so far. */
async function spoil(run: DeviceRun, step: DeviceStep, { input, output, radii: sigmas }: StepRasters): Promise<void> {
  const { channels } = step.input;
  const samples = area(step.output) * channels;
  const counts = await spoiltTable(run, step, input);
  await run.dispatch(
    { files: ['samples', 'gaussian-weights', 'windows', 'spoil'], entry: 'spoil', constants: { CHANNELS: channels } },
    [
      ...[input.rect.width, input.rect.height, output.rect.width, samples],
      ...[output.rect.x - input.rect.x, output.rect.y - input.rect.y],
    ],
    { 1: counts, 2: sigmas!, 3: output.buffer },
    run.linearGroups(samples),
  );
}

function mapBytes(step: DeviceStep): number {
  return area(step.output) * 8;
}
