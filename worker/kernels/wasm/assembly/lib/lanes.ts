// Pixels of 2 to 4 channels as vectors of four uint32 lanes.

/** The samples of one pixel in four lanes; those beyond its channels hold what follows it. */
// @ts-ignore: decorator
@inline
export function expand4<T>(source: usize): v128 {
  if (sizeof<T>() == 1) return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(source)));
  return i32x4.extend_low_i16x8_u(v128.load64_zero(source));
}

/** S[bottom][right] - S[bottom][left] - S[top][right] + S[top][left] of four lanes at byte offsets into rows. */
// @ts-ignore: decorator
@inline
export function windowSum(top: usize, bottom: usize, left: usize, right: usize): v128 {
  return i32x4.sub(
    i32x4.sub(v128.load(bottom + right), v128.load(bottom + left)),
    i32x4.sub(v128.load(top + right), v128.load(top + left)),
  );
}

/** Stores the first `count` bytes of a vector: 8, 12 or 16. */
// @ts-ignore: decorator
@inline
function storeBytes(into: usize, bytes: v128, count: u32): void {
  if (count == 16) v128.store(into, bytes);
  else {
    v128.store64_lane(into, bytes, 0);
    if (count == 12) v128.store32_lane(into, bytes, 2, 8);
  }
}

/** Stores four pixels of four lanes each as interleaved samples. */
// @ts-ignore: decorator
@inline
export function storeFour<T>(into: usize, a: v128, b: v128, c: v128, d: v128, channels: u32): void {
  let low = i16x8.narrow_i32x4_u(a, b);
  let high = i16x8.narrow_i32x4_u(c, d);
  if (sizeof<T>() == 1) {
    let bytes = i8x16.narrow_i16x8_u(low, high);
    if (channels == 3) bytes = i8x16.swizzle(bytes, i8x16(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
    if (channels == 2) bytes = i8x16.swizzle(bytes, i8x16(0, 1, 4, 5, 8, 9, 12, 13, -1, -1, -1, -1, -1, -1, -1, -1));
    storeBytes(into, bytes, 4 * channels);
  } else {
    if (channels == 3) {
      const mask = i8x16(0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, -1, -1, -1, -1);
      low = i8x16.swizzle(low, mask);
      high = i8x16.swizzle(high, mask);
    }
    if (channels == 2) {
      const mask = i8x16(0, 1, 2, 3, 8, 9, 10, 11, -1, -1, -1, -1, -1, -1, -1, -1);
      low = i8x16.swizzle(low, mask);
      high = i8x16.swizzle(high, mask);
    }
    storeBytes(into, low, 4 * channels);
    storeBytes(into + 4 * channels, high, 4 * channels);
  }
}

/** Stores one pixel. */
// @ts-ignore: decorator
@inline
export function storeOne<T>(into: usize, lanes: v128, channels: u32): void {
  store<T>(into, <T>i32x4.extract_lane(lanes, 0));
  store<T>(into, <T>i32x4.extract_lane(lanes, 1), sizeof<T>());
  if (channels > 2) store<T>(into, <T>i32x4.extract_lane(lanes, 2), 2 * sizeof<T>());
  if (channels > 3) store<T>(into, <T>i32x4.extract_lane(lanes, 3), 3 * sizeof<T>());
}
