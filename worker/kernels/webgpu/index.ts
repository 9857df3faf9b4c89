import { gpuBox } from './box/box.js';
import type { GpuKernel } from './device/gpu-kernel.js';
import { gpuGaussian } from './gaussian/gaussian.js';
import { gpuWindowMeans } from './moments/window-means.js';
import { gpuWindowSpread } from './moments/window-spread.js';
import { gpuNlm } from './nlm/nlm.js';
import { gpuRank } from './rank/rank.js';
import { gpuDownscale } from './scaling/downscale.js';
import { gpuFlatField } from './tone/flat-field.js';
import { gpuTable } from './tone/table.js';
import { gpuThreshold } from './tone/threshold.js';

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
  nlm: gpuNlm,
  gamma: gpuTable,
  levels: gpuTable,
  lut: gpuTable,
  threshold: gpuThreshold,
  'flat-field': gpuFlatField,
  downscale: gpuDownscale,
};
