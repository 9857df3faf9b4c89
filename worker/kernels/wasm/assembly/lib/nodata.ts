/** Bytes of a channel's nodata entry: the value as float64, then a uint32 that says whether there is one. */
export const NODATA_BYTES: usize = 16;

/** Whether a sample is its channel's nodata; NaN matches NaN. */
// @ts-ignore: decorator
@inline
export function isNodata<T>(sample: T, entry: usize): bool {
  if (!load<u32>(entry, 8)) return false;
  const nodata = load<f64>(entry);
  if (isFloat<T>()) return <f64>sample == nodata || (sample != sample && nodata != nodata);
  return <f64>sample == nodata;
}

/** A computed integer moved off the nodata value: up, or down at the type's largest. */
// @ts-ignore: decorator
@inline
export function avoidNodata<T>(value: T, entry: usize): T {
  if (isFloat<T>() || !load<u32>(entry, 8) || <f64>value != load<f64>(entry)) return value;
  return value == <T>-1 ? <T>(value - 1) : <T>(value + 1);
}

/** Whether pixel x of a row is masked; `valid` is the address of the row's bytes, 0 where every pixel counts. */
// @ts-ignore: decorator
@inline
export function isMasked(valid: usize, x: u32): bool {
  return valid != 0 && load<u8>(valid + x) == 0;
}

/** Whether a sample is one of those that are not 0, or, where `white` is not set, of those that are 0; what is invalid is neither. */
// @ts-ignore: decorator
@inline
export function isMember<T>(sample: T, white: bool, entry: usize, valid: usize, x: u32): bool {
  if (isFloat<T>() && sample != sample) return false;
  if ((sample != <T>0) != white) return false;
  return !isMasked(valid, x) && !isNodata<T>(sample, entry);
}
