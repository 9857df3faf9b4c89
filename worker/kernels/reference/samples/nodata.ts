import { type DType, INTEGER_MAX } from '../../../../tiling/raster/dtype.js';

/** A channel's nodata value as its samples hold it: float32 rounds to single; null matches nothing. */
export function nodataSample(dtype: DType, nodata: number | null | undefined): number | null {
  if (nodata === null || nodata === undefined) return null;
  if (dtype === 'float32') return Math.fround(nodata);
  return Number.isInteger(nodata) && nodata >= 0 && nodata <= INTEGER_MAX[dtype] ? nodata : null;
}

/** Whether a sample is nodata; NaN matches NaN. `nodata` is what {@link nodataSample} gave. */
export function isNodata(sample: number, nodata: number | null): boolean {
  return nodata !== null && (sample === nodata || (Number.isNaN(sample) && Number.isNaN(nodata)));
}

/**
 * A computed integer moved off the nodata value, so that a result never turns into an invalid sample: to value + 1, or
 * value − 1 at the type's largest. Floats are left alone.
 */
export function avoidNodata(dtype: DType, value: number, nodata: number | null): number {
  if (dtype === 'float32' || value !== nodata) return value;
  return value === INTEGER_MAX[dtype] ? value - 1 : value + 1;
}
