import { z } from 'zod';
import type { DType } from '../../raster/dtype.js';
import type { KernelShape, Operation, OperationDescriptor, Pace } from '../contract/descriptor.js';
import {
  FOOTPRINT_FILE,
  type Footprint,
  footprintParam,
  isFull,
  knownFootprint,
  parseFootprint,
  prepareFootprint,
} from '../footprint/footprint.js';
import { extremumRowBytes, levelsOf } from '../footprint/runs.js';
import { rankForm, rankFormBytes } from './rank-form.js';

/** The parameters of operations under a footprint that need nothing else. */
export const footprintOnly = z.strictObject({ footprint: footprintParam.default('rect:3x3') });
const withPercentile = z.strictObject({
  footprint: footprintParam.default('rect:3x3'),
  percentile: z.coerce.number().min(0).max(100),
});

/** Sorted position of the sample that a rank filter takes: ⌊percentile·n/100⌋, at most n−1, of n samples. */
export function rankOf(percentile: number, count: number): number {
  return Math.min(count - 1, Math.floor((count * percentile) / 100));
}

/** The percentile that a rank operation stands for: max 100, min 0, median 50. */
export function percentileOf(operation: Operation): number {
  switch (operation.name) {
    case 'max':
      return 100;
    case 'min':
      return 0;
    case 'median':
      return 50;
    default:
      return operation.params.percentile as number;
  }
}

/** The footprint of an operation whose parameter `footprint` is set. */
export function footprintOf(operation: Operation): Footprint {
  return parseFootprint(operation.params.footprint as string);
}

/**
 * Scratch of the extremum kernels: one padded row for each doubling of a run's length, and one to spare, or what a
 * rank filter takes, which stands in where windows may be empty.
 */
export function extremumScratchBytes(operation: Operation, shape: KernelShape): number {
  const footprint = footprintOf(operation);
  const rowBytes = extremumRowBytes(shape.outputWidth, footprint.width, shape.channels, shape.dtype);
  return Math.max(rowBytes * (levelsOf(footprint.runs) + 1), rankScratchBytes(operation, shape));
}

/** Counts of 4, 8, 12 and 16 leading bits of integers, or the samples of one window of floats. */
export function selectionBytes(dtype: DType, footprint: Footprint): number {
  if (dtype === 'float32') return footprint.count * 4;
  return (dtype === 'uint8' ? 16 + 256 : 16 + 256 + 4096 + 65536) * 4;
}

function rankScratchBytes(operation: Operation, shape: KernelShape): number {
  const footprint = footprintOf(operation);
  const form = rankForm(shape.dtype, footprint, rankOf(percentileOf(operation), footprint.count));
  const single = selectionBytes(shape.dtype, footprint) + footprint.runs.length * 12 + 32;
  return Math.max(single, rankFormBytes(form, shape, footprint));
}

/** Rows of a footprint whose extrema are found in no more time than a job of a small image takes besides. */
const QUICK_RUNS = 64;
/** Members of a square that are sorted by a network, or soon one by one where some have no data. */
const QUICK_MEMBERS = 3 * 3;
/** With more than these the time of a rank grows with the height of the footprint, or, of floats, with their number. */
const MEDIUM_MEMBERS = 7 * 7;

/** The pace of extrema under a footprint; of one that was not read yet nothing is known. */
export function extremumPace({ params }: Operation): Pace | undefined {
  const footprint = knownFootprint(params.footprint as string);
  return footprint !== undefined && footprint.runs.length <= QUICK_RUNS ? 'quick' : undefined;
}

function rankPace({ name, params }: Operation): Pace | undefined {
  const footprint = knownFootprint(params.footprint as string);
  if (footprint === undefined) return undefined;
  if (footprint.count > MEDIUM_MEMBERS) return 'slow';
  return name === 'median' && isFull(footprint) && footprint.count <= QUICK_MEMBERS ? 'quick' : undefined;
}

function rankFilter(
  name: string,
  summary: string,
  params: z.ZodObject,
  scratchBytes: OperationDescriptor['scratchBytes'],
): OperationDescriptor {
  return {
    name,
    summary,
    coupling: 'window',
    params,
    mapMeaning: 'none',
    meaning: 'value',
    defaultBorder: () => 'reflect',
    numeric: () => 'exact',
    reach: (operation) => footprintOf(operation).reach,
    files: { footprint: FOOTPRINT_FILE },
    prepare: prepareFootprint,
    scratchBytes,
    // Either end is found without counting.
    pace: name === 'max' || name === 'min' ? extremumPace : rankPace,
  };
}

/** Largest sample under a footprint; equal to SciPy's `maximum_filter`. */
export const max = rankFilter('max', 'largest sample under a footprint', footprintOnly, extremumScratchBytes);
/** Smallest sample under a footprint; equal to SciPy's `minimum_filter`. */
export const min = rankFilter('min', 'smallest sample under a footprint', footprintOnly, extremumScratchBytes);
/** The upper median under a footprint; equal to SciPy's `median_filter`. */
export const median = rankFilter('median', 'median of the samples under a footprint', footprintOnly, rankScratchBytes);
/** The sample of a given rank under a footprint; equal to SciPy's `percentile_filter`. */
export const percentile = rankFilter(
  'percentile',
  'given percentile of the samples under a footprint',
  withPercentile,
  rankScratchBytes,
);
