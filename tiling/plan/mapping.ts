import type { JobSpec } from '../job/job-spec.js';
import { INTEGER_MAX } from '../raster/dtype.js';
import type { RasterInfo } from '../raster/raster-info.js';

/** How map values become radii or sigmas: v = scale·value + offset, value' = min(v, max). */
export type Mapping = JobSpec['mapping'] & {
  /** The sample that the map's file names as missing: it means no radius, whatever v is. */
  readonly nodata?: number;
};

/** A job's mapping over one map. NaN and infinity need no naming: they mean no radius anywhere. */
export function mappingOver(mapping: JobSpec['mapping'], map: Pick<RasterInfo, 'nodata'> | undefined): Mapping {
  const nodata = map?.nodata?.[0];
  return nodata === undefined || nodata === null || !Number.isFinite(nodata) ? mapping : { ...mapping, nodata };
}

/**
 * value' of one map value in float64, or undefined where the value is nodata and where v is negative or not finite,
 * which is an error of the map unless `invalid` is `clamp`.
 */
export function mappedValue(mapping: Mapping, value: number): number | undefined {
  const v = mapping.scale * value + mapping.offset;
  if (Number.isFinite(v) && v >= 0 && value !== mapping.nodata)
    return mapping.max === undefined ? v : Math.min(v, mapping.max);
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
  // v is linear, so both its extremes and its sign changes show at the ends of the type's range, and nodata, where it
  // is one of them, is no value.
  const { nodata } = mapping;
  const largest = INTEGER_MAX[map.dtype];
  const range = [nodata === 0 ? 1 : 0, nodata === largest ? largest - 1 : largest];
  const ends = range.map((value) => mappedValue(mapping, value));
  return {
    max: Math.max(...ends.map((end) => end ?? 0)),
    alwaysValid: mapping.invalid === 'clamp' || (nodata === undefined && ends.every((end) => end !== undefined)),
  };
}
