import type { DeviceStep, GpuKernel } from '../device/gpu-kernel.js';
import { gpuWindowSpread } from '../moments/window-spread.js';
import { gpuTable } from './table.js';

/** Thresholds by a table where they are the same everywhere, by window sums where they are local. */
export const gpuThreshold: GpuKernel = {
  variants: (step) => kernelOf(step).variants(step),
  refusal: (step, limits) => kernelOf(step).refusal(step, limits),
  scratchBytes: (step) => kernelOf(step).scratchBytes(step),
  encode: (run, step, rasters) => kernelOf(step).encode(run, step, rasters),
};

function kernelOf({ operation }: DeviceStep): GpuKernel {
  const { method } = operation.params;
  return method === 'niblack' || method === 'sauvola' ? gpuWindowSpread : gpuTable;
}
