import { z } from 'zod';
import { type DType, INTEGER_MAX } from '../raster/dtype.js';
import { boxScratchBytes } from './box-layout.js';
import type { KernelShape, Operation, OperationDescriptor } from './descriptor.js';
import {
  type Footprint,
  footprintParam,
  isFull,
  MAX_FOOTPRINT,
  parseFootprint,
  prepareFootprint,
} from './footprint.js';
import { runsOf } from './runs.js';
import { directScratchBytes, runScratchBytes, runsFit, runTableBytes } from './scratch.js';

const ONE_NEIGHBOURHOOD = { error: 'give either window or footprint, not both' };

const neighbourhood = {
  footprint: footprintParam.optional(),
  window: z.coerce.number().int().min(1).max(MAX_FOOTPRINT).optional(),
};

const meanParams = z
  .strictObject(neighbourhood)
  .refine((params) => params.footprint === undefined || params.window === undefined, ONE_NEIGHBOURHOOD);

const spreadParams = z
  .strictObject({ ...neighbourhood, ddof: z.coerce.number().int().min(0).max(1).default(0) })
  .refine((params) => params.footprint === undefined || params.window === undefined, ONE_NEIGHBOURHOOD);

/** The neighbourhood of mean, std or variance: `footprint`, or the square of side `window`, 3 by default. */
export function neighbourhoodOf(operation: Operation): Footprint {
  const { footprint, window } = operation.params as { footprint?: string; window?: number };
  return parseFootprint(footprint ?? `rect:${window ?? 3}x${window ?? 3}`);
}

/** The radius of the box that the neighbourhood is, undefined where it is no odd square. */
export function boxRadiusOf(operation: Operation): number | undefined {
  const footprint = neighbourhoodOf(operation);
  const isOddSquare = isFull(footprint) && footprint.width === footprint.height && footprint.width % 2 === 1;
  return isOddSquare ? footprint.reach.left : undefined;
}

/**
 * Whether sums over a rectangular window may slide: integers must stay exact in float64, n²·d² < 2^53 for n
 * samples that differ from the middle of their range by at most d.
 */
export function canSlide(dtype: DType, window: Footprint): boolean {
  if (dtype === 'float32') return true;
  const largest = (INTEGER_MAX[dtype] + 1) / 2;
  return (window.count * largest) ** 2 < 2 ** 53;
}

/** Scratch of sliding windows: four float64 a column, three a result. */
export function slidingScratchBytes(_operation: Operation, shape: KernelShape): number {
  return shape.channels * (shape.input.width * 32 + shape.outputWidth * 24 + 16) + 64;
}

/**
 * How variances of a window are summed: sliding where it is a rectangle, by the runs of other footprints, sums of
 * integers being exact in both; directly otherwise.
 */
export function spreadForm(
  window: Footprint,
  shape: Pick<KernelShape, 'input' | 'outputWidth' | 'dtype' | 'channels'>,
): 'sliding' | 'runs' | 'direct' {
  if (!canSlide(shape.dtype, window)) return 'direct';
  if (isFull(window)) return 'sliding';
  return shape.dtype !== 'float32' && runsFit(shape, window) ? 'runs' : 'direct';
}

function spreadScratchBytes(operation: Operation, shape: KernelShape): number {
  const window = neighbourhoodOf(operation);
  switch (spreadForm(window, shape)) {
    case 'sliding':
      return slidingScratchBytes(operation, shape);
    case 'runs':
      return runScratchBytes(shape, window);
    case 'direct':
      return directScratchBytes({ ...shape, weighted: false }, 0) + runTableBytes(runsOf(window).length) + 16;
  }
}

function moment(
  base: Pick<OperationDescriptor, 'name' | 'summary' | 'params' | 'numeric' | 'scratchBytes'>,
): OperationDescriptor {
  return {
    ...base,
    coupling: 'window',
    mapMeaning: 'none',
    defaultBorder: () => 'reflect',
    reach: (operation) => neighbourhoodOf(operation).reach,
    prepare: prepareFootprint,
  };
}

/** Mean of the samples under a footprint. */
export const mean = moment({
  name: 'mean',
  summary: 'mean of the samples under a footprint or window',
  params: meanParams,
  numeric: (input) => (input === 'float32' ? 'bounded' : 'exact'),
  scratchBytes: (operation, shape) => {
    const maxRadius = boxRadiusOf(operation);
    if (maxRadius === undefined) return runScratchBytes(shape, neighbourhoodOf(operation));
    return boxScratchBytes({ ...shape, maxRadius });
  },
});

/** Standard deviation √(Σ(v − mean)² / (n − ddof)); 0 where n = ddof. */
export const std = moment({
  name: 'std',
  summary: 'standard deviation of the samples under a footprint or window',
  params: spreadParams,
  numeric: () => 'bounded',
  scratchBytes: spreadScratchBytes,
});

/** Variance Σ(v − mean)² / (n − ddof); 0 where n = ddof. */
export const variance = moment({
  name: 'variance',
  summary: 'variance of the samples under a footprint or window',
  params: spreadParams,
  numeric: () => 'bounded',
  scratchBytes: spreadScratchBytes,
});
