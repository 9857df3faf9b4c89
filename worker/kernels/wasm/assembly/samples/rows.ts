// Rows of float32 samples: conversion, symmetric sums along and across rows, division, storing. Scratch rows
// are multiples of 16 samples with room to spare, so loops run over whole vectors; only stores into images end
// exactly.

/** Four lanes of finite samples unchanged; an infinity becomes NaN, so that it propagates to its window as NaN does. */
// @ts-ignore: decorator
@inline
function finiteOrNaN(value: v128): v128 {
  return f32x4.add(value, f32x4.sub(value, value));
}

export function load8(source: usize, into: usize, count: u32): void {
  const end = source + count;
  while (source < end) {
    const bytes = v128.load(source);
    const low = i16x8.extend_low_i8x16_u(bytes);
    const high = i16x8.extend_high_i8x16_u(bytes);
    v128.store(into, f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(low)));
    v128.store(into, f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(low)), 16);
    v128.store(into, f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(high)), 32);
    v128.store(into, f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(high)), 48);
    source += 16;
    into += 64;
  }
}

export function load16(source: usize, into: usize, count: u32): void {
  const end = source + count * 2;
  while (source < end) {
    const lanes = v128.load(source);
    v128.store(into, f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(lanes)));
    v128.store(into, f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(lanes)), 16);
    source += 16;
    into += 32;
  }
}

export function load32(source: usize, into: usize, count: u32): void {
  const end = source + count * 4;
  while (source < end) {
    v128.store(into, finiteOrNaN(v128.load(source)));
    source += 16;
    into += 16;
  }
}

// @ts-ignore: decorator
@inline
function halfUp(source: usize): v128 {
  return i32x4.trunc_sat_f32x4_u(f32x4.add(v128.load(source), f32x4.splat(0.5)));
}

/** uint8 samples: half up, clamped, NaN as 0. */
export function store8(source: usize, into: usize, count: u32): void {
  const whole = into + (count & ~15);
  const end = into + count;
  while (into < whole) {
    const most = i32x4.splat(255);
    const a = i32x4.min_u(halfUp(source), most);
    const b = i32x4.min_u(halfUp(source + 16), most);
    const c = i32x4.min_u(halfUp(source + 32), most);
    const d = i32x4.min_u(halfUp(source + 48), most);
    v128.store(into, i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_u(a, b), i16x8.narrow_i32x4_u(c, d)));
    source += 64;
    into += 16;
  }
  while (into < end) {
    const value = <u32>i32x4.extract_lane(halfUp(source), 0);
    store<u8>(into++, value > 255 ? 255 : value);
    source += 4;
  }
}

/** uint16 samples: half up, clamped, NaN as 0. */
export function store16(source: usize, into: usize, count: u32): void {
  const whole = into + (count & ~7) * 2;
  const end = into + count * 2;
  while (into < whole) {
    const most = i32x4.splat(65535);
    v128.store(into, i16x8.narrow_i32x4_u(i32x4.min_u(halfUp(source), most), i32x4.min_u(halfUp(source + 16), most)));
    source += 32;
    into += 16;
  }
  while (into < end) {
    const value = <u32>i32x4.extract_lane(halfUp(source), 0);
    store<u16>(into, value > 65535 ? 65535 : value);
    source += 4;
    into += 2;
  }
}

export function store32(source: usize, into: usize, count: u32): void {
  memory.copy(into, source, count * 4);
}

// Sums are gathered in groups, those at the ends of the window first, where a Gaussian's weights are small: partial sums,
// and so their roundings, are many times smaller than in one sum from the centre on.

/** Bytes of the weights of a group. */
const GROUP: usize = 32 * 4;

/** Four samples on both sides of the centre, weighted. */
// @ts-ignore: decorator
@inline
function tap(weight: v128, left: usize, right: usize): v128 {
  return f32x4.mul(weight, f32x4.add(v128.load(left), v128.load(right)));
}

/**
 * into[i] = Σ weights[|k|]·source[i + k·step] for |k| ≤ radius; `source` is the sample of i = 0 and has
 * radius·step samples before it and behind the last.
 */
export function along(source: usize, into: usize, count: u32, step: u32, weights: usize, radius: u32): void {
  const stride = <usize>step * 4;
  const reach = <usize>radius * stride;
  const end = into + <usize>count * 4;
  while (into < end) {
    const centre = v128.load32_splat(weights);
    let a = f32x4.mul(v128.load(source), centre);
    let b = f32x4.mul(v128.load(source, 16), centre);
    let c = f32x4.mul(v128.load(source, 32), centre);
    let d = f32x4.mul(v128.load(source, 48), centre);
    let left = source - reach;
    let right = source + reach;
    for (let at = weights + <usize>radius * 4; at > weights; ) {
      const last = at - min(at - weights, GROUP);
      let weight = v128.load32_splat(at);
      let p = tap(weight, left, right);
      let q = tap(weight, left + 16, right + 16);
      let r = tap(weight, left + 32, right + 32);
      let s = tap(weight, left + 48, right + 48);
      for (at -= 4, left += stride, right -= stride; at > last; at -= 4, left += stride, right -= stride) {
        weight = v128.load32_splat(at);
        p = f32x4.add(p, tap(weight, left, right));
        q = f32x4.add(q, tap(weight, left + 16, right + 16));
        r = f32x4.add(r, tap(weight, left + 32, right + 32));
        s = f32x4.add(s, tap(weight, left + 48, right + 48));
      }
      a = f32x4.add(a, p);
      b = f32x4.add(b, q);
      c = f32x4.add(c, r);
      d = f32x4.add(d, s);
    }
    v128.store(into, a);
    v128.store(into, b, 16);
    v128.store(into, c, 32);
    v128.store(into, d, 48);
    source += 64;
    into += 64;
  }
}

/** into[i] = Σ weights[|k|]·row(k)[i] over the 2·radius + 1 rows whose addresses stand from `rows` on, top first. */
export function across(rows: usize, into: usize, count: u32, weights: usize, radius: u32): void {
  const middle = rows + <usize>radius * 4;
  const bytes = <usize>count * 4;
  for (let offset: usize = 0; offset < bytes; offset += 64) {
    const centre = v128.load32_splat(weights);
    const source = <usize>load<u32>(middle) + offset;
    let a = f32x4.mul(v128.load(source), centre);
    let b = f32x4.mul(v128.load(source, 16), centre);
    let c = f32x4.mul(v128.load(source, 32), centre);
    let d = f32x4.mul(v128.load(source, 48), centre);
    for (let k = <usize>radius * 4; k > 0; ) {
      const last = k - min(k, GROUP);
      let above = <usize>load<u32>(middle - k) + offset;
      let below = <usize>load<u32>(middle + k) + offset;
      let weight = v128.load32_splat(weights + k);
      let p = tap(weight, above, below);
      let q = tap(weight, above + 16, below + 16);
      let r = tap(weight, above + 32, below + 32);
      let s = tap(weight, above + 48, below + 48);
      for (k -= 4; k > last; k -= 4) {
        above = <usize>load<u32>(middle - k) + offset;
        below = <usize>load<u32>(middle + k) + offset;
        weight = v128.load32_splat(weights + k);
        p = f32x4.add(p, tap(weight, above, below));
        q = f32x4.add(q, tap(weight, above + 16, below + 16));
        r = f32x4.add(r, tap(weight, above + 32, below + 32));
        s = f32x4.add(s, tap(weight, above + 48, below + 48));
      }
      a = f32x4.add(a, p);
      b = f32x4.add(b, q);
      c = f32x4.add(c, r);
      d = f32x4.add(d, s);
    }
    v128.store(into, a);
    v128.store(into, b, 16);
    v128.store(into, c, 32);
    v128.store(into, d, 48);
    into += 64;
  }
}

/** row[i] ·= factors[i] · factor. */
export function scale(row: usize, factors: usize, factor: f32, count: u32): void {
  const end = row + <usize>count * 4;
  const all = f32x4.splat(factor);
  while (row < end) {
    v128.store(row, f32x4.mul(v128.load(row), f32x4.mul(v128.load(factors), all)));
    row += 16;
    factors += 16;
  }
}

/** sums[i] /= weights[i], 0 where the weight is 0. */
export function divide(sums: usize, weights: usize, count: u32): void {
  const end = sums + <usize>count * 4;
  const zero = f32x4.splat(0);
  while (sums < end) {
    const weight = v128.load(weights);
    const empty = f32x4.eq(weight, zero);
    v128.store(sums, v128.andnot(f32x4.div(v128.load(sums), weight), empty));
    sums += 16;
    weights += 16;
  }
}
