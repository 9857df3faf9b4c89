// One level to the next, row by row: `upper` and `lower` are the two input rows, equal where the image ends.
import { alphaLane, weightedLanes, weightedMeans } from '../lib/alpha';
import { storeOne } from '../lib/lanes';
import { avoidNodata, isMasked, isNodata, NODATA_BYTES } from '../lib/nodata';

/** Bytes that one vector of whole 2-pixel groups holds: 12 for 3 channels (6 for 16 bits: 12 too), else 16. */
// @ts-ignore: decorator
@inline
function groupBytes(channels: u32): usize {
  return channels == 3 ? 12 : 16;
}

/** Puts samples that are averaged side by side: those of two neighbouring pixels, channel by channel. */
// @ts-ignore: decorator
@inline
function paired8(bytes: v128, channels: u32): v128 {
  if (channels == 1) return bytes;
  if (channels == 2) return i8x16.swizzle(bytes, i8x16(0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15));
  if (channels == 3) return i8x16.swizzle(bytes, i8x16(0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11, -1, -1, -1, -1));
  return i8x16.swizzle(bytes, i8x16(0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15));
}

// @ts-ignore: decorator
@inline
function paired16(words: v128, channels: u32): v128 {
  if (channels == 1) return words;
  if (channels == 2) return i8x16.swizzle(words, i8x16(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15));
  if (channels == 3) return i8x16.swizzle(words, i8x16(0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11, -1, -1, -1, -1));
  return i8x16.swizzle(words, i8x16(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15));
}

/** Averages of the 2-pixel groups at one address of both rows: 8 words for bytes, 4 double words for words. */
// @ts-ignore: decorator
@inline
function averages<T>(upper: usize, lower: usize, channels: u32): v128 {
  if (sizeof<T>() == 1) {
    const sums = i16x8.add(
      i16x8.extadd_pairwise_i8x16_u(paired8(v128.load(upper), channels)),
      i16x8.extadd_pairwise_i8x16_u(paired8(v128.load(lower), channels)),
    );
    return i16x8.shr_u(i16x8.add(sums, i16x8.splat(2)), 2);
  }
  const sums = i32x4.add(
    i32x4.extadd_pairwise_i16x8_u(paired16(v128.load(upper), channels)),
    i32x4.extadd_pairwise_i16x8_u(paired16(v128.load(lower), channels)),
  );
  return i32x4.shr_u(i32x4.add(sums, i32x4.splat(2)), 2);
}

/** `width` output pixels from `inputWidth` = 2 * width or 2 * width - 1 input pixels. */
// @ts-ignore: decorator
@inline
function row<T>(upper: usize, lower: usize, into: usize, width: u32, inputWidth: u32, channels: u32): void {
  const bytes = groupBytes(channels);
  const pixelBytes = <usize>channels * sizeof<T>();
  const whole = into + <usize>(inputWidth >> 1) * pixelBytes;
  while (into + bytes <= whole) {
    const low = averages<T>(upper, lower, channels);
    const high = averages<T>(upper + bytes, lower + bytes, channels);
    let packed = sizeof<T>() == 1 ? i8x16.narrow_i16x8_u(low, high) : i16x8.narrow_i32x4_u(low, high);
    if (channels == 3) {
      packed = sizeof<T>() == 1
        ? i8x16.swizzle(packed, i8x16(0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, -1, -1, -1, -1))
        : i8x16.swizzle(packed, i8x16(0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, -1, -1, -1, -1));
      v128.store64_lane(into, packed, 0);
      v128.store32_lane(into, packed, 2, 8);
    } else v128.store(into, packed);
    upper += 2 * bytes;
    lower += 2 * bytes;
    into += bytes;
  }
  while (into < whole) {
    for (let c: u32 = 0; c < channels; c++) {
      const sum = <u32>load<T>(upper) + load<T>(upper + pixelBytes) + load<T>(lower) + load<T>(lower + pixelBytes);
      store<T>(into, <T>((sum + 2) >> 2));
      upper += sizeof<T>();
      lower += sizeof<T>();
      into += sizeof<T>();
    }
    upper += pixelBytes;
    lower += pixelBytes;
  }
  if (inputWidth < 2 * width) {
    for (let c: u32 = 0; c < channels; c++) {
      const sum = <u32>load<T>(upper + c * sizeof<T>()) + load<T>(lower + c * sizeof<T>());
      store<T>(into + c * sizeof<T>(), <T>((sum + 1) >> 1));
    }
  }
}

// @ts-ignore: decorator
@inline
function rowOf<T>(upper: usize, lower: usize, into: usize, width: u32, inputWidth: u32, channels: u32): void {
  if (channels == 1) row<T>(upper, lower, into, width, inputWidth, 1);
  else if (channels == 2) row<T>(upper, lower, into, width, inputWidth, 2);
  else if (channels == 3) row<T>(upper, lower, into, width, inputWidth, 3);
  else row<T>(upper, lower, into, width, inputWidth, 4);
}

export function averageRow8(upper: usize, lower: usize, into: usize, width: u32, inputWidth: u32, channels: u32): void {
  rowOf<u8>(upper, lower, into, width, inputWidth, channels);
}

export function averageRow16(
  upper: usize, lower: usize, into: usize, width: u32, inputWidth: u32, channels: u32,
): void {
  rowOf<u16>(upper, lower, into, width, inputWidth, channels);
}

// @ts-ignore: decorator
@inline
function alphaRow(
  upper: usize, lower: usize, into: usize, width: u32, inputWidth: u32, channels: u32, rows: u32,
): void {
  const alpha = alphaLane(channels);
  for (let x: u32 = 0; x < width; x++) {
    const columns: u32 = inputWidth - 2 * x > 1 ? 2 : 1;
    let sums = weightedLanes(upper, channels, alpha);
    if (columns == 2) sums = i32x4.add(sums, weightedLanes(upper + channels, channels, alpha));
    if (rows == 2) {
      sums = i32x4.add(sums, weightedLanes(lower, channels, alpha));
      if (columns == 2) sums = i32x4.add(sums, weightedLanes(lower + channels, channels, alpha));
    }
    storeOne<u8>(into, weightedMeans(sums, rows * columns, channels, alpha, i32x4.splat(0)), channels);
    upper += 2 * channels;
    lower += 2 * channels;
    into += channels;
  }
}

/** uint8 of 2 to 4 channels, colour weighted by the last one. */
export function alphaRow8(
  upper: usize, lower: usize, into: usize, width: u32, inputWidth: u32, channels: u32, rows: u32,
): void {
  if (channels == 2) alphaRow(upper, lower, into, width, inputWidth, 2, rows);
  else if (channels == 3) alphaRow(upper, lower, into, width, inputWidth, 3, rows);
  else alphaRow(upper, lower, into, width, inputWidth, 4, rows);
}

/**
 * Weighted averages of any type, in the order of the reference, so that floats are equal too. Sums of four
 * products of 16 bits are exact in float64, and so is the rounding: the remainder is taken in integers.
 * `validUpper` and `validLower` say which pixels of the two rows count, as in `isMasked`.
 */
// @ts-ignore: decorator
@inline
function weightedRow<T>(
  upper: usize, lower: usize, into: usize, width: u32, inputWidth: u32, channels: u32, rows: u32, nodata: usize,
  alpha: bool, validUpper: usize, validLower: usize,
): void {
  const pixelBytes = <usize>channels * sizeof<T>();
  const alphaOffset = pixelBytes - sizeof<T>();
  const alphaEntry = nodata + <usize>(channels - 1) * NODATA_BYTES;
  for (let x: u32 = 0; x < width; x++) {
    const columns: u32 = inputWidth - 2 * x > 1 ? 2 : 1;
    for (let c: u32 = 0; c < channels; c++) {
      const entry = nodata + <usize>c * NODATA_BYTES;
      const offset = c * sizeof<T>();
      const byAlpha = alpha && c + 1 < channels;
      let weighted: f64 = 0;
      let weights: f64 = 0;
      let valid = false;
      for (let i: u32 = 0; i < 4; i++) {
        if ((i & 1) >= columns || i >> 1 >= rows) continue;
        if (isMasked(i >> 1 ? validLower : validUpper, 2 * x + (i & 1))) continue;
        const pixel = (i >> 1 ? lower : upper) + <usize>(i & 1) * pixelBytes;
        const sample = load<T>(pixel + offset);
        if (isNodata<T>(sample, entry)) continue;
        valid = true;
        let weight: f64 = 1;
        if (byAlpha) {
          const opacity = load<T>(pixel + alphaOffset);
          weight = <f64>opacity;
          if (weight == 0 || isNodata<T>(opacity, alphaEntry)) continue;
        }
        weighted += weight * <f64>sample;
        weights += weight;
      }
      store<T>(into + offset, valid ? result<T>(weighted, weights, entry) : load<T>(upper + offset));
    }
    upper += 2 * pixelBytes;
    lower += 2 * pixelBytes;
    into += pixelBytes;
  }
}

// @ts-ignore: decorator
@inline
function result<T>(weighted: f64, weights: f64, entry: usize): T {
  if (isFloat<T>()) {
    if (weights == 0) return 0;
    return weighted - weighted == 0 ? <T>(weighted / weights) : <T>NaN;
  }
  let value: u32 = 0;
  if (weights != 0) {
    const divisor = <u64>weights;
    value = <u32>((2 * <u64>weighted + divisor) / (2 * divisor));
  }
  return avoidNodata<T>(<T>value, entry);
}

export function weightedRow8(
  upper: usize, lower: usize, into: usize, width: u32, inputWidth: u32, channels: u32, rows: u32, nodata: usize,
  alpha: bool, validUpper: usize, validLower: usize,
): void {
  weightedRow<u8>(upper, lower, into, width, inputWidth, channels, rows, nodata, alpha, validUpper, validLower);
}

export function weightedRow16(
  upper: usize, lower: usize, into: usize, width: u32, inputWidth: u32, channels: u32, rows: u32, nodata: usize,
  alpha: bool, validUpper: usize, validLower: usize,
): void {
  weightedRow<u16>(upper, lower, into, width, inputWidth, channels, rows, nodata, alpha, validUpper, validLower);
}

export function weightedRow32(
  upper: usize, lower: usize, into: usize, width: u32, inputWidth: u32, channels: u32, rows: u32, nodata: usize,
  alpha: bool, validUpper: usize, validLower: usize,
): void {
  weightedRow<f32>(upper, lower, into, width, inputWidth, channels, rows, nodata, alpha, validUpper, validLower);
}

/** Copies every other pixel; `pixelBytes` is what one takes. */
export function nearestRow(upper: usize, into: usize, width: u32, pixelBytes: u32): void {
  for (let x: u32 = 0; x < width; x++) {
    for (let b: u32 = 0; b < pixelBytes; b++) store<u8>(into + b, load<u8>(upper + b));
    upper += 2 * pixelBytes;
    into += pixelBytes;
  }
}
