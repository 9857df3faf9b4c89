import { z } from 'zod';
import { badUsage } from '../errors.js';
import { evenReach } from '../geometry/rect.js';
import { type DType, INTEGER_MAX, SAMPLE_BYTES } from '../raster/dtype.js';
import type { KernelShape, Operation, OperationDescriptor } from './descriptor.js';
import { CURVE_TABLE_BYTES, prepareTable, tableCurve, toneTableOf } from './tone-table.js';

/** A tone curve: the result of one sample of one channel, in sample units, before rounding. */
export type Curve = (value: number, channel: number) => number;

/** What stands for full range: the type's maximum, or 1 for float32. */
export function fullRange(dtype: DType): number {
  return dtype === 'float32' ? 1 : INTEGER_MAX[dtype];
}

/** The curve of a tone operation for samples of one type, in float64. */
export function toneCurve(operation: Operation, dtype: DType): Curve {
  const range = fullRange(dtype);
  switch (operation.name) {
    case 'gamma': {
      const { gamma, gain } = gammaOf(operation);
      return (value) => range * gain * Math.max(0, value / range) ** gamma;
    }
    case 'levels': {
      const { black, white, gamma, low, high } = levelsOf(operation, range);
      return (value) => {
        const above = Math.min(white, Math.max(black, value)) - black;
        // One division of exact numbers, so that a linear stretch rounds its ties half up.
        if (gamma === 1) return low + ((high - low) * above) / (white - black);
        return low + (high - low) * (above / (white - black)) ** (1 / gamma);
      };
    }
    default:
      return tableCurve(operation, dtype);
  }
}

/** The checked parameters of a `gamma`. */
export function gammaOf(operation: Operation): { gamma: number; gain: number } {
  return operation.params as { gamma: number; gain: number };
}

/**
 * The checked parameters of a `levels`, completed for samples of full range `range`.
 * @throws bad-usage where white is not above black
 */
export function levelsOf(operation: Operation, range: number) {
  const given = operation.params as { black: number; white?: number; gamma: number; low: number; high?: number };
  const levels = { ...given, white: given.white ?? range, high: given.high ?? range };
  if (!(levels.white > levels.black)) {
    throw badUsage({
      what: `levels: white ${levels.white} is not above black ${levels.black}`,
      expected: 'white > black',
    });
  }
  return levels;
}

/** Bytes of a table with an entry for every value of an integer type; floats and labels have none. */
export function toneTableBytes(dtype: DType): number {
  return dtype === 'float32' || dtype === 'uint32' ? 0 : (INTEGER_MAX[dtype] + 1) * SAMPLE_BYTES[dtype];
}

/** Bytes of a table with an entry for any two bytes, which large tiles of them are looked up in. */
export const PAIR_TABLE_BYTES = 2 * 2 ** 16;

/** Scratch of curves: a table a channel; for floats a row of limits and the columns of a file. */
export function tableScratchBytes(operation: Operation, shape: KernelShape): number {
  const tables = toneTableBytes(shape.dtype) * shape.channels + 32;
  if (shape.dtype === 'uint8') return Math.max(tables, PAIR_TABLE_BYTES);
  if (shape.dtype !== 'float32') return tables;
  const columns = operation.name === 'lut' ? toneTableOf(operation).columns : [];
  const rows = columns.reduce((sum, column) => sum + column.length * 8 + 16, 0);
  return shape.channels * (shape.outputWidth * 4 + CURVE_TABLE_BYTES) + rows + 32;
}

function toneOperation(
  base: Pick<OperationDescriptor, 'name' | 'summary' | 'params' | 'files' | 'takesLabels' | 'prepare'>,
): OperationDescriptor {
  return {
    ...base,
    coupling: 'point',
    mapMeaning: 'none',
    pace: () => 'quick',
    defaultBorder: () => 'clip',
    numeric: (input) => (input === 'float32' ? 'bounded' : 'exact'),
    reach: () => evenReach(0),
    scratchBytes: tableScratchBytes,
  };
}

/** gain·max·(v/max)^gamma. */
export const gamma = toneOperation({
  name: 'gamma',
  summary: 'power curve over the full range',
  params: z.strictObject({
    gamma: z.coerce.number().positive(),
    gain: z.coerce.number().min(0).default(1),
  }),
});

/** low + (high − low)·clamp((v − black)/(white − black))^(1/gamma). */
export const levels = toneOperation({
  name: 'levels',
  summary: 'stretch between a black and a white point, with gamma',
  params: z.strictObject({
    black: z.coerce.number().default(0),
    white: z.coerce.number().optional(),
    gamma: z.coerce.number().positive().default(1),
    low: z.coerce.number().default(0),
    high: z.coerce.number().optional(),
  }),
  prepare: (operation, job) => {
    levelsOf(operation, fullRange(job.image.dtype));
    return operation;
  },
});

/** A curve from a table file, CSV or one-dimensional .cube. */
export const lut = toneOperation({
  name: 'lut',
  summary: 'curve from a table file (CSV or .cube)',
  params: z.strictObject({ table: z.string().min(1).describe('a CSV or 1-D .cube file') }),
  files: { table: { kind: 'table' } },
  takesLabels: true,
  prepare: prepareTable,
});
