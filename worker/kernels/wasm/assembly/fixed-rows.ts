// Symmetric sums over rows of uint8, or of 15-bit values, in fixed point. Two neighbours of a sum lie side by side as 16-bit halves of one
// lane, so that one multiply-add takes both: along rows neighbours in the row, across rows a row and the one below.
// Weights have 15 fractional bits, rows between the two passes 7, sums before rounding 16.

/** into[i] is row[i] and row[i + step] as 16-bit halves; whole groups of 16 lanes are written. */
function pairUp(row: usize, into: usize, count: u32, step: u32): void {
  const end = into + <usize>count * 4;
  while (into < end) {
    const first = v128.load(row);
    const second = v128.load(row + step);
    const a = i16x8.extend_low_i8x16_u(first);
    const b = i16x8.extend_low_i8x16_u(second);
    const c = i16x8.extend_high_i8x16_u(first);
    const d = i16x8.extend_high_i8x16_u(second);
    v128.store(into, i16x8.shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11));
    v128.store(into, i16x8.shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15), 16);
    v128.store(into, i16x8.shuffle(c, d, 0, 8, 1, 9, 2, 10, 3, 11), 32);
    v128.store(into, i16x8.shuffle(c, d, 4, 12, 5, 13, 6, 14, 7, 15), 48);
    row += 16;
    into += 64;
  }
}

/** As {@link pairUp} for samples of 16 bits. */
function pairUpWide(row: usize, into: usize, count: u32, step: u32): void {
  const end = into + <usize>count * 4;
  while (into < end) {
    const first = v128.load(row);
    const second = v128.load(row + step * 2);
    v128.store(into, i16x8.shuffle(first, second, 0, 8, 1, 9, 2, 10, 3, 11));
    v128.store(into, i16x8.shuffle(first, second, 4, 12, 5, 13, 6, 14, 7, 15), 16);
    row += 16;
    into += 32;
  }
}

/** Sums of two rows without their last `bits` bits, half up, as the halves of one lane. */
// @ts-ignore: decorator
@inline
function joined(upper: v128, lower: v128, bits: i32): v128 {
  const half = i32x4.splat(1 << (bits - 1));
  const low = i32x4.shr_u(i32x4.add(upper, half), bits);
  return v128.or(low, i32x4.shl(i32x4.shr_u(i32x4.add(lower, half), bits), 16));
}

/** Sums along two rows that lie in `scratch` as pairs, the second `toLower` bytes behind the first. */
// @ts-ignore: decorator
@inline
function sumPairs(
  scratch: usize,
  toLower: usize,
  into: usize,
  count: u32,
  step: u32,
  pairs: usize,
  radius: u32,
  bits: i32,
): void {
  const stride = <usize>step * 8;
  const last = pairs + <usize>radius * 4;
  const end = into + <usize>count * 4;
  while (into < end) {
    let a = i32x4.splat(0);
    let b = i32x4.splat(0);
    let c = i32x4.splat(0);
    let d = i32x4.splat(0);
    let e = i32x4.splat(0);
    let f = i32x4.splat(0);
    let g = i32x4.splat(0);
    let h = i32x4.splat(0);
    let at = scratch;
    for (let pair = pairs; pair <= last; pair += 4) {
      const weight = v128.load32_splat(pair);
      a = i32x4.add(a, i32x4.dot_i16x8_s(weight, v128.load(at)));
      b = i32x4.add(b, i32x4.dot_i16x8_s(weight, v128.load(at, 16)));
      c = i32x4.add(c, i32x4.dot_i16x8_s(weight, v128.load(at, 32)));
      d = i32x4.add(d, i32x4.dot_i16x8_s(weight, v128.load(at, 48)));
      const other = at + toLower;
      e = i32x4.add(e, i32x4.dot_i16x8_s(weight, v128.load(other)));
      f = i32x4.add(f, i32x4.dot_i16x8_s(weight, v128.load(other, 16)));
      g = i32x4.add(g, i32x4.dot_i16x8_s(weight, v128.load(other, 32)));
      h = i32x4.add(h, i32x4.dot_i16x8_s(weight, v128.load(other, 48)));
      at += stride;
    }
    v128.store(into, joined(a, e, bits));
    v128.store(into, joined(b, f, bits), 16);
    v128.store(into, joined(c, g, bits), 32);
    v128.store(into, joined(d, h, bits), 48);
    scratch += 64;
    into += 64;
  }
}

/**
 * As {@link sumPairs} for samples of one channel: pairs two apart share three of four vectors, so that those with even
 * and those with odd numbers are summed one after another.
 */
// @ts-ignore: decorator
@inline
function sumSingles(
  scratch: usize, toLower: usize, into: usize, count: u32, pairs: usize, radius: u32, bits: i32,
): void {
  const end = into + <usize>count * 4;
  while (into < end) {
    let a = i32x4.splat(0);
    let b = i32x4.splat(0);
    let c = i32x4.splat(0);
    let d = i32x4.splat(0);
    for (let parity: usize = 0; parity < 2; parity++) {
      let at = scratch + parity * 8;
      let pair = pairs + parity * 4;
      let v0 = v128.load(at);
      let v1 = v128.load(at, 16);
      let v2 = v128.load(at, 32);
      let left = <i32>((radius + 2 - <u32>parity) >> 1);
      for (; left >= 4; left -= 4) {
        let weight = v128.load32_splat(pair);
        const v3 = v128.load(at, 48);
        a = i32x4.add(a, i32x4.dot_i16x8_s(weight, v0));
        b = i32x4.add(b, i32x4.dot_i16x8_s(weight, v1));
        c = i32x4.add(c, i32x4.dot_i16x8_s(weight, v2));
        d = i32x4.add(d, i32x4.dot_i16x8_s(weight, v3));
        weight = v128.load32_splat(pair, 8);
        v0 = v128.load(at, 64);
        a = i32x4.add(a, i32x4.dot_i16x8_s(weight, v1));
        b = i32x4.add(b, i32x4.dot_i16x8_s(weight, v2));
        c = i32x4.add(c, i32x4.dot_i16x8_s(weight, v3));
        d = i32x4.add(d, i32x4.dot_i16x8_s(weight, v0));
        weight = v128.load32_splat(pair, 16);
        v1 = v128.load(at, 80);
        a = i32x4.add(a, i32x4.dot_i16x8_s(weight, v2));
        b = i32x4.add(b, i32x4.dot_i16x8_s(weight, v3));
        c = i32x4.add(c, i32x4.dot_i16x8_s(weight, v0));
        d = i32x4.add(d, i32x4.dot_i16x8_s(weight, v1));
        weight = v128.load32_splat(pair, 24);
        v2 = v128.load(at, 96);
        a = i32x4.add(a, i32x4.dot_i16x8_s(weight, v3));
        b = i32x4.add(b, i32x4.dot_i16x8_s(weight, v0));
        c = i32x4.add(c, i32x4.dot_i16x8_s(weight, v1));
        d = i32x4.add(d, i32x4.dot_i16x8_s(weight, v2));
        at += 64;
        pair += 32;
      }
      for (; left > 0; left--) {
        const weight = v128.load32_splat(pair);
        const v3 = v128.load(at, 48);
        a = i32x4.add(a, i32x4.dot_i16x8_s(weight, v0));
        b = i32x4.add(b, i32x4.dot_i16x8_s(weight, v1));
        c = i32x4.add(c, i32x4.dot_i16x8_s(weight, v2));
        d = i32x4.add(d, i32x4.dot_i16x8_s(weight, v3));
        v0 = v1;
        v1 = v2;
        v2 = v3;
        at += 16;
        pair += 8;
      }
    }
    let e = i32x4.splat(0);
    let f = i32x4.splat(0);
    let g = i32x4.splat(0);
    let h = i32x4.splat(0);
    for (let parity: usize = 0; parity < 2; parity++) {
      let at = scratch + toLower + parity * 8;
      let pair = pairs + parity * 4;
      let v0 = v128.load(at);
      let v1 = v128.load(at, 16);
      let v2 = v128.load(at, 32);
      let left = <i32>((radius + 2 - <u32>parity) >> 1);
      for (; left >= 4; left -= 4) {
        let weight = v128.load32_splat(pair);
        const v3 = v128.load(at, 48);
        e = i32x4.add(e, i32x4.dot_i16x8_s(weight, v0));
        f = i32x4.add(f, i32x4.dot_i16x8_s(weight, v1));
        g = i32x4.add(g, i32x4.dot_i16x8_s(weight, v2));
        h = i32x4.add(h, i32x4.dot_i16x8_s(weight, v3));
        weight = v128.load32_splat(pair, 8);
        v0 = v128.load(at, 64);
        e = i32x4.add(e, i32x4.dot_i16x8_s(weight, v1));
        f = i32x4.add(f, i32x4.dot_i16x8_s(weight, v2));
        g = i32x4.add(g, i32x4.dot_i16x8_s(weight, v3));
        h = i32x4.add(h, i32x4.dot_i16x8_s(weight, v0));
        weight = v128.load32_splat(pair, 16);
        v1 = v128.load(at, 80);
        e = i32x4.add(e, i32x4.dot_i16x8_s(weight, v2));
        f = i32x4.add(f, i32x4.dot_i16x8_s(weight, v3));
        g = i32x4.add(g, i32x4.dot_i16x8_s(weight, v0));
        h = i32x4.add(h, i32x4.dot_i16x8_s(weight, v1));
        weight = v128.load32_splat(pair, 24);
        v2 = v128.load(at, 96);
        e = i32x4.add(e, i32x4.dot_i16x8_s(weight, v3));
        f = i32x4.add(f, i32x4.dot_i16x8_s(weight, v0));
        g = i32x4.add(g, i32x4.dot_i16x8_s(weight, v1));
        h = i32x4.add(h, i32x4.dot_i16x8_s(weight, v2));
        at += 64;
        pair += 32;
      }
      for (; left > 0; left--) {
        const weight = v128.load32_splat(pair);
        const v3 = v128.load(at, 48);
        e = i32x4.add(e, i32x4.dot_i16x8_s(weight, v0));
        f = i32x4.add(f, i32x4.dot_i16x8_s(weight, v1));
        g = i32x4.add(g, i32x4.dot_i16x8_s(weight, v2));
        h = i32x4.add(h, i32x4.dot_i16x8_s(weight, v3));
        v0 = v1;
        v1 = v2;
        v2 = v3;
        at += 16;
        pair += 8;
      }
    }
    v128.store(into, joined(a, e, bits));
    v128.store(into, joined(b, f, bits), 16);
    v128.store(into, joined(c, g, bits), 32);
    v128.store(into, joined(d, h, bits), 48);
    scratch += 64;
    into += 64;
  }
}

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

/** As {@link alongTwo} for rows of 15-bit values; the sums have 15 bits too. */
export function alongTwoWide(
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
  pairUpWide(upper, scratch, padded, step);
  pairUpWide(lower, scratch + toLower, padded, step);
  sumPairs(scratch, toLower, into, count, step, pairs, radius, 15);
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

// @ts-ignore: decorator
@inline
function wide(low: v128, high: v128): v128 {
  const half = i32x4.splat(1 << 14);
  return i16x8.narrow_i32x4_u(i32x4.shr_u(i32x4.add(low, half), 15), i32x4.shr_u(i32x4.add(high, half), 15));
}

/** As {@link acrossTwo} without factors; the sums keep their 15 bits. */
export function acrossTwoWide(
  ring: usize,
  first: u32,
  upper: usize,
  lower: usize,
  count: u32,
  pairs: usize,
  radius: u32,
): void {
  const rowBytes = ((<usize>count + 15) & ~15) << 2;
  const table = <usize>(radius + 1) * 4;
  const end = upper + <usize>count * 2;
  let start = ring + rowBytes * first;
  let origin = ring;
  let wrap = ring + rowBytes * (radius + 1);
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
    v128.store(upper, wide(a, b));
    v128.store(upper, wide(c, d), 16);
    v128.store(lower, wide(e, f));
    v128.store(lower, wide(g, h), 16);
    start += 64;
    origin += 64;
    wrap += 64;
    upper += 32;
    lower += 32;
  }
}
