import { area, grow, intersect, type Rect, rectOf } from '../../tiling/geometry/rect.js';
import { OPERATIONS, type Operation } from '../../tiling/operations/index.js';
import { type DType, SAMPLE_BYTES, viewSamples } from '../../tiling/raster/dtype.js';
import type { TileMap } from '../../worker/kernels/kernel.js';
import { type ChainRequest, layOutExchange, packMap } from '../../worker/kernels/webgpu/chain-request.js';
import { withIntervals } from '../../worker/kernels/webgpu/chain-steps.js';
import type { GpuDevice } from '../../worker/kernels/webgpu/gpu-device.js';
import type { DeviceStep } from '../../worker/kernels/webgpu/gpu-kernel.js';
import { copyRate } from './gpu-copies.js';

/** One kernel on one type of pixels. */
export interface GpuRow {
  readonly operation: Partial<Operation> & Pick<Operation, 'name'>;
  readonly dtype: DType;
  readonly channels: number;
  /** For operations by map: the largest radius or sigma of a smooth map. */
  readonly radius?: number;
}

/** Rates in million output pixels a second. */
export interface GpuRates {
  /** By timestamps around the passes; undefined where the device has none. */
  readonly resident: number | undefined;
  readonly withTransfers: number;
  /** The same tiles in and out with nothing computed. */
  readonly plainCopy: number;
  /** Bytes that the kernel's method has to move in device memory, a second; box only. */
  readonly bytesPerSecond: number | undefined;
}

const FIXED = { sigma: 4, truncate: 4, quality: 'fast' };
const LADDER = { truncate: 4, quality: 'fast' };
const DIRECT = { truncate: 4, quality: 'exact' };

/** The rows that the benchmark measures. */
export const GPU_ROWS: readonly GpuRow[] = [
  { operation: { name: 'box', byMap: true }, dtype: 'uint8', channels: 3, radius: 64 },
  { operation: { name: 'box', byMap: true }, dtype: 'uint8', channels: 3, radius: 255 },
  { operation: { name: 'box', byMap: true }, dtype: 'uint8', channels: 4, radius: 64 },
  { operation: { name: 'box', byMap: true }, dtype: 'uint16', channels: 1, radius: 64 },
  { operation: { name: 'box', byMap: true }, dtype: 'uint16', channels: 3, radius: 255 },
  { operation: { name: 'mean', params: { window: 15 } }, dtype: 'uint8', channels: 3 },
  { operation: { name: 'max', params: { footprint: 'disk:5' } }, dtype: 'uint8', channels: 3 },
  { operation: { name: 'median', params: { footprint: 'disk:2' } }, dtype: 'uint8', channels: 3 },
  { operation: { name: 'box', byMap: true }, dtype: 'float32', channels: 1, radius: 64 },
  { operation: { name: 'gaussian', params: FIXED }, dtype: 'uint8', channels: 3 },
  { operation: { name: 'gaussian', params: FIXED }, dtype: 'float32', channels: 1 },
  { operation: { name: 'gaussian', params: LADDER, byMap: true }, dtype: 'uint8', channels: 3, radius: 16 },
  { operation: { name: 'gaussian', params: LADDER, byMap: true }, dtype: 'uint8', channels: 3, radius: 64 },
  { operation: { name: 'gaussian', params: LADDER, byMap: true }, dtype: 'float32', channels: 1, radius: 64 },
  { operation: { name: 'gaussian', params: DIRECT, byMap: true }, dtype: 'uint8', channels: 3, radius: 4 },
  { operation: { name: 'gamma', params: { gamma: 0.7, gain: 1 } }, dtype: 'uint8', channels: 3 },
];

/** Measures one row: `tile` output pixels a side, `inFlight` tiles at a time, `tiles` in all. */
export async function measureRow(
  device: GpuDevice,
  row: GpuRow,
  { tile, inFlight, tiles }: { tile: number; inFlight: number; tiles: number },
): Promise<GpuRates> {
  const requests = Array.from({ length: inFlight }, () => requestOf(row, tile));
  const compute = await Promise.all(requests.map((request) => device.compute(request)));
  let best = Math.min(...compute.map((seconds) => seconds.compute));
  let next = 0;
  const lane = async (request: ChainRequest) => {
    while (next++ < tiles) best = Math.min(best, (await device.compute(request)).compute);
  };
  // Alone, so that nobody else's work lies between the timestamps.
  for (let round = 0; round < 5; round++) best = Math.min(best, (await device.compute(requests[0]!)).compute);
  const start = performance.now();
  await Promise.all(requests.map(lane));
  const seconds = (performance.now() - start) / 1000;
  const pixels = tile * tile;
  const { inputBytes, radii, result } = requests[0]!;
  const inBytes =
    Math.ceil(inputBytes / 4) * 4 + radii.reduce((sum, part) => sum + Math.ceil((part?.bytes ?? 0) / 4) * 4, 0);
  const outBytes = Math.ceil(result.bytes / 4) * 4;
  const copies = await copyRate(device.opened, { inBytes, outBytes, inFlight, tiles });
  const resident = best > 0 ? best : undefined;
  return {
    resident: resident && pixels / resident / 1e6,
    withTransfers: (tiles * pixels) / seconds / 1e6,
    plainCopy: (copies * pixels) / 1e6,
    bytesPerSecond:
      resident && row.operation.name === 'box' ? tableBytes(requests[0]!.steps[0]!) / resident : undefined,
  };
}

/**
 * What a summed-area table has to move at least: samples in, the table out, four entries of it in for each result
 * (neighbours share them: once over the window), radii in, results out.
 */
function tableBytes({ window, output, input }: DeviceStep): number {
  const samples = input.channels * SAMPLE_BYTES[input.dtype];
  // Of floats a wide sum, and a count of those that are not finite.
  const table = area(window) * input.channels * (input.dtype === 'float32' ? 12 : 4);
  return area(window) * samples + 2 * table + area(output) * (2 + samples);
}

function requestOf({ operation: given, dtype, channels, radius }: GpuRow, tile: number): ChainRequest {
  const operation = { params: {}, border: 'clip' as const, constantValue: 0, byMap: false, ...given };
  const reach = OPERATIONS[operation.name]!.reach(operation, radius ?? 0);
  const image = { width: tile + reach.left + reach.right, height: tile + reach.top + reach.bottom };
  const output = { x: reach.left, y: reach.top, width: tile, height: tile };
  const type = { dtype, channels };
  const plain: DeviceStep = {
    ...{ operation, output, image, input: type, result: type, alpha: 'none', mapMax: radius },
    window: intersect(grow(output, reach), rectOf(image)),
  };
  const map = radius === undefined ? undefined : smoothMap(operation, output, radius);
  const step = withIntervals(plain, map);
  const layout = layOutExchange([step]);
  const exchange = new SharedArrayBuffer(layout.bytes);
  const samples = viewSamples(dtype, exchange, 0, layout.inputBytes / SAMPLE_BYTES[dtype]);
  for (let i = 0; i < samples.length; i++) samples[i] = Math.imul(i, 0x9e3779b1) >>> 24;
  const place = layout.radii[0];
  if (place && map) packMap(step, map, new Uint8Array(exchange, place.offset, place.bytes));
  return { ...layout, exchange };
}

/** From 0 in one corner to `max` in the opposite one. */
function smoothMap({ name }: Operation, rect: Rect, max: number): TileMap {
  const radii = OPERATIONS[name]!.mapMeaning === 'radius';
  const values = radii ? new Uint16Array(area(rect)) : new Float32Array(area(rect));
  const { width, height } = rect;
  for (let i = 0; i < values.length; i++) {
    const value = (max * ((i % width) + Math.floor(i / width))) / (width + height - 2);
    values[i] = radii ? Math.round(value) : value;
  }
  return { rect, values, max };
}
