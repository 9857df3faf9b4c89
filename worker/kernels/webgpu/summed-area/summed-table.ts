/// <reference types="@webgpu/types" />
import type { Size } from '../../../../tiling/geometry/rect.js';
import { SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import type { DeviceRun } from '../device/device-run.js';
import type { DeviceStep } from '../device/gpu-kernel.js';
import { uniformsOf } from '../device/uniforms.js';

/** Rows and columns of a block in box-sums.wgsl, and threads of its workgroups. */
const BLOCK = { rows: 16, columns: 32 };
/** Workgroup memory that box-sums.wgsl takes for sums of 64 bits. */
export const WIDE_STORAGE_BYTES = 16 * 129 * 8;

/** `params.lane` of lanes-weighed.wgsl: what a table sums of each sample. */
export const WEIGHED_LANE = { values: 0, weights: 1, squares: 2 } as const;

/** `params.lane` of lanes-float.wgsl. */
export const FLOAT_LANE = { values: 0, nonFinite: 1, counted: 2 } as const;

/** What a table sums: WGSL that defines `laneOf`, with its bindings beside those of box-sums.wgsl. */
export interface Lane {
  readonly files: readonly string[];
  /** `params.lane` in box-sums.wgsl. */
  readonly number?: number;
  readonly bindings: Readonly<Record<number, GPUBuffer>>;
}

/** Bytes of a sum: 4 where no window of a tile sums to 2^32 or more, else 8 in two limbs. */
export type SumBytes = 4 | 8;

/** The WGSL that defines sums of so many bytes. */
export function sumFile(sumBytes: SumBytes): string {
  return sumBytes === 8 ? 'summed-area/sum-wide' : 'summed-area/sum-narrow';
}

/** Bytes of a table over `window`, and of all that is needed until it is filled. */
export function tableBytes(window: Size, channels: number, sumBytes: SumBytes): { table: number; total: number } {
  const { table, columns, rows } = shapeOf(window, channels);
  return { table: table * sumBytes, total: (table + 2 * (columns + rows)) * sumBytes };
}

/** Adds the passes that sum a lane over a step's window; the result is its table, inclusive, dense. */
export async function sumTable(run: DeviceRun, step: DeviceStep, lane: Lane, sumBytes: SumBytes): Promise<GPUBuffer> {
  const { channels, dtype } = step.input;
  const { width, height } = step.window;
  const { strips, chunks, columns, rows, table: entries } = shapeOf(step.window, channels);
  const constants = { CHANNELS: channels, BYTES: SAMPLE_BYTES[dtype] };
  const common = ['samples/samples', sumFile(sumBytes), 'summed-area/box-sums'];
  const files = [...common, ...lane.files];
  // What scans totals knows neither types nor lanes: fewer programs to compile.
  const scan = (entry: string) => ({
    files: [...common, 'summed-area/lanes-plain'],
    entry,
    constants: { CHANNELS: channels },
  });
  const program = (entry: string) => ({ files, entry, constants });
  const params = uniformsOf('summed-area/box-sums', { width, height, strips, chunks, lane: lane.number ?? 0 });
  const columnTotals = await run.storage(columns * sumBytes);
  const rowTotals = await run.storage(rows * sumBytes);
  const above = await run.storage(columns * sumBytes);
  const left = await run.storage(rows * sumBytes);
  const table = await run.storage(entries * sumBytes);
  const blocks = [chunks, strips] as const;
  const lines = (count: number) => [Math.ceil(count / 64), 1] as const;
  await run.dispatch(program('blockTotals'), params, { ...lane.bindings, 2: columnTotals, 3: rowTotals }, blocks);
  await run.dispatch(scan('scanStrips'), params, { 2: columnTotals, 4: above }, lines(width * channels));
  await run.dispatch(scan('scanChunks'), params, { 3: rowTotals, 5: left }, lines(height * channels));
  await run.dispatch(scan('scanRows'), params, { 5: left }, [chunks * channels, 1]);
  await run.dispatch(program('fillTable'), params, { ...lane.bindings, 4: above, 5: left, 6: table }, blocks);
  return table;
}

/** Entries of a table and of the totals that lead to it. */
function shapeOf({ width, height }: Size, channels: number) {
  const strips = Math.ceil(height / BLOCK.rows);
  const chunks = Math.ceil(width / BLOCK.columns);
  return {
    ...{ strips, chunks },
    table: width * height * channels,
    columns: strips * width * channels,
    rows: height * chunks * channels,
  };
}
