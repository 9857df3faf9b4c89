// Symmetric sums over rows of uint8 in fixed point. Two neighbours of a sum lie side by side as
// 16-bit halves of one lane, so that one multiply-add takes both: along rows neighbours in the row, across rows a row
// and the one below. Weights have 15 fractional bits, rows between the two passes 7, sums before rounding 16.
import { pairUp, sumPairs, sumSingles } from '../lib/pairs';

/**
 * Sums along two rows of bytes, which begin `radius` pixels before the first sum: into[i] holds those of `upper` and
 * `lower` as 16-bit halves. `pairs` holds radius + 1 pairs of 16-bit weights from the window's left end on, the
 * last half 0. `scratch` takes both rows as pairs.
 */
export function alongTwo(
  upper: usize,
  lower: usize,
  into: usize,
  count: u32,
  step: u32,
  pairs: usize,
  radius: u32,
  scratch: usize,
): void {
  const padded = count + 2 * radius * step;
  const toLower = ((<usize>padded + 15) & ~15) << 2;
  pairUp(upper, scratch, padded, step);
  pairUp(lower, scratch + toLower, padded, step);
  if (step == 1) sumSingles(scratch, toLower, into, count, pairs, radius, 8);
  else sumPairs(scratch, toLower, into, count, step, pairs, radius, 8);
}

/** Sums of 16 fractional bits: of the 22 that products have, no more are needed, and float32 holds these exactly. */
// @ts-ignore: decorator
@inline
function shortened(sum: v128): v128 {
  return i32x4.shr_u(sum, 6);
}

// @ts-ignore: decorator
@inline
function storeBytes(into: usize, a: v128, b: v128, c: v128, d: v128): void {
  v128.store(into, i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d)));
}

// @ts-ignore: decorator
@inline
function rounded(sum: v128): v128 {
  return i32x4.shr_u(i32x4.add(shortened(sum), i32x4.splat(32768)), 16);
}

/** Exactly {@link rounded} where the factor is 1. */
// @ts-ignore: decorator
@inline
function scaled(sum: v128, factors: usize, factor: v128): v128 {
  const all = f32x4.mul(v128.load(factors), factor);
  const value = f32x4.mul(f32x4.convert_i32x4_u(shortened(sum)), all);
  return i32x4.shr_u(i32x4.trunc_sat_f32x4_u(f32x4.add(value, f32x4.splat(32768))), 16);
}

/**
 * Two rows of bytes from a ring of radius + 1 rows of row pairs, `first` the topmost: the upper row's window
 * begins with that pair's upper row, the lower row's with its lower row. `pairs` holds the upper row's weight pairs
 * (as for {@link alongTwo}), then the lower row's, which begin with a half 0. Where `factors` is not 0, sums are
 * multiplied by factors[i] and by `upperFactor` or `lowerFactor`. Whole groups of 16 samples are written.
 */
export function acrossTwo(
  ring: usize,
  first: u32,
  upper: usize,
  lower: usize,
  count: u32,
  pairs: usize,
  radius: u32,
  factors: usize,
  upperFactor: f32,
  lowerFactor: f32,
): void {
  const rowBytes = ((<usize>count + 15) & ~15) << 2;
  const ringEnd = ring + rowBytes * (radius + 1);
  const table = <usize>(radius + 1) * 4;
  const end = upper + count;
  let start = ring + rowBytes * first;
  let origin = ring;
  let wrap = ringEnd;
  while (upper < end) {
    let a = i32x4.splat(0);
    let b = i32x4.splat(0);
    let c = i32x4.splat(0);
    let d = i32x4.splat(0);
    let e = i32x4.splat(0);
    let f = i32x4.splat(0);
    let g = i32x4.splat(0);
    let h = i32x4.splat(0);
    let at = start;
    const last = pairs + table;
    for (let pair = pairs; pair < last; pair += 4) {
      const forUpper = v128.load32_splat(pair);
      const forLower = v128.load32_splat(pair + table);
      const p = v128.load(at);
      const q = v128.load(at, 16);
      const r = v128.load(at, 32);
      const s = v128.load(at, 48);
      a = i32x4.add(a, i32x4.dot_i16x8_s(forUpper, p));
      b = i32x4.add(b, i32x4.dot_i16x8_s(forUpper, q));
      c = i32x4.add(c, i32x4.dot_i16x8_s(forUpper, r));
      d = i32x4.add(d, i32x4.dot_i16x8_s(forUpper, s));
      e = i32x4.add(e, i32x4.dot_i16x8_s(forLower, p));
      f = i32x4.add(f, i32x4.dot_i16x8_s(forLower, q));
      g = i32x4.add(g, i32x4.dot_i16x8_s(forLower, r));
      h = i32x4.add(h, i32x4.dot_i16x8_s(forLower, s));
      at += rowBytes;
      if (at >= wrap) at = origin;
    }
    if (factors == 0) {
      storeBytes(upper, rounded(a), rounded(b), rounded(c), rounded(d));
      storeBytes(lower, rounded(e), rounded(f), rounded(g), rounded(h));
    } else {
      const u = f32x4.splat(upperFactor);
      const l = f32x4.splat(lowerFactor);
      storeBytes(upper, scaled(a, factors, u), scaled(b, factors + 16, u), scaled(c, factors + 32, u), scaled(d, factors + 48, u));
      storeBytes(lower, scaled(e, factors, l), scaled(f, factors + 16, l), scaled(g, factors + 32, l), scaled(h, factors + 48, l));
      factors += 64;
    }
    start += 64;
    origin += 64;
    wrap += 64;
    upper += 16;
    lower += 16;
  }
}
