import type { DType } from '../raster/dtype.js';
import type { Operation } from './descriptor.js';
import { flatFieldOf } from './flat-field.js';
import { thresholdParams } from './threshold.js';
import { type Curve, toneCurve } from './tone.js';

/**
 * The result of one sample as a function of it and its channel alone, for operations that are one: tone curves,
 * a flat field of two numbers, a fixed threshold or Otsu's once it is known. Undefined for others.
 */
export function pointCurve(operation: Operation, dtype: DType): Curve | undefined {
  switch (operation.name) {
    case 'gamma':
    case 'levels':
    case 'lut':
      return toneCurve(operation, dtype);
    case 'flat-field': {
      const { dark, flat, scale } = flatFieldOf(operation, dtype);
      if (typeof dark !== 'number' || typeof flat !== 'number') return undefined;
      const range = flat - dark;
      return (value) => (range <= 0 ? 0 : (scale * (value - dark)) / range);
    }
    case 'threshold': {
      const { method, value, values, low, high } = thresholdParams(operation, dtype);
      if (method === 'fixed') return (sample) => (sample > value! ? high : low);
      return method === 'otsu' && values !== undefined ? (sample, c) => (sample > values[c]! ? high : low) : undefined;
    }
    default:
      return undefined;
  }
}
