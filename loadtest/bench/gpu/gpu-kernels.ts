import { area } from '../../../tiling/geometry/rect.js';
import { SAMPLE_BYTES } from '../../../tiling/raster/dtype.js';
import type { ChainRequest } from '../../../worker/kernels/webgpu/chain/chain-request.js';
import type { GpuDevice } from '../../../worker/kernels/webgpu/chain/gpu-device.js';
import type { DeviceStep } from '../../../worker/kernels/webgpu/device/gpu-kernel.js';
import { copyRate } from './gpu-copies.js';
import { type GpuRow, requestOf } from './gpu-rows.js';

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
  const { result } = requests[0]!;
  const inBytes = result.offset;
  const outBytes = Math.ceil(result.bytes / 4) * 4;
  const copies = await copyRate(device.opened, { inBytes, outBytes, inFlight, tiles });
  const resident = best > 0 ? best : undefined;
  return {
    resident: resident && pixels / resident / 1e6,
    withTransfers: (tiles * pixels) / seconds / 1e6,
    plainCopy: (copies * pixels) / 1e6,
    bytesPerSecond:
      resident && row.operation.name === 'box' && requests[0]!.steps[0]!.alpha === 'none' && row.nodata === undefined
        ? tableBytes(requests[0]!.steps[0]!) / resident
        : undefined,
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
