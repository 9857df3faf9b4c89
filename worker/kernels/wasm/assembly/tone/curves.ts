// Curves over rows of float32, in float64.

const MANTISSA: i64 = 0x000fffffffffffff;
const ONE: i64 = 0x3ff0000000000000;
/** The float64 whose low bits are an integer once that is added. */
const SHIFT: f64 = 4503599627370496.0;

/**
 * base^exponent for base >= 0 or NaN and exponent > 0, within a relative 10^-11 times the exponent: 2^(e log2 b), the
 * logarithm by its series in (m - 1)/(m + 1) around 1, the power by that of e^y below ln 2 / 2.
 */
// @ts-ignore: decorator
@inline
function power(base: v128, exponent: v128): v128 {
  const one = f64x2.splat(1);
  let mantissa = v128.or(v128.and(base, i64x2.splat(MANTISSA)), i64x2.splat(ONE));
  let binary = f64x2.sub(v128.or(i64x2.shr_u(base, 52), f64x2.splat(SHIFT)), f64x2.splat(SHIFT + 1023));
  const large = f64x2.gt(mantissa, f64x2.splat(1.4142135623730951));
  mantissa = v128.bitselect(f64x2.mul(mantissa, f64x2.splat(0.5)), mantissa, large);
  binary = f64x2.add(binary, v128.and(large, one));
  const s = f64x2.div(f64x2.sub(mantissa, one), f64x2.add(mantissa, one));
  const z = f64x2.mul(s, s);
  let series = f64x2.splat(1.0 / 15.0);
  series = f64x2.add(f64x2.mul(series, z), f64x2.splat(1.0 / 13.0));
  series = f64x2.add(f64x2.mul(series, z), f64x2.splat(1.0 / 11.0));
  series = f64x2.add(f64x2.mul(series, z), f64x2.splat(1.0 / 9.0));
  series = f64x2.add(f64x2.mul(series, z), f64x2.splat(1.0 / 7.0));
  series = f64x2.add(f64x2.mul(series, z), f64x2.splat(1.0 / 5.0));
  series = f64x2.add(f64x2.mul(series, z), f64x2.splat(1.0 / 3.0));
  series = f64x2.add(f64x2.mul(series, z), one);
  const log = f64x2.add(binary, f64x2.mul(f64x2.mul(s, series), f64x2.splat(2.8853900817779268)));
  // Beyond these float32 is infinite or 0 anyway.
  const t = f64x2.max(f64x2.min(f64x2.mul(exponent, log), f64x2.splat(1000)), f64x2.splat(-1000));
  const n = f64x2.nearest(t);
  const y = f64x2.mul(f64x2.sub(t, n), f64x2.splat(0.6931471805599453));
  let e = f64x2.splat(1.0 / 3628800.0);
  e = f64x2.add(f64x2.mul(e, y), f64x2.splat(1.0 / 362880.0));
  e = f64x2.add(f64x2.mul(e, y), f64x2.splat(1.0 / 40320.0));
  e = f64x2.add(f64x2.mul(e, y), f64x2.splat(1.0 / 5040.0));
  e = f64x2.add(f64x2.mul(e, y), f64x2.splat(1.0 / 720.0));
  e = f64x2.add(f64x2.mul(e, y), f64x2.splat(1.0 / 120.0));
  e = f64x2.add(f64x2.mul(e, y), f64x2.splat(1.0 / 24.0));
  e = f64x2.add(f64x2.mul(e, y), f64x2.splat(1.0 / 6.0));
  e = f64x2.add(f64x2.mul(e, y), f64x2.splat(0.5));
  e = f64x2.add(f64x2.mul(e, y), one);
  e = f64x2.add(f64x2.mul(e, y), one);
  const scale = i64x2.shl(f64x2.add(n, f64x2.splat(SHIFT + 1023)), 52);
  // 0, infinity and NaN are their own powers.
  const own = v128.or(f64x2.eq(base, f64x2.splat(0)), v128.not(f64x2.lt(base, f64x2.splat(Infinity))));
  return v128.bitselect(base, f64x2.mul(e, scale), own);
}

/** Stores the two low float32 of a vector, or the first one alone before `end`. */
// @ts-ignore: decorator
@inline
function storeTwo(into: usize, values: v128, end: usize): void {
  const floats = f32x4.demote_f64x2_zero(values);
  if (into + 8 <= end) v128.store64_lane(into, floats, 0);
  else v128.store32_lane(into, floats, 0);
}

/** low + factor * ((clamp(v, bottom, top) - origin) / span)^exponent. */
export function powerRow(
  source: usize, into: usize, count: u32, bottom: f64, top: f64, origin: f64, span: f64, low: f64, factor: f64,
  exponent: f64,
): void {
  const end = into + <usize>count * 4;
  while (into < end) {
    const value = f64x2.promote_low_f32x4(v128.load64_zero(source));
    const inside = f64x2.min(f64x2.splat(top), f64x2.max(f64x2.splat(bottom), value));
    const base = f64x2.div(f64x2.sub(inside, f64x2.splat(origin)), f64x2.splat(span));
    const result = f64x2.mul(f64x2.splat(factor), power(base, f64x2.splat(exponent)));
    storeTwo(into, f64x2.add(f64x2.splat(low), result), end);
    source += 8;
    into += 8;
  }
}

/** low + (factor * (clamp(v, bottom, top) - origin)) / span, in the reference's order. */
export function linearRow(
  source: usize, into: usize, count: u32, bottom: f64, top: f64, origin: f64, span: f64, low: f64, factor: f64,
): void {
  const end = into + <usize>count * 4;
  while (into < end) {
    const value = f64x2.promote_low_f32x4(v128.load64_zero(source));
    const inside = f64x2.min(f64x2.splat(top), f64x2.max(f64x2.splat(bottom), value));
    const above = f64x2.mul(f64x2.splat(factor), f64x2.sub(inside, f64x2.splat(origin)));
    storeTwo(into, f64x2.add(f64x2.splat(low), f64x2.div(above, f64x2.splat(span))), end);
    source += 8;
    into += 8;
  }
}

/** `high` where a sample is above its limit (float32, one a sample), `low` elsewhere. */
export function aboveRow(source: usize, into: usize, count: u32, limits: usize, low: f32, high: f32): void {
  const end = into + <usize>count * 4;
  while (into + 16 <= end) {
    const above = f32x4.gt(v128.load(source), v128.load(limits));
    v128.store(into, v128.bitselect(f32x4.splat(high), f32x4.splat(low), above));
    source += 16;
    limits += 16;
    into += 16;
  }
  while (into < end) {
    store<f32>(into, load<f32>(source) > load<f32>(limits) ? high : low);
    source += 4;
    limits += 4;
    into += 4;
  }
}

/** A channel's table: address and last row as uint32, the inputs of its first and last row as float64. */
const TABLE: usize = 24;

/** Linear interpolation in a table a channel, in the reference's order. */
export function tableRow(source: usize, into: usize, pixels: u32, channels: u32, tables: usize): void {
  for (let x: u32 = 0; x < pixels; x++) {
    for (let c: u32 = 0; c < channels; c++) {
      const table = tables + <usize>c * TABLE;
      const column = <usize>load<u32>(table);
      const last = <f64>load<u32>(table, 4);
      const low = load<f64>(table, 8);
      const value = <f64>load<f32>(source);
      const position = Math.min(last, Math.max(0, ((value - low) / (load<f64>(table, 16) - low)) * last));
      if (position != position) store<f32>(into, NaN);
      else {
        const nearest = Math.floor(position + 0.5);
        const row = Math.abs(position - nearest) < 1e-9 ? nearest : Math.floor(position);
        const share = Math.max(0, position - row);
        const at = column + (<usize>row << 3);
        const from = load<f64>(at);
        store<f32>(into, <f32>(share < 1e-9 ? from : from + (load<f64>(at, 8) - from) * share));
      }
      source += 4;
      into += 4;
    }
  }
}
