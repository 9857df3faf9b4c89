// Where pixels stand in the scale space of 16 bits, and their values between two levels: eight pixels at a time.
import { pixelsBetween, putBytes, putHalf, putWords, spreadOut } from '../lib/pixel-vectors';

/** Bits of a single-precision variance that a key leaves out: 32 keys to a doubling. */
const KEY_SHIFT = 18;
/**
 * Writes sigma squared for a block of sigmas, rows of both `stride` bytes apart. Sets a byte of `marks` for each interval that
 * one lies in: `table` holds the lowest and the highest one for each key of sigma squared from `first` to `last`,
 * `bounds` where each interval begins and ends.
 */
export function placeBlock(
  sigmas: usize, stride: usize, width: i32, height: i32, table: usize, bounds: usize, marks: usize, first: i32, last: i32,
  into: usize,
): void {
  let low = f32x4.splat(0);
  let high = f32x4.splat(0);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x += 8) {
      const at = sigmas + (<usize>x << 2);
      let a = v128.load(at);
      let b = v128.load(at, 16);
      // What stands behind a row is none of its sigmas.
      if (width - x < 8) {
        const one = v128.load32_splat(at);
        a = v128.bitselect(a, one, i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(width - x)));
        b = v128.bitselect(b, one, i32x4.lt_s(i32x4(4, 5, 6, 7), i32x4.splat(width - x)));
      }
      a = f32x4.mul(a, a);
      b = f32x4.mul(b, b);
      const within = v128.and(
        v128.and(f32x4.ge(a, low), f32x4.lt(a, high)),
        v128.and(f32x4.ge(b, low), f32x4.lt(b, high)),
      );
      if (!i32x4.all_true(within)) {
        markFour(a, table, bounds, marks, first, last);
        const found = markFour(b, table, bounds, marks, first, last);
        low = v128.load32_splat(found);
        high = v128.load32_splat(found, 4);
      }
      const to = into + (<usize>x << 2);
      if (width - x >= 8) {
        v128.store(to, a);
        v128.store(to, b, 16);
      } else {
        for (let i = 0; i < width - x; i++) {
          const sigma = load<f32>(at + (<usize>i << 2));
          store<f32>(to + (<usize>i << 2), sigma * sigma);
        }
      }
    }
    sigmas += stride;
    into += stride;
  }
}

/** Marks the intervals of four values; the last one's bounds' address. */
function markFour(squares: v128, table: usize, bounds: usize, marks: usize, first: i32, last: i32): usize {
  const keys = i32x4.sub(i32x4.shr_s(squares, KEY_SHIFT), i32x4.splat(first));
  const rows = i32x4.shl(i32x4.min_s(i32x4.max_s(keys, i32x4.splat(0)), i32x4.splat(last)), 1);
  mark(table + i32x4.extract_lane(rows, 0), bounds, marks, f32x4.extract_lane(squares, 0));
  mark(table + i32x4.extract_lane(rows, 1), bounds, marks, f32x4.extract_lane(squares, 1));
  mark(table + i32x4.extract_lane(rows, 2), bounds, marks, f32x4.extract_lane(squares, 2));
  return mark(table + i32x4.extract_lane(rows, 3), bounds, marks, f32x4.extract_lane(squares, 3));
}

/** Marks the interval of one value; its bounds' address. */
function mark(entry: usize, bounds: usize, marks: usize, value: f32): usize {
  const highest = load<u8>(entry, 1);
  let interval: u32 = load<u8>(entry);
  while (interval < highest && value >= load<f32>(bounds + (interval << 3), 4)) interval++;
  store<u8>(marks + interval, 1);
  return bounds + (interval << 3);
}

// @ts-ignore: decorator
@inline
function between(a: usize, b: usize, share: v128): v128 {
  // Two levels that follow each other differ by far less than 2^15.
  const from = v128.load(a);
  return i16x8.add(from, i16x8.q15mulr_sat_s(i16x8.sub(v128.load(b), from), share));
}

/** Bytes of eight values, half up, in the low half. */
// @ts-ignore: decorator
@inline
function rounded(values: v128): v128 {
  return i16x8.shr_u(i16x8.add(values, i16x8.splat(64)), 7);
}

/** What values stand for: without their last `bits` bits, half up, and `base` more. */
// @ts-ignore: decorator
@inline
function settled(values: v128, half: v128, bits: i32, base: v128): v128 {
  return i16x8.add(i16x8.shr_u(i16x8.add(values, half), bits), base);
}

// @ts-ignore: decorator
@inline
function gather<T>(
  variances: usize, varianceStride: usize, a: usize, aStride: usize, b: usize, bStride: usize, into: usize, intoStride: usize,
  width: i32, height: i32, low: f32, high: f32, scale: f32, base: i32, bits: i32, channels: i32,
): void {
  const bases = i16x8.splat(<i16>base);
  const half = i16x8.splat(<i16>((<i32>1 << bits) >> 1));
  const lows = f32x4.splat(low);
  const highs = f32x4.splat(high);
  const scales = f32x4.splat(scale);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x += 8) {
      const first = v128.load(variances + (<usize>x << 2));
      const second = v128.load(variances + (<usize>x << 2), 16);
      const mask = pixelsBetween(first, second, lows, highs, width - x);
      const met = i16x8.bitmask(mask);
      if (met == 0) continue;
      const whole = met == 255;
      const share = i16x8.narrow_i32x4_s(
        i32x4.trunc_sat_f32x4_s(f32x4.mul(f32x4.sub(first, lows), scales)),
        i32x4.trunc_sat_f32x4_s(f32x4.mul(f32x4.sub(second, lows), scales)),
      );
      const from = a + <usize>(x * channels) * 2;
      const to = b + <usize>(x * channels) * 2;
      const target = into + <usize>(x * channels) * sizeof<T>();
      const v0 = between(from, to, spreadOut(share, channels, 0));
      const m0 = spreadOut(mask, channels, 0);
      if (sizeof<T>() == 2) {
        putWords(target, settled(v0, half, bits, bases), m0, whole);
        if (channels > 1) putWords(target + 16, settled(between(from + 16, to + 16, spreadOut(share, channels, 1)), half, bits, bases), spreadOut(mask, channels, 1), whole);
        if (channels > 2) putWords(target + 32, settled(between(from + 32, to + 32, spreadOut(share, channels, 2)), half, bits, bases), spreadOut(mask, channels, 2), whole);
        if (channels > 3) putWords(target + 48, settled(between(from + 48, to + 48, spreadOut(share, channels, 3)), half, bits, bases), spreadOut(mask, channels, 3), whole);
      } else if (channels == 1) {
        putHalf(target, rounded(v0), m0, whole);
      } else {
        putBytes(target, rounded(v0), rounded(between(from + 16, to + 16, spreadOut(share, channels, 1))), m0, spreadOut(mask, channels, 1), whole);
        if (channels == 3) {
          putHalf(target + 16, rounded(between(from + 32, to + 32, spreadOut(share, channels, 2))), spreadOut(mask, channels, 2), whole);
        } else if (channels == 4) {
          const v2 = between(from + 32, to + 32, spreadOut(share, channels, 2));
          const v3 = between(from + 48, to + 48, spreadOut(share, channels, 3));
          putBytes(target + 16, rounded(v2), rounded(v3), spreadOut(mask, channels, 2), spreadOut(mask, channels, 3), whole);
        }
      }
    }
    variances += varianceStride;
    a += aStride;
    b += bStride;
    into += intoStride;
  }
}

/**
 * Pixels of a block whose variance lies from `low` to below `high`, between the levels `a` and `b`, whose share is
 * (variance - low) * `scale` / 2^15; others stay as they are. As bytes, rounded half up. Strides are bytes.
 */
export function gatherUint8(
  variances: usize, varianceStride: usize, a: usize, aStride: usize, b: usize, bStride: usize, into: usize, intoStride: usize,
  width: i32, height: i32, low: f32, high: f32, scale: f32, channels: i32,
): void {
  if (channels == 1) gather<u8>(variances, varianceStride, a, aStride, b, bStride, into, intoStride, width, height, low, high, scale, 0, 7, 1);
  else if (channels == 2) gather<u8>(variances, varianceStride, a, aStride, b, bStride, into, intoStride, width, height, low, high, scale, 0, 7, 2);
  else if (channels == 3) gather<u8>(variances, varianceStride, a, aStride, b, bStride, into, intoStride, width, height, low, high, scale, 0, 7, 3);
  else gather<u8>(variances, varianceStride, a, aStride, b, bStride, into, intoStride, width, height, low, high, scale, 0, 7, 4);
}

/** As {@link gatherUint8} in 16 bits: the values without their last `bits` bits, half up, and `base` more. */
export function gatherUint16(
  variances: usize, varianceStride: usize, a: usize, aStride: usize, b: usize, bStride: usize, into: usize, intoStride: usize,
  width: i32, height: i32, low: f32, high: f32, scale: f32, channels: i32, base: i32, bits: i32,
): void {
  if (channels == 1) gather<u16>(variances, varianceStride, a, aStride, b, bStride, into, intoStride, width, height, low, high, scale, base, bits, 1);
  else if (channels == 2) gather<u16>(variances, varianceStride, a, aStride, b, bStride, into, intoStride, width, height, low, high, scale, base, bits, 2);
  else if (channels == 3) gather<u16>(variances, varianceStride, a, aStride, b, bStride, into, intoStride, width, height, low, high, scale, base, bits, 3);
  else gather<u16>(variances, varianceStride, a, aStride, b, bStride, into, intoStride, width, height, low, high, scale, base, bits, 4);
}

/** Four lanes of `base` + `range` * sums / weight of a pixel. */
// @ts-ignore: decorator
@inline
function mean(sums: usize, weights: usize, base: f32, range: f32): v128 {
  const lanes = f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(v128.load64_zero(sums)));
  const above = f32x4.mul(lanes, f32x4.splat(range / <f32>load<u16>(weights)));
  return f32x4.add(above, f32x4.splat(base));
}

/** Means as bytes, half up: `range` is 255. Weights, one a pixel, are 32640 for a whole window. */
export function divideUint8(
  sums: usize, weights: usize, into: usize, pixels: u32, channels: u32, base: f32, range: f32,
): void {
  const end = into + pixels * channels;
  while (into < end) {
    const whole = i32x4.trunc_sat_f32x4_u(f32x4.add(mean(sums, weights, base, range), f32x4.splat(0.5)));
    const words = i16x8.narrow_i32x4_u(whole, whole);
    let bytes = i32x4.extract_lane(i8x16.narrow_i16x8_u(words, words), 0);
    for (let c: u32 = 0; c < channels; c++) {
      store<u8>(into++, <u8>bytes);
      bytes >>= 8;
    }
    sums += <usize>channels << 1;
    weights += 2;
  }
}

/** Means as uint16, half up: `range` is what 32640 stands for above `base`. */
export function divideUint16(
  sums: usize, weights: usize, into: usize, pixels: u32, channels: u32, base: f32, range: f32,
): void {
  const end = into + <usize>(pixels * channels) * 2;
  while (into < end) {
    const whole = i32x4.trunc_sat_f32x4_u(f32x4.add(mean(sums, weights, base, range), f32x4.splat(0.5)));
    let words = i64x2.extract_lane(i16x8.narrow_i32x4_u(whole, whole), 0);
    for (let c: u32 = 0; c < channels; c++) {
      store<u16>(into, <u16>words);
      into += 2;
      words >>= 16;
    }
    sums += <usize>channels << 1;
    weights += 2;
  }
}

/** Means as float32, before any rounding. */
export function divideFloats(
  sums: usize, weights: usize, into: usize, pixels: u32, channels: u32, base: f32, range: f32,
): void {
  const end = into + <usize>(pixels * channels) * 4;
  while (into < end) {
    const four = mean(sums, weights, base, range);
    store<f32>(into, f32x4.extract_lane(four, 0));
    if (channels > 1) store<f32>(into, f32x4.extract_lane(four, 1), 4);
    if (channels > 2) store<f32>(into, f32x4.extract_lane(four, 2), 8);
    if (channels > 3) store<f32>(into, f32x4.extract_lane(four, 3), 12);
    sums += <usize>channels << 1;
    weights += 2;
    into += <usize>channels << 2;
  }
}
