/** 1.5·2^52: a number up to 2^51 added to it stands, rounded, in the low bits. */
const ROUNDING: f64 = 6755399441055744.0;

/** The multiple of 1 / `inverse`, a power of two, next to a value of at most 2^51 of them. */
// @ts-ignore: decorator
@inline
export function multipleOf(value: f64, inverse: f64): i64 {
  return reinterpret<i64>(value * inverse + ROUNDING) - reinterpret<i64>(ROUNDING);
}
