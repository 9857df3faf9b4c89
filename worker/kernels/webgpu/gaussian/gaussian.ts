import type { DeviceStep, GpuKernel } from '../device/gpu-kernel.js';
import { gpuFixedGaussian } from './gaussian-fixed.js';
import { gpuMapGaussian } from './gaussian-map.js';

/** Gaussian means, of one sigma or of one a pixel. */
export const gpuGaussian: GpuKernel = {
  variants: (step) => kernelFor(step).variants(step),
  refusal: (step, limits) => kernelFor(step).refusal(step, limits),
  scratchBytes: (step) => kernelFor(step).scratchBytes(step),
  mapBytes: (step) => gpuMapGaussian.mapBytes!(step),
  packMap: (step, map, into) => gpuMapGaussian.packMap!(step, map, into),
  encode: (run, step, rasters) => kernelFor(step).encode(run, step, rasters),
};

function kernelFor({ mapMax }: DeviceStep): GpuKernel {
  return mapMax === undefined ? gpuFixedGaussian : gpuMapGaussian;
}
