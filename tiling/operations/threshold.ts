import { z } from 'zod';
import { evenReach } from '../geometry/rect.js';
import type { DType } from '../raster/dtype.js';
import type { Operation, OperationDescriptor } from './descriptor.js';
import { MAX_FOOTPRINT } from './footprint/footprint.js';
import { slidingScratchBytes } from './moments.js';
import { otsuReduction } from './otsu.js';
import { fullRange, tableScratchBytes } from './tone.js';

const METHODS = ['fixed', 'otsu', 'niblack', 'sauvola'] as const;

const params = z
  .strictObject({
    method: z.enum(METHODS).default('fixed'),
    value: z.coerce.number().optional(),
    window: z.coerce.number().int().min(1).max(MAX_FOOTPRINT).default(15),
    k: z.coerce.number().default(0.2),
    r: z.coerce.number().positive().optional(),
    low: z.coerce.number().default(0),
    high: z.coerce.number().optional(),
  })
  .refine((given) => given.method !== 'fixed' || given.value !== undefined, {
    error: 'method=fixed needs value',
  })
  .refine((given) => given.window % 2 === 1, { error: 'window must be odd' });

/** The parameters of a `threshold`, completed for inputs of type `dtype`. */
export interface ThresholdParams {
  readonly method: (typeof METHODS)[number];
  readonly value?: number;
  /** One a channel, once Otsu's reduction is complete. */
  readonly values?: readonly number[];
  readonly window: number;
  readonly k: number;
  /** Sauvola's dynamic range of the deviation: half the type's range, as scikit-image has it. */
  readonly r: number;
  readonly low: number;
  readonly high: number;
}

/** The checked parameters of a `threshold` with the defaults that depend on the input's type. */
export function thresholdParams(operation: Operation, input: DType): ThresholdParams {
  const given = operation.params as unknown as Omit<ThresholdParams, 'r' | 'high'> & { r?: number; high?: number };
  return {
    ...given,
    // scikit-image takes float images to span −1 to 1.
    r: given.r ?? (input === 'float32' ? 1 : fullRange(input) / 2),
    high: given.high ?? fullRange(input),
  };
}

/** The local threshold from a window's mean and population deviation. */
export function localThreshold(params: ThresholdParams, mean: number, deviation: number): number {
  if (params.method === 'niblack') return mean - params.k * deviation;
  return mean * (1 + params.k * (deviation / params.r - 1));
}

function isLocal(operation: Operation): boolean {
  return operation.params.method === 'niblack' || operation.params.method === 'sauvola';
}

/** `high` where the sample is above the threshold, `low` elsewhere. */
export const threshold: OperationDescriptor = {
  name: 'threshold',
  summary: 'two values by a fixed, Otsu, Niblack or Sauvola threshold',
  coupling: 'window',
  couplingOf: (operation) => {
    if (operation.params.method === 'otsu') return 'global';
    return isLocal(operation) ? 'window' : 'point';
  },
  params,
  mapMeaning: 'none',
  pace: () => 'quick',
  scratchBytes: (operation, shape) =>
    isLocal(operation) ? slidingScratchBytes(operation, shape) : tableScratchBytes(operation, shape),
  defaultBorder: () => 'mirror',
  numeric: () => 'bounded',
  reach: (operation) => evenReach(isLocal(operation) ? ((operation.params.window as number) - 1) / 2 : 0),
  reduction: otsuReduction,
};
