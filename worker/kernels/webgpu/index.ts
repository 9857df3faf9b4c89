import { gpuBox } from './box.js';
import { gpuDownscale } from './downscale.js';
import { gpuFlatField } from './flat-field.js';
import { gpuGaussian } from './gaussian.js';
import type { GpuKernel } from './gpu-kernel.js';
import { gpuRank } from './rank.js';
import { gpuTable } from './table.js';
import { gpuThreshold } from './threshold.js';
import { gpuWindowMeans } from './window-means.js';
import { gpuWindowSpread } from './window-spread.js';

/** The kernels in WGSL by operation name; an operation that is not here runs on the processor. */
export const GPU_KERNELS: Readonly<Record<string, GpuKernel>> = {
  box: gpuBox,
  mean: gpuWindowMeans,
  std: gpuWindowSpread,
  variance: gpuWindowSpread,
  gaussian: gpuGaussian,
  max: gpuRank,
  min: gpuRank,
  median: gpuRank,
  percentile: gpuRank,
  gamma: gpuTable,
  levels: gpuTable,
  lut: gpuTable,
  threshold: gpuThreshold,
  'flat-field': gpuFlatField,
  downscale: gpuDownscale,
};
