// Values of 16 bits under windows of 5×5 points whose weights differ from pixel to pixel: eight pixels at a time.
import { pixelsBetween, putBytes, putHalf, putWords, spreadOut } from '../lib/pixel-vectors';

/** Fractional bits of weights. */
const WEIGHT_BITS = 14;
/** Fractional bits of bytes as values. */
const BYTE_BITS = 7;
/** Bytes of an entry of a table of weights. */
const ENTRY_BYTES = 16;

/** The pair of weights `k` of two entries, twice each. */
// @ts-ignore: decorator
@inline
function ofTwo(a: v128, b: v128, k: i32): v128 {
  if (k == 0) return i32x4.shuffle(a, b, 0, 0, 4, 4);
  if (k == 1) return i32x4.shuffle(a, b, 1, 1, 5, 5);
  return i32x4.shuffle(a, b, 2, 2, 6, 6);
}

// @ts-ignore: decorator
@inline
function ofFour(a: v128, b: v128, c: v128, d: v128, k: i32): v128 {
  return i32x4.shuffle(ofTwo(a, b, k), ofTwo(c, d, k), 0, 2, 4, 6);
}

/** Three times the first one's. */
// @ts-ignore: decorator
@inline
function threeAndOne(a: v128, b: v128, k: i32): v128 {
  const both = ofTwo(a, b, k);
  return i32x4.shuffle(both, both, 0, 0, 0, 2);
}

// @ts-ignore: decorator
@inline
function oneAndThree(a: v128, b: v128, k: i32): v128 {
  const both = ofTwo(a, b, k);
  return i32x4.shuffle(both, both, 0, 2, 2, 2);
}

/** The pair of weights `k` for four samples: the half `half` of those of eight pixels. */
// @ts-ignore: decorator
@inline
function pairOf(
  channels: i32, half: i32, k: i32, e0: v128, e1: v128, e2: v128, e3: v128, e4: v128, e5: v128, e6: v128, e7: v128,
): v128 {
  if (channels == 1) return half == 0 ? ofFour(e0, e1, e2, e3, k) : ofFour(e4, e5, e6, e7, k);
  if (channels == 2) {
    if (half == 0) return ofTwo(e0, e1, k);
    if (half == 1) return ofTwo(e2, e3, k);
    return half == 2 ? ofTwo(e4, e5, k) : ofTwo(e6, e7, k);
  }
  if (channels == 3) {
    if (half == 0) return threeAndOne(e0, e1, k);
    if (half == 1) return ofTwo(e1, e2, k);
    if (half == 2) return oneAndThree(e2, e3, k);
    if (half == 3) return threeAndOne(e4, e5, k);
    return half == 4 ? ofTwo(e5, e6, k) : oneAndThree(e6, e7, k);
  }
  if (half == 0) return ofTwo(e0, e0, k);
  if (half == 1) return ofTwo(e1, e1, k);
  if (half == 2) return ofTwo(e2, e2, k);
  if (half == 3) return ofTwo(e3, e3, k);
  if (half == 4) return ofTwo(e4, e4, k);
  if (half == 5) return ofTwo(e5, e5, k);
  return half == 6 ? ofTwo(e6, e6, k) : ofTwo(e7, e7, k);
}

/** Products are of signed numbers: of values that pass 15 bits, as those of bytes do not, the middle of the range counts 0. */
// @ts-ignore: decorator
@inline
function centred<T>(values: v128): v128 {
  return sizeof<T>() == 1 ? values : v128.xor(values, i16x8.splat(-0x8000));
}

/** The mean of both samples `aside` away along a line. */
// @ts-ignore: decorator
@inline
function beside(at: usize, aside: usize): v128 {
  return i16x8.avgr_u(v128.load(at - aside), v128.load(at + aside));
}

/**
 * The vector `index` of those of eight pixels, points of windows being `reach` apart. Points of a window that
 * are equally far from its middle along both axes, in either order, have one weight and are taken by their mean: `row` is
 * the middle one, `near` and `far` hold the means of the rows next to it and of those twice as far.
 */
// @ts-ignore: decorator
@inline
function windowed<T>(
  row: usize, near: usize, far: usize, reach: usize, channels: i32, index: i32, half: v128, bits: i32, base: v128,
  e0: v128, e1: v128, e2: v128, e3: v128, e4: v128, e5: v128, e6: v128, e7: v128,
): v128 {
  const centre = centred<T>(v128.load(row));
  const nextTo = centred<T>(i16x8.avgr_u(beside(row, reach), v128.load(near)));
  let first = i16x8.shuffle(centre, nextTo, 0, 8, 1, 9, 2, 10, 3, 11);
  let second = i16x8.shuffle(centre, nextTo, 4, 12, 5, 13, 6, 14, 7, 15);
  let low = i32x4.dot_i16x8_s(first, pairOf(channels, 2 * index, 0, e0, e1, e2, e3, e4, e5, e6, e7));
  let high = i32x4.dot_i16x8_s(second, pairOf(channels, 2 * index + 1, 0, e0, e1, e2, e3, e4, e5, e6, e7));
  const corners = centred<T>(beside(near, reach));
  const ends = centred<T>(i16x8.avgr_u(beside(row, 2 * reach), v128.load(far)));
  first = i16x8.shuffle(corners, ends, 0, 8, 1, 9, 2, 10, 3, 11);
  second = i16x8.shuffle(corners, ends, 4, 12, 5, 13, 6, 14, 7, 15);
  low = i32x4.add(low, i32x4.dot_i16x8_s(first, pairOf(channels, 2 * index, 1, e0, e1, e2, e3, e4, e5, e6, e7)));
  high = i32x4.add(high, i32x4.dot_i16x8_s(second, pairOf(channels, 2 * index + 1, 1, e0, e1, e2, e3, e4, e5, e6, e7)));
  const knights = centred<T>(i16x8.avgr_u(beside(near, 2 * reach), beside(far, reach)));
  const farCorners = centred<T>(beside(far, 2 * reach));
  first = i16x8.shuffle(knights, farCorners, 0, 8, 1, 9, 2, 10, 3, 11);
  second = i16x8.shuffle(knights, farCorners, 4, 12, 5, 13, 6, 14, 7, 15);
  low = i32x4.add(low, i32x4.dot_i16x8_s(first, pairOf(channels, 2 * index, 2, e0, e1, e2, e3, e4, e5, e6, e7)));
  high = i32x4.add(high, i32x4.dot_i16x8_s(second, pairOf(channels, 2 * index + 1, 2, e0, e1, e2, e3, e4, e5, e6, e7)));
  low = i32x4.shr_s(i32x4.add(low, half), WEIGHT_BITS + bits);
  high = i32x4.shr_s(i32x4.add(high, half), WEIGHT_BITS + bits);
  if (sizeof<T>() == 1) return i16x8.narrow_i32x4_s(low, high);
  return i16x8.add_sat_u(i16x8.narrow_i32x4_u(low, high), base);
}

/** Where the entries of four variances lie in a table. */
// @ts-ignore: decorator
@inline
function placesOf(variances: v128, lows: v128, scales: v128, lastPlaces: v128, wholes: v128, entries: v128): v128 {
  const places = f32x4.min(f32x4.mul(f32x4.sub(variances, lows), scales), lastPlaces);
  return v128.and(f32x4.add(places, wholes), entries);
}

// @ts-ignore: decorator
@inline
function windows<T>(
  variances: usize, varianceStride: usize, ring: usize, ringRows: u32, ringStride: usize, top: u32, left: usize,
  lines: usize, lineBytes: usize, into: usize, intoStride: usize, width: i32, height: i32, low: f32, high: f32,
  table: usize, scale: f32, last: i32, distance: u32, base: i32, bits: i32, channels: i32,
): void {
  const lows = f32x4.splat(low);
  const highs = f32x4.splat(high);
  const scales = f32x4.splat(<f32>ENTRY_BYTES * scale);
  // A float of 2²³ and a little more has that little, as the nearest whole number, in its last bits: the place of an entry,
  // whose last bits are masked, and for pixels that no entry is for some place within the table. A place just below the
  // table's end would be rounded to behind it, and wrap to its beginning.
  const wholes = f32x4.splat(8388608);
  const entries = i32x4.splat(last * ENTRY_BYTES);
  const lastPlaces = f32x4.splat(<f32>(last * ENTRY_BYTES + ENTRY_BYTES - 1));
  // What makes a quotient round half up, and the middle that products left out.
  const middle = sizeof<T>() == 1 ? 0 : 0x8000 << WEIGHT_BITS;
  const half = i32x4.splat(middle + ((1 << (WEIGHT_BITS + bits)) >> 1));
  const bases = i16x8.splat(<i16>base);
  const reach = <usize>distance * channels * 2;
  const far = lines + lineBytes;
  for (let y: u32 = 0; y < <u32>height; y++) {
    const row = ring + <usize>((top + y + 2 * distance) % ringRows) * ringStride + left + 2 * reach;
    let folded = false;
    for (let x = 0; x < width; x += 8) {
      const first = v128.load(variances + (<usize>x << 2));
      const second = v128.load(variances + (<usize>x << 2), 16);
      const mask = pixelsBetween(first, second, lows, highs, width - x);
      const met = i16x8.bitmask(mask);
      if (met == 0) continue;
      if (!folded) {
        const a = ring + <usize>((top + y) % ringRows) * ringStride + left;
        const b = ring + <usize>((top + y + distance) % ringRows) * ringStride + left;
        const d = ring + <usize>((top + y + 3 * distance) % ringRows) * ringStride + left;
        const e = ring + <usize>((top + y + 4 * distance) % ringRows) * ringStride + left;
        for (let at: usize = 0; at < lineBytes; at += 32) {
          v128.store(lines + at, i16x8.avgr_u(v128.load(b + at), v128.load(d + at)));
          v128.store(lines + at, i16x8.avgr_u(v128.load(b + at, 16), v128.load(d + at, 16)), 16);
          v128.store(far + at, i16x8.avgr_u(v128.load(a + at), v128.load(e + at)));
          v128.store(far + at, i16x8.avgr_u(v128.load(a + at, 16), v128.load(e + at, 16)), 16);
        }
        folded = true;
      }
      const whole = met == 255;
      const ones = placesOf(first, lows, scales, lastPlaces, wholes, entries);
      const twos = placesOf(second, lows, scales, lastPlaces, wholes, entries);
      const e0 = v128.load(table + i32x4.extract_lane(ones, 0));
      const e1 = v128.load(table + i32x4.extract_lane(ones, 1));
      const e2 = v128.load(table + i32x4.extract_lane(ones, 2));
      const e3 = v128.load(table + i32x4.extract_lane(ones, 3));
      const e4 = v128.load(table + i32x4.extract_lane(twos, 0));
      const e5 = v128.load(table + i32x4.extract_lane(twos, 1));
      const e6 = v128.load(table + i32x4.extract_lane(twos, 2));
      const e7 = v128.load(table + i32x4.extract_lane(twos, 3));
      const from = <usize>(x * channels) * 2;
      const at = row + from;
      const nearAt = lines + from + 2 * reach;
      const farAt = far + from + 2 * reach;
      const target = into + <usize>(x * channels) * sizeof<T>();
      const v0 = windowed<T>(at, nearAt, farAt, reach, channels, 0, half, bits, bases, e0, e1, e2, e3, e4, e5, e6, e7);
      const m0 = spreadOut(mask, channels, 0);
      if (sizeof<T>() == 2) putWords(target, v0, m0, whole);
      else if (channels == 1) putHalf(target, v0, m0, whole);
      if (channels > 1) {
        const v1 = windowed<T>(at + 16, nearAt + 16, farAt + 16, reach, channels, 1, half, bits, bases, e0, e1, e2, e3, e4, e5, e6, e7);
        const m1 = spreadOut(mask, channels, 1);
        if (sizeof<T>() == 2) putWords(target + 16, v1, m1, whole);
        else putBytes(target, v0, v1, m0, m1, whole);
      }
      if (channels > 2) {
        const v2 = windowed<T>(at + 32, nearAt + 32, farAt + 32, reach, channels, 2, half, bits, bases, e0, e1, e2, e3, e4, e5, e6, e7);
        const m2 = spreadOut(mask, channels, 2);
        if (sizeof<T>() == 2) putWords(target + 32, v2, m2, whole);
        else if (channels == 3) putHalf(target + 16, v2, m2, whole);
        if (channels > 3) {
          const v3 = windowed<T>(at + 48, nearAt + 48, farAt + 48, reach, channels, 3, half, bits, bases, e0, e1, e2, e3, e4, e5, e6, e7);
          const m3 = spreadOut(mask, channels, 3);
          if (sizeof<T>() == 2) putWords(target + 48, v3, m3, whole);
          else putBytes(target + 16, v2, v3, m2, m3, whole);
        }
      }
    }
    variances += varianceStride;
    into += intoStride;
  }
}

/**
 * Pixels of a block whose variance lies from `low` to below `high`, each by the weights of an entry of `table`, of which
 * there is one each 1/`scale` of variance, `last` the last, all bits of its number set; others stay as they are. As bytes, rounded half up. An entry
 * holds six weights of 14 bits: of the middle, of what is 1 point away, 1 and 1, 2, 2 and 1, 2 and 2, points `distance`
 * samples of a channel apart. Rows lie in a ring, `top` the first one that windows reach; `left` is where the first
 * window begins in it. `lines` takes two rows of `lineBytes`, whole pairs of
 * vectors.
 */
export function windowsUint8(
  variances: usize, varianceStride: usize, ring: usize, ringRows: u32, ringStride: usize, top: u32, left: usize,
  lines: usize, lineBytes: usize, into: usize, intoStride: usize, width: i32, height: i32, low: f32, high: f32,
  table: usize, scale: f32, last: i32, distance: u32, channels: i32,
): void {
  if (channels == 1) windows<u8>(variances, varianceStride, ring, ringRows, ringStride, top, left, lines, lineBytes, into, intoStride, width, height, low, high, table, scale, last, distance, 0, BYTE_BITS, 1);
  else if (channels == 2) windows<u8>(variances, varianceStride, ring, ringRows, ringStride, top, left, lines, lineBytes, into, intoStride, width, height, low, high, table, scale, last, distance, 0, BYTE_BITS, 2);
  else if (channels == 3) windows<u8>(variances, varianceStride, ring, ringRows, ringStride, top, left, lines, lineBytes, into, intoStride, width, height, low, high, table, scale, last, distance, 0, BYTE_BITS, 3);
  else windows<u8>(variances, varianceStride, ring, ringRows, ringStride, top, left, lines, lineBytes, into, intoStride, width, height, low, high, table, scale, last, distance, 0, BYTE_BITS, 4);
}

/** As {@link windowsUint8} in 16 bits: the values without their last `bits` bits, half up, and `base` more. */
export function windowsUint16(
  variances: usize, varianceStride: usize, ring: usize, ringRows: u32, ringStride: usize, top: u32, left: usize,
  lines: usize, lineBytes: usize, into: usize, intoStride: usize, width: i32, height: i32, low: f32, high: f32,
  table: usize, scale: f32, last: i32, distance: u32, channels: i32, base: i32, bits: i32,
): void {
  if (channels == 1) windows<u16>(variances, varianceStride, ring, ringRows, ringStride, top, left, lines, lineBytes, into, intoStride, width, height, low, high, table, scale, last, distance, base, bits, 1);
  else if (channels == 2) windows<u16>(variances, varianceStride, ring, ringRows, ringStride, top, left, lines, lineBytes, into, intoStride, width, height, low, high, table, scale, last, distance, base, bits, 2);
  else if (channels == 3) windows<u16>(variances, varianceStride, ring, ringRows, ringStride, top, left, lines, lineBytes, into, intoStride, width, height, low, high, table, scale, last, distance, base, bits, 3);
  else windows<u16>(variances, varianceStride, ring, ringRows, ringStride, top, left, lines, lineBytes, into, intoStride, width, height, low, high, table, scale, last, distance, base, bits, 4);
}
