// Planes of pixels with four float32 lanes each, for the sigma ladder: expansion of image rows, decimation by
// (1 4 6 4 1)/16, upsampling by cubic B-splines weighted by each pixel's place on the ladder, and the direct sum
// for small sigmas.

// @ts-ignore: decorator
@inline
function splat(value: f32): v128 {
  return f32x4.splat(value);
}

export function expand8(source: usize, into: usize, pixels: u32, channels: u32): void {
  const end = into + <usize>pixels * 16;
  while (into < end) {
    const lanes = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(source)));
    v128.store(into, f32x4.convert_i32x4_u(lanes));
    source += channels;
    into += 16;
  }
}

export function expand16(source: usize, into: usize, pixels: u32, channels: u32): void {
  const end = into + <usize>pixels * 16;
  const step = channels * 2;
  while (into < end) {
    v128.store(into, f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(v128.load64_zero(source))));
    source += step;
    into += 16;
  }
}

export function expand32(source: usize, into: usize, pixels: u32, channels: u32): void {
  const end = into + <usize>pixels * 16;
  const step = channels * 4;
  while (into < end) {
    v128.store(into, v128.load(source));
    source += step;
    into += 16;
  }
}

// @ts-ignore: decorator
@inline
function pixelOrZero(row: usize, index: i32, count: i32): v128 {
  return index >= 0 && index < count ? v128.load(row + (<usize>index << 4)) : f32x4.splat(0);
}

// @ts-ignore: decorator
@inline
function binomial(a: v128, b: v128, c: v128, d: v128, e: v128): v128 {
  const outer = f32x4.mul(f32x4.add(a, e), f32x4.splat(0.0625));
  const inner = f32x4.mul(f32x4.add(b, d), f32x4.splat(0.25));
  return f32x4.add(f32x4.add(outer, inner), f32x4.mul(c, f32x4.splat(0.375)));
}

/** into[i] is the filtered source[first + 2i]; beyond the row's `sourceCount` pixels everything is 0. */
export function halveRow(source: usize, into: usize, first: i32, sourceCount: i32, count: i32): void {
  for (let i = 0; i < count; i++) {
    const c = first + 2 * i;
    let result: v128;
    if (c >= 2 && c + 2 < sourceCount) {
      const at = source + (<usize>c << 4);
      result = binomial(
        v128.load(at - 32),
        v128.load(at - 16),
        v128.load(at),
        v128.load(at + 16),
        v128.load(at + 32),
      );
    } else {
      result = binomial(
        pixelOrZero(source, c - 2, sourceCount),
        pixelOrZero(source, c - 1, sourceCount),
        pixelOrZero(source, c, sourceCount),
        pixelOrZero(source, c + 1, sourceCount),
        pixelOrZero(source, c + 2, sourceCount),
      );
    }
    v128.store(into + (<usize>i << 4), result);
  }
}

/** The filtered row between five. */
export function halveColumn(a: usize, b: usize, c: usize, d: usize, e: usize, into: usize, count: i32): void {
  const bytes = <usize>count << 4;
  for (let at: usize = 0; at < bytes; at += 16) {
    v128.store(
      into + at,
      binomial(v128.load(a + at), v128.load(b + at), v128.load(c + at), v128.load(d + at), v128.load(e + at)),
    );
  }
}

/** Four rows weighted by four float32 at `weights`. */
export function blendRows(a: usize, b: usize, c: usize, d: usize, weights: usize, into: usize, count: i32): void {
  const wa = v128.load32_splat(weights);
  const wb = v128.load32_splat(weights, 4);
  const wc = v128.load32_splat(weights, 8);
  const wd = v128.load32_splat(weights, 12);
  const bytes = <usize>count << 4;
  for (let at: usize = 0; at < bytes; at += 16) {
    const low = f32x4.add(f32x4.mul(wa, v128.load(a + at)), f32x4.mul(wb, v128.load(b + at)));
    const high = f32x4.add(f32x4.mul(wc, v128.load(c + at)), f32x4.mul(wd, v128.load(d + at)));
    v128.store(into + at, f32x4.add(low, high));
  }
}

/** The share of rung k at distance e = position - k: Lagrange's cubic over rungs -2 to 1 around a position. */
// @ts-ignore: decorator
@inline
function share(e: f32): f32 {
  if (e < 0) {
    const f = e + 1;
    return (f + 2) * (f + 1) * f * <f32>(1.0 / 6.0);
  }
  if (e < 1) return -(e + 2) * (e + 1) * (e - 1) * <f32>0.5;
  if (e < 2) {
    const f = e - 1;
    return (f + 2) * f * (f - 1) * <f32>0.5;
  }
  const f = e - 2;
  return -(f + 1) * f * (f - 1) * <f32>(1.0 / 6.0);
}

/** Adds rung `index` on the full grid to the sums of one row of output pixels. */
export function gatherFull(row: usize, positions: usize, index: f32, sums: usize, width: i32): void {
  for (let x = 0; x < width; x++) {
    const e = load<f32>(positions + (<usize>x << 2)) - index;
    if (e >= -1 && e < 3) {
      const at = <usize>x << 4;
      v128.store(sums + at, f32x4.add(v128.load(sums + at), f32x4.mul(splat(share(e)), v128.load(row + at))));
    }
  }
}

/**
 * The same from a coarser grid: pixel x of the row is `offset` + x fine pixels behind the second grid point of
 * `row`; `splines` holds four weights for each of 2^level phases.
 */
export function gatherCoarse(
  row: usize,
  positions: usize,
  index: f32,
  sums: usize,
  width: i32,
  offset: i32,
  level: i32,
  splines: usize,
): void {
  const mask = (1 << level) - 1;
  for (let x = 0; x < width; x++) {
    const e = load<f32>(positions + (<usize>x << 2)) - index;
    if (e >= -1 && e < 3) {
      const fine = offset + x;
      const from = row + (<usize>(fine >> level) << 4);
      const weights = v128.load(splines + (<usize>(fine & mask) << 4));
      const a = f32x4.mul(v128.load(from), i8x16.shuffle(weights, weights, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3));
      const b = f32x4.mul(v128.load(from, 16), i8x16.shuffle(weights, weights, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7));
      const c = f32x4.mul(v128.load(from, 32), i8x16.shuffle(weights, weights, 8, 9, 10, 11, 8, 9, 10, 11, 8, 9, 10, 11, 8, 9, 10, 11));
      const d = f32x4.mul(v128.load(from, 48), i8x16.shuffle(weights, weights, 12, 13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15));
      const value = f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
      const at = sums + (<usize>x << 4);
      v128.store(at, f32x4.add(v128.load(at), f32x4.mul(splat(share(e)), value)));
    }
  }
}

/**
 * e^x for −700 < x ≤ 0 within 10^−14: 2^k times a Taylor sum over |r| ≤ ln 2 / 2. The standard library's
 * keeps tables in linear memory, which belongs to the host here.
 */
function exponential(x: f64): f64 {
  const k = Math.floor(x * 1.4426950408889634 + 0.5);
  const r = x - k * 0.6931471805599453;
  let sum: f64 = 1;
  for (let n = 12; n > 0; n--) sum = 1 + (sum * r) / <f64>n;
  return sum * reinterpret<f64>((<i64>k + 1023) << 52);
}

/**
 * The direct sum, not divided, for the pixels of one row whose sigma is below 1: positions below 2. `plane` is
 * the full grid, (x, y) the first pixel on it. Weights of distance d are q^(d*d); they are divided by their sum
 * over the whole window, so that both planes of a tile see the same ones.
 */
export function gatherDirect(
  plane: usize,
  planeWidth: i32,
  planeHeight: i32,
  x: i32,
  y: i32,
  sigmas: usize,
  sums: usize,
  width: i32,
): void {
  for (let i = 0; i < width; i++) {
    const sigma = load<f32>(sigmas + (<usize>i << 2));
    if (sigma >= 1) continue;
    const at = sums + (<usize>i << 4);
    const radius = <i32>Math.floor(4 * <f64>sigma + 0.5);
    if (radius == 0) {
      v128.store(at, v128.load(plane + ((<usize>(y * planeWidth + x + i)) << 4)));
      continue;
    }
    const q = <f32>exponential(-1 / (2 * <f64>sigma * <f64>sigma));
    const q2 = q * q;
    const q4 = q2 * q2;
    const w2 = q4;
    const w3 = q4 * q4 * q;
    const w4 = q4 * q4 * q4 * q4;
    const total: f32 = 1 + 2 * (q + (radius > 1 ? w2 : 0) + (radius > 2 ? w3 : 0) + (radius > 3 ? w4 : 0));
    let sum = f32x4.splat(0);
    for (let dy = -radius; dy <= radius; dy++) {
      const v = y + dy;
      if (v < 0 || v >= planeHeight) continue;
      let line = f32x4.splat(0);
      for (let dx = -radius; dx <= radius; dx++) {
        const u = x + i + dx;
        if (u < 0 || u >= planeWidth) continue;
        const d = dx < 0 ? -dx : dx;
        const weight: f32 = d == 0 ? 1 : d == 1 ? q : d == 2 ? w2 : d == 3 ? w3 : w4;
        line = f32x4.add(line, f32x4.mul(splat(weight), v128.load(plane + (<usize>(v * planeWidth + u) << 4))));
      }
      const d = dy < 0 ? -dy : dy;
      const weight: f32 = d == 0 ? 1 : d == 1 ? q : d == 2 ? w2 : d == 3 ? w3 : w4;
      sum = f32x4.add(sum, f32x4.mul(splat(weight), line));
    }
    v128.store(at, f32x4.mul(sum, splat(1 / (total * total))));
  }
}

/** sums = sums / weights, 0 where there is hardly any weight. */
export function divideLanes(sums: usize, weights: usize, pixels: i32): void {
  const end = sums + (<usize>pixels << 4);
  while (sums < end) {
    const weight = v128.load(weights);
    const some = f32x4.gt(f32x4.abs(weight), f32x4.splat(1e-9));
    v128.store(sums, v128.and(f32x4.div(v128.load(sums), weight), some));
    sums += 16;
    weights += 16;
  }
}

/** The first `channels` lanes of each pixel, packed. */
export function packLanes(lanes: usize, into: usize, pixels: i32, channels: i32): void {
  for (let x = 0; x < pixels; x++) {
    for (let c = 0; c < channels; c++) store<f32>(into + (<usize>c << 2), load<f32>(lanes + (<usize>c << 2)));
    lanes += 16;
    into += <usize>channels << 2;
  }
}
