import { gpuBox } from './box.js';
import { gpuGaussian } from './gaussian.js';
import type { GpuKernel } from './gpu-kernel.js';
import { gpuRank } from './rank.js';
import { gpuTable } from './table.js';

/** The kernels in WGSL by operation name; an operation that is not here runs on the processor. */
export const GPU_KERNELS: Readonly<Record<string, GpuKernel>> = {
  box: gpuBox,
  mean: gpuBox,
  gaussian: gpuGaussian,
  max: gpuRank,
  min: gpuRank,
  median: gpuRank,
  percentile: gpuRank,
  gamma: gpuTable,
  levels: gpuTable,
  lut: gpuTable,
  threshold: gpuTable,
  'flat-field': gpuTable,
};
