import { area, evenReach, type Reach } from '../../../../tiling/geometry/rect.js';
import { INTEGER_MAX, SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import { type DeviceStep, type GpuKernel, unfitPixels } from '../device/gpu-kernel.js';
import { uniformsOf } from '../device/uniforms.js';
import { gpuWindowMeans } from '../moments/window-means.js';
import { isPlain } from '../samples/weighed-pixels.js';
import { type SumBytes, sumFile, sumTable, tableBytes, WIDE_STORAGE_BYTES } from '../summed-area/summed-table.js';

/**
 * Means over a summed-area table: box by map and fixed. Sums wrap at 2^32 where no window of the tile can reach
 * that, otherwise they have two limbs; quotients are rounded by their remainder in integers. Equal to the reference
 * for uint8 and uint16. Floats and samples that have weights are the work of {@link gpuWindowMeans}.
 */
export const gpuBox: GpuKernel = {
  variants(step) {
    if (!isPlainIntegers(step)) return gpuWindowMeans.variants(step);
    const { dtype, channels } = step.input;
    // uint8 needs two limbs only for windows too large to check at start; the limbs know nothing of the type.
    if (sumBytesOf(step) === 4) return [`box ${dtype}×${channels}`];
    return [`box ${dtype}×${channels}`, `box uint16×${channels} wide`];
  },
  refusal(step, limits) {
    if (!isPlainIntegers(step)) return gpuWindowMeans.refusal(step, limits);
    const unfit = unfitPixels(step, {});
    if (unfit !== undefined) return unfit;
    const tooSmall = sumBytesOf(step) === 8 && limits.workgroupStorageBytes < WIDE_STORAGE_BYTES;
    return tooSmall ? 'too little workgroup memory' : undefined;
  },
  scratchBytes(step) {
    if (!isPlainIntegers(step)) return gpuWindowMeans.scratchBytes(step);
    const { table, total } = tableBytes(step.window, step.input.channels, sumBytesOf(step));
    return { largest: table, total };
  },
  async encode(run, step, rasters) {
    if (!isPlainIntegers(step)) return gpuWindowMeans.encode(run, step, rasters);
    const { input, output, radii } = rasters;
    const { width, height } = step.window;
    const constants = { CHANNELS: step.input.channels, BYTES: SAMPLE_BYTES[step.input.dtype] };
    const sumBytes = sumBytesOf(step);
    const lane = { files: ['summed-area/lanes-plain'], bindings: { 1: input.buffer } };
    const table = await sumTable(run, step, lane, sumBytes);
    const fixed = step.mapMax === undefined ? reachOf(step) : evenReach(0);
    const pixels = area(output.rect);
    await run.dispatch(
      { files: ['samples/samples', sumFile(sumBytes), 'box/box-means'], entry: 'means', constants },
      uniformsOf('box/box-means', {
        ...{ inputWidth: width, inputHeight: height, outputWidth: output.rect.width, outputPixels: pixels },
        ...{ x: output.rect.x - input.rect.x, y: output.rect.y - input.rect.y },
        ...{ byMap: step.mapMax === undefined ? 0 : 1, ...fixed },
      }),
      // Without a map `radii` is bound and not read.
      { 1: table, 2: radii ?? input.buffer, 3: output.buffer },
      run.linearGroups(Math.ceil(pixels / 4)),
    );
  },
};

function isPlainIntegers(step: DeviceStep): boolean {
  return isPlain(step) && step.input.dtype !== 'float32';
}

/** How far the widest window of a step reaches. */
function reachOf({ operation, mapMax }: DeviceStep): Reach {
  return evenReach(mapMax ?? (operation.params.radius as number));
}

/** Two limbs where a window of the step can sum to 2^32 or more; windows end where the input does. */
function sumBytesOf(step: DeviceStep): SumBytes {
  const { left, right, top, bottom } = reachOf(step);
  const across = Math.min(left + right + 1, step.window.width);
  const down = Math.min(top + bottom + 1, step.window.height);
  return across * down * INTEGER_MAX[step.input.dtype as 'uint8' | 'uint16'] >= 2 ** 32 ? 8 : 4;
}
