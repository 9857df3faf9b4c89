import { z } from 'zod';
import { evenReach } from '../geometry/rect.js';
import type { DType } from '../raster/dtype.js';
import { MAX_RADIUS, radiusOf } from './box.js';
import { boxScratchBytes } from './box-layout.js';
import { cornerScratchBytes, cornersOf } from './corners.js';
import type { KernelShape, Operation, OperationDescriptor, Pace } from './descriptor.js';
import {
  FOOTPRINT_FILE,
  type Footprint,
  footprintParam,
  isFull,
  knownFootprint,
  MAX_FOOTPRINT,
  parseFootprint,
  prepareFootprint,
  squareFootprint,
} from './footprint/footprint.js';
import { blockScratchBytes, columnMomentBytes, directRunBytes, runScratchBytes } from './scratch.js';

const ONE_NEIGHBOURHOOD = { error: 'give either window or footprint, not both' };

const neighbourhood = {
  footprint: footprintParam.optional(),
  window: z.coerce
    .number()
    .int()
    .min(1)
    .max(2 * MAX_RADIUS + 1)
    .refine((side) => side <= MAX_FOOTPRINT || side % 2 === 1, {
      error: `a window wider than ${MAX_FOOTPRINT} must be odd`,
    })
    .optional(),
};

const meanParams = z
  .strictObject(neighbourhood)
  .refine((params) => params.footprint === undefined || params.window === undefined, ONE_NEIGHBOURHOOD);

const spreadParams = z
  .strictObject({
    ...neighbourhood,
    ddof: z.coerce.number().int().min(0).max(1).default(0),
    dtype: z.enum(['float32']).optional().describe('type of the result; the input’s by default'),
  })
  .refine((params) => params.footprint === undefined || params.window === undefined, ONE_NEIGHBOURHOOD);

/** The neighbourhood of mean, std or variance: `footprint`, or the square of side `window`, 3 by default. */
export function neighbourhoodOf(operation: Operation): Footprint {
  const { footprint, window } = operation.params as { footprint?: string; window?: number };
  return footprint === undefined ? squareFootprint(window ?? 3) : parseFootprint(footprint);
}

/** The same, undefined where a file that is still to be read says what it is. */
function knownNeighbourhood(operation: Operation): Footprint | undefined {
  const { footprint } = operation.params as { footprint?: string };
  return footprint === undefined ? neighbourhoodOf(operation) : knownFootprint(footprint);
}

/** The radius of the box that the neighbourhood is, undefined where it is no odd square. */
export function boxRadiusOf(operation: Operation): number | undefined {
  const footprint = neighbourhoodOf(operation);
  const isOddSquare = isFull(footprint) && footprint.width === footprint.height && footprint.width % 2 === 1;
  return isOddSquare ? footprint.reach.left : undefined;
}

/** The largest radius of the squares that an operation sums over; undefined where it sums over none. */
export function windowRadius(operation: Operation, mapMax: number): number | undefined {
  if (operation.name === 'box') return radiusOf(operation, mapMax);
  return operation.name === 'mean' || sumsSquares(operation) ? boxRadiusOf(operation) : undefined;
}

/** Whether an operation sums the squares of samples beside them. */
export function sumsSquares({ name }: Operation): boolean {
  return name === 'std' || name === 'variance';
}

/** Scratch of sliding windows: four float64 a column, three a result. */
export function slidingScratchBytes(_operation: Operation, shape: KernelShape): number {
  return shape.channels * (shape.input.width * 32 + shape.outputWidth * 24 + 16) + 64;
}

/**
 * How variances of a window are summed. Integers, whose sums are exact: sliding where it is a rectangle, by the runs of other
 * footprints. float32, without a difference of sums: merged from blocks where it is a rectangle, directly otherwise.
 */
export function spreadForm(dtype: DType, window: Footprint): 'sliding' | 'blocks' | 'runs' | 'direct' {
  if (dtype === 'float32') return isFull(window) ? 'blocks' : 'direct';
  return isFull(window) ? 'sliding' : 'runs';
}

/** Whether windows of a type that are whole and valid are summed by columns of int32, which no window outgrows. */
export function takesColumnMoments(dtype: DType, window: Footprint): boolean {
  return dtype === 'uint8' && isFull(window) && window.count * 128 ** 2 < 2 ** 31;
}

function columnScratchBytes({ input, channels }: KernelShape): number {
  const { columns, along, row } = columnMomentBytes(input.width, channels);
  return 2 * columns + 3 * along + row;
}

function spreadScratchBytes(operation: Operation, shape: KernelShape): number {
  const corners = cornersOf(operation);
  if (corners !== undefined) return cornerScratchBytes(corners, shape);
  const window = neighbourhoodOf(operation);
  switch (spreadForm(shape.dtype, window)) {
    case 'sliding':
      return Math.max(slidingScratchBytes(operation, shape), columnScratchBytes(shape));
    case 'blocks':
      return blockScratchBytes(shape, window);
    case 'runs':
      return runScratchBytes(shape, window);
    case 'direct':
      return directRunBytes({ ...shape, weighted: false }, window);
  }
}

/** Whether means under a footprint are summed directly: differences of float weights are not 0 where they should be. */
export function takesDirectMean(dtype: DType, weighted: boolean): boolean {
  return dtype === 'float32' && weighted;
}

function meanScratchBytes(operation: Operation, shape: KernelShape): number {
  const maxRadius = boxRadiusOf(operation);
  const corners = cornersOf(operation);
  if (corners !== undefined) return cornerScratchBytes(corners, shape);
  if (maxRadius !== undefined) return boxScratchBytes({ ...shape, maxRadius, isFixed: true });
  const footprint = neighbourhoodOf(operation);
  if (takesDirectMean(shape.dtype, shape.weighted)) return directRunBytes(shape, footprint);
  return runScratchBytes(shape, footprint);
}

function moment(
  base: Pick<
    OperationDescriptor,
    'name' | 'summary' | 'meaning' | 'params' | 'numeric' | 'scratchBytes' | 'outputType' | 'pace'
  >,
): OperationDescriptor {
  return {
    ...base,
    coupling: 'window',
    mapMeaning: 'none',
    defaultBorder: () => 'reflect',
    reach: (operation) => (cornersOf(operation) === undefined ? neighbourhoodOf(operation).reach : evenReach(0)),
    files: { footprint: FOOTPRINT_FILE },
    prepare: prepareFootprint,
  };
}

/** Members whose sum takes no more time than a job of a small image takes besides. */
const QUICK_MEMBERS = 7 * 7;

/** Sums of squares slide; those of other footprints take longer with each row or, where floats have weights, each member. */
function meanPace(operation: Operation): Pace | undefined {
  const footprint = knownNeighbourhood(operation);
  if (footprint === undefined) return undefined;
  return boxRadiusOf(operation) !== undefined || footprint.count <= QUICK_MEMBERS ? 'quick' : undefined;
}

/** Squares that slide, or blocks that are merged: no others, which floats sum twice for each member. */
function spreadPace(operation: Operation): Pace | undefined {
  const footprint = knownNeighbourhood(operation);
  return footprint !== undefined && isFull(footprint) ? 'quick' : undefined;
}

/** Mean of the samples under a footprint. */
export const mean = moment({
  name: 'mean',
  meaning: 'value',
  summary: 'mean of the samples under a footprint or window',
  params: meanParams,
  numeric: (input) => (input === 'float32' ? 'bounded' : 'exact'),
  scratchBytes: meanScratchBytes,
  pace: meanPace,
});

/** Deviations of integers have fractions, and variances do not fit their type. */
const spreadType: OperationDescriptor['outputType'] = ({ params }, { dtype, channels }) => ({
  dtype: (params.dtype as DType | undefined) ?? dtype,
  channels,
});

/** Standard deviation √(Σ(v − mean)² / (n − ddof)); 0 where n = ddof. */
export const std = moment({
  name: 'std',
  meaning: 'difference',
  summary: 'standard deviation of the samples under a footprint or window',
  params: spreadParams,
  numeric: () => 'bounded',
  outputType: spreadType,
  scratchBytes: spreadScratchBytes,
  pace: spreadPace,
});

/** Variance Σ(v − mean)² / (n − ddof); 0 where n = ddof. */
export const variance = moment({
  name: 'variance',
  summary: 'variance of the samples under a footprint or window',
  params: spreadParams,
  numeric: () => 'bounded',
  outputType: spreadType,
  scratchBytes: spreadScratchBytes,
  pace: spreadPace,
});
