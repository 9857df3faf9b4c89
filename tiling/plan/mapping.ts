import type { JobSpec } from '../job/job-spec.js';
import { INTEGER_MAX } from '../raster/dtype.js';
import type { RasterInfo } from '../raster/raster-info.js';

/** How map values become radii or sigmas: v = scale·value + offset, value' = min(v, max). */
export type Mapping = JobSpec['mapping'];

/**
 * value' of one map value in float64, or undefined where v is negative or not finite, which is an error of
 * the map unless `invalid` is `clamp`.
 */
export function mappedValue(mapping: Mapping, value: number): number | undefined {
  const v = mapping.scale * value + mapping.offset;
  if (Number.isFinite(v) && v >= 0) return mapping.max === undefined ? v : Math.min(v, mapping.max);
  return mapping.invalid === 'clamp' ? 0 : undefined;
}

/** What a map's type alone says of its values'. */
export interface MapBound {
  /** The largest value' that a map of this type can hold; infinite for float32 without a maximum. */
  readonly max: number;
  /** Whether every value of the type is valid, so that no pixel needs to be looked at beforehand. */
  readonly alwaysValid: boolean;
}

/** The bound over all values of the map's type. */
export function mapBound(mapping: Mapping, map: RasterInfo): MapBound {
  if (map.dtype === 'float32') return { max: mapping.max ?? Number.POSITIVE_INFINITY, alwaysValid: false };
  // v is linear, so both its extremes and its sign changes show at the ends of the type's range.
  const ends = [0, INTEGER_MAX[map.dtype]].map((value) => mappedValue(mapping, value));
  return {
    max: Math.max(...ends.map((end) => end ?? 0)),
    alwaysValid: mapping.invalid === 'clamp' || ends.every((end) => end !== undefined),
  };
}
