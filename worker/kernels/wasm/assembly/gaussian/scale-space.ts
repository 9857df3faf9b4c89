// Planes of pixels with four float32 lanes each, for the scale space: expansion of image rows, decimation by
// (1 4 6 4 1)/16, upsampling by cubic B-splines weighted by each pixel's place in the scale space, and the direct sum
// for small sigmas.
import { gatherDirect } from '../lib/small-sigmas';

export { gatherDirect };

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

// @ts-ignore: decorator
@inline
function binomial16(a: v128, b: v128, c: v128, d: v128, e: v128): v128 {
  const inner = i16x8.shl(i16x8.add(i16x8.add(b, d), c), 2);
  return i16x8.add(i16x8.add(i16x8.add(a, e), inner), i16x8.shl(c, 1));
}

/** 16 times the filtered row between five of bytes, as uint16; whole groups of 16 samples are written. */
export function foldUint8(a: usize, b: usize, c: usize, d: usize, e: usize, into: usize, count: i32): void {
  for (let i = 0; i < count; i += 16) {
    const va = v128.load(a + i);
    const vb = v128.load(b + i);
    const vc = v128.load(c + i);
    const vd = v128.load(d + i);
    const ve = v128.load(e + i);
    const low = binomial16(
      i16x8.extend_low_i8x16_u(va),
      i16x8.extend_low_i8x16_u(vb),
      i16x8.extend_low_i8x16_u(vc),
      i16x8.extend_low_i8x16_u(vd),
      i16x8.extend_low_i8x16_u(ve),
    );
    const high = binomial16(
      i16x8.extend_high_i8x16_u(va),
      i16x8.extend_high_i8x16_u(vb),
      i16x8.extend_high_i8x16_u(vc),
      i16x8.extend_high_i8x16_u(vd),
      i16x8.extend_high_i8x16_u(ve),
    );
    const at = into + (<usize>i << 1);
    v128.store(at, low);
    v128.store(at, high, 16);
  }
}

/** Every second pixel of a folded row, filtered along it, in lanes; `source` is two pixels before the first. */
export function halveFolded(source: usize, into: usize, count: i32, channels: i32): void {
  const pixel = <usize>channels << 1;
  const end = into + (<usize>count << 4);
  while (into < end) {
    const a = v128.load64_zero(source);
    const b = v128.load64_zero(source + pixel);
    const c = v128.load64_zero(source + 2 * pixel);
    const d = v128.load64_zero(source + 3 * pixel);
    const e = v128.load64_zero(source + 4 * pixel);
    // At most 16·16·255: it fits 16 bits.
    const sum = f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(binomial16(a, b, c, d, e)));
    v128.store(into, f32x4.mul(sum, f32x4.splat(0.00390625)));
    source += 2 * pixel;
    into += 16;
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

/** Four sigmas of which only the first `count` are there; the last of them stands for the others. */
function lastSigmas(sigmas: usize, count: i32): v128 {
  const last = sigmas + ((<usize>count - 1) << 2);
  const four = f32x4.replace_lane(f32x4.splat(load<f32>(last)), 0, load<f32>(sigmas));
  return f32x4.replace_lane(four, 1, load<f32>(min(sigmas + 4, last)));
}

/**
 * Where the sigmas of a row stand in the scale space: a byte that names the interval between two levels (255 below sigma
 * 1), the share of the upper level in float32, and 1 at `marks` for each interval met.
 */
export function placeRow(sigmas: usize, intervals: usize, shares: usize, marks: usize, width: i32): void {
  const end = sigmas + (<usize>width << 2);
  const first = i32x4.splat(127 << 2);
  // No group of four looks like this: 254 names no interval.
  let known: i32 = 254;
  while (sigmas < end) {
    const left = <i32>((end - sigmas) >> 2);
    const sigma = left < 4 ? lastSigmas(sigmas, left) : v128.load(sigmas);
    const variance = f32x4.mul(sigma, sigma);
    const interval = i32x4.sub(i32x4.shr_u(variance, 21), first);
    const low = f32x4.lt(sigma, f32x4.splat(1));
    const named = v128.or(interval, low);
    const rest = v128.and(variance, i32x4.splat((1 << 21) - 1));
    const share = f32x4.mul(f32x4.convert_i32x4_s(rest), f32x4.splat(4.76837158203125e-7));
    const bytes = i8x16.shuffle(named, named, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12);
    const four = i32x4.extract_lane(bytes, 0);
    if (left < 4) {
      store<u8>(intervals, four);
      store<f32>(shares, f32x4.extract_lane(share, 0));
      if (left > 1) {
        store<u8>(intervals, four >> 8, 1);
        store<f32>(shares, f32x4.extract_lane(share, 1), 4);
      }
      if (left > 2) {
        store<u8>(intervals, four >> 16, 2);
        store<f32>(shares, f32x4.extract_lane(share, 2), 8);
      }
    } else {
      store<i32>(intervals, four);
      v128.store(shares, share);
    }
    if (four != known) {
      store<u8>(marks + (four & 255), 1);
      store<u8>(marks + ((four >> 8) & 255), 1);
      store<u8>(marks + ((four >> 16) & 255), 1);
      store<u8>(marks + (<u32>four >> 24), 1);
      known = four;
    }
    sigmas += 16;
    intervals += 4;
    shares += 16;
  }
}

/** Adds a level on the full grid to the sums of one row: to pixels of its interval and of the one below. */
export function gatherFull(row: usize, intervals: usize, shares: usize, level: i32, sums: usize, width: i32): void {
  for (let x = 0; x < width; x++) {
    const below = level - <i32>load<u8>(intervals + x);
    if (<u32>below <= 1) {
      const upper = load<f32>(shares + (<usize>x << 2));
      const at = <usize>x << 4;
      const share = below ? upper : 1 - upper;
      v128.store(sums + at, f32x4.add(v128.load(sums + at), f32x4.mul(splat(share), v128.load(row + at))));
    }
  }
}

/**
 * The interpolated pixels of one row from coarser grids. `lines` holds four uint32 for each interval: the blended
 * rows of its lower and its upper level (0 where the interval is on no coarser grid: such pixels stay), the grid's
 * octave, and how many pixels the row's first lies behind the second point of both.
 * `splines` holds four weights for each of an octave's 2^octave phases, octave 1 first.
 */
export function gatherCoarse(
  intervals: usize,
  shares: usize,
  lines: usize,
  splines: usize,
  into: usize,
  width: i32,
): void {
  let x = 0;
  while (x < width) {
    const interval = load<u8>(intervals + x);
    const entry = lines + (<usize>interval << 4);
    const lower = <usize>load<u32>(entry);
    if (lower == 0) {
      x++;
      continue;
    }
    const upper = <usize>load<u32>(entry, 4);
    const octave = load<u32>(entry, 8);
    const step = 1 << octave;
    const fine = load<i32>(entry, 12) + x;
    const at = <usize>(fine >> octave) << 4;
    const a = v128.load(lower + at);
    const b = v128.load(lower + at, 16);
    const c = v128.load(lower + at, 32);
    const d = v128.load(lower + at, 48);
    const toA = f32x4.sub(v128.load(upper + at), a);
    const toB = f32x4.sub(v128.load(upper + at, 16), b);
    const toC = f32x4.sub(v128.load(upper + at, 32), c);
    const toD = f32x4.sub(v128.load(upper + at, 48), d);
    const phase = fine & (step - 1);
    let weights = splines + (<usize>(step - 2 + phase) << 4);
    const end = min(width, x + step - phase);
    do {
      const share = v128.load32_splat(shares + (<usize>x << 2));
      const first = f32x4.mul(f32x4.add(a, f32x4.mul(share, toA)), v128.load32_splat(weights));
      const second = f32x4.mul(f32x4.add(b, f32x4.mul(share, toB)), v128.load32_splat(weights, 4));
      const third = f32x4.mul(f32x4.add(c, f32x4.mul(share, toC)), v128.load32_splat(weights, 8));
      const fourth = f32x4.mul(f32x4.add(d, f32x4.mul(share, toD)), v128.load32_splat(weights, 12));
      v128.store(into + (<usize>x << 4), f32x4.add(f32x4.add(first, second), f32x4.add(third, fourth)));
      weights += 16;
      x++;
    } while (x < end && load<u8>(intervals + x) == interval);
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

// @ts-ignore: decorator
@inline
function halfUpBits(lanes: v128): v128 {
  // The sum's low byte is the integer: above 2^23 float32 has no fractions.
  return f32x4.add(f32x4.floor(f32x4.add(lanes, f32x4.splat(0.5))), f32x4.splat(8388608));
}

/**
 * Pixels of 3 channels as bytes, half up; lanes lie between 0 and 255 but for rounding. Whole groups of four pixels
 * are taken, and 16 bytes written for each.
 */
export function storeThree(lanes: usize, into: usize, pixels: i32): void {
  const end = lanes + (<usize>pixels << 4);
  while (lanes < end) {
    const a = halfUpBits(v128.load(lanes));
    const b = halfUpBits(v128.load(lanes, 16));
    const c = halfUpBits(v128.load(lanes, 32));
    const d = halfUpBits(v128.load(lanes, 48));
    const low = i8x16.shuffle(a, b, 0, 4, 8, 16, 20, 24, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    const high = i8x16.shuffle(c, d, 0, 4, 8, 16, 20, 24, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    v128.store(into, i8x16.shuffle(low, high, 0, 1, 2, 3, 4, 5, 16, 17, 18, 19, 20, 21, 0, 0, 0, 0));
    lanes += 64;
    into += 12;
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
