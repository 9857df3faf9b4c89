import { area, evenReach, type Reach } from '../../../tiling/geometry/rect.js';
import { isFull } from '../../../tiling/operations/footprint.js';
import { neighbourhoodOf } from '../../../tiling/operations/moments.js';
import { INTEGER_MAX, SAMPLE_BYTES } from '../../../tiling/raster/dtype.js';
import { type DeviceStep, type GpuKernel, unfitPixels } from './gpu-kernel.js';

/** Rows and columns of a block in box-sums.wgsl, and threads of its workgroups. */
const BLOCK = { rows: 16, columns: 32 };
/** Workgroup memory that box-sums.wgsl takes for sums of 64 bits. */
const WIDE_STORAGE_BYTES = 16 * 129 * 8;

/**
 * Means over a summed-area table: box by map, fixed box, and the mean of a full rectangle. Sums wrap at 2^32 where
 * no window of the tile can reach that, otherwise they have two limbs; quotients are rounded by their remainder in
 * integers. Equal to the reference for uint8 and uint16 without nodata and without alpha that weighs.
 */
export const gpuBox: GpuKernel = {
  variants(step) {
    const { dtype, channels } = step.input;
    // uint8 needs two limbs only for windows too large to check at start; the limbs know nothing of the type.
    return isWide(step) ? [`box ${dtype}×${channels}`, `box uint16×${channels} wide`] : [`box ${dtype}×${channels}`];
  },
  refusal(step, limits) {
    const unfit = unfitPixels(step, {});
    if (unfit !== undefined) return unfit;
    if (step.operation.name === 'mean' && !isFull(neighbourhoodOf(step.operation))) return 'footprint not a rectangle';
    if (isWide(step) && limits.workgroupStorageBytes < WIDE_STORAGE_BYTES) return 'too little workgroup memory';
    return undefined;
  },
  scratchBytes(step) {
    const { table, columns, rows, sumBytes } = shapeOf(step);
    return { largest: table * sumBytes, total: table * sumBytes + (columns + rows) * (4 + sumBytes) };
  },
  async encode(run, step, { input, output, radii }) {
    const { width, height, strips, chunks, columns, rows, table: entries, sumBytes } = shapeOf(step);
    const { channels } = step.input;
    const constants = { CHANNELS: channels, BYTES: SAMPLE_BYTES[step.input.dtype] };
    const sum = sumBytes === 8 ? 'sum-wide' : 'sum-narrow';
    const program = (entry: string) => ({ files: ['samples', sum, 'box-sums'], entry, constants });
    const params = [width, height, strips, chunks];
    const columnTotals = await run.storage(columns * 4);
    const rowTotals = await run.storage(rows * 4);
    const above = await run.storage(columns * sumBytes);
    const left = await run.storage(rows * sumBytes);
    const table = await run.storage(entries * sumBytes);
    const samples = input.buffer;
    const blocks = [chunks, strips] as const;
    const lines = (count: number) => [Math.ceil(count / 64), 1] as const;
    await run.dispatch(program('blockTotals'), params, { 1: samples, 2: columnTotals, 3: rowTotals }, blocks);
    await run.dispatch(program('scanStrips'), params, { 2: columnTotals, 4: above }, lines(width * channels));
    await run.dispatch(program('scanChunks'), params, { 3: rowTotals, 5: left }, lines(height * channels));
    await run.dispatch(program('scanRows'), params, { 5: left }, [chunks * channels, 1]);
    await run.dispatch(program('fillTable'), params, { 1: samples, 4: above, 5: left, 6: table }, blocks);

    const fixed = step.mapMax === undefined ? reachOf(step) : evenReach(0);
    const pixels = area(output.rect);
    await run.dispatch(
      { files: ['samples', sum, 'box-means'], entry: 'means', constants },
      [
        ...[width, height, output.rect.width, pixels],
        ...[output.rect.x - input.rect.x, output.rect.y - input.rect.y],
        ...[step.mapMax === undefined ? 0 : 1, fixed.left, fixed.right, fixed.top, fixed.bottom],
      ],
      { 1: table, 2: radii ?? columnTotals, 3: output.buffer },
      run.linearGroups(Math.ceil(pixels / 4)),
    );
  },
};

/** How far the widest window of a step reaches. */
function reachOf({ operation, mapMax }: DeviceStep): Reach {
  if (mapMax !== undefined) return evenReach(mapMax);
  return operation.name === 'box' ? evenReach(operation.params.radius as number) : neighbourhoodOf(operation).reach;
}

/** Whether a window of the step can sum to 2^32 or more; windows end where the input does. */
function isWide(step: DeviceStep): boolean {
  const { left, right, top, bottom } = reachOf(step);
  const across = Math.min(left + right + 1, step.window.width);
  const down = Math.min(top + bottom + 1, step.window.height);
  return across * down * INTEGER_MAX[step.input.dtype as 'uint8' | 'uint16'] >= 2 ** 32;
}

/** Entries of the table and of the totals that lead to it. */
function shapeOf(step: DeviceStep) {
  const { width, height } = step.window;
  const strips = Math.ceil(height / BLOCK.rows);
  const chunks = Math.ceil(width / BLOCK.columns);
  const { channels } = step.input;
  return {
    ...{ width, height, strips, chunks },
    table: width * height * channels,
    columns: strips * width * channels,
    rows: height * chunks * channels,
    sumBytes: isWide(step) ? 8 : 4,
  };
}
