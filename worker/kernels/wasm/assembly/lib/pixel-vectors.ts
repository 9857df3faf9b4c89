// Vectors of eight samples of interleaved pixels.

/** What eight pixels have, for each of the eight samples of the vector `index` of theirs. */
// @ts-ignore: decorator
@inline
export function spreadOut(eight: v128, channels: i32, index: i32): v128 {
  if (channels == 1) return eight;
  if (channels == 2) {
    if (index == 0) return i16x8.shuffle(eight, eight, 0, 0, 1, 1, 2, 2, 3, 3);
    return i16x8.shuffle(eight, eight, 4, 4, 5, 5, 6, 6, 7, 7);
  }
  if (channels == 3) {
    if (index == 0) return i16x8.shuffle(eight, eight, 0, 0, 0, 1, 1, 1, 2, 2);
    if (index == 1) return i16x8.shuffle(eight, eight, 2, 3, 3, 3, 4, 4, 4, 5);
    return i16x8.shuffle(eight, eight, 5, 5, 6, 6, 6, 7, 7, 7);
  }
  if (index == 0) return i16x8.shuffle(eight, eight, 0, 0, 0, 0, 1, 1, 1, 1);
  if (index == 1) return i16x8.shuffle(eight, eight, 2, 2, 2, 2, 3, 3, 3, 3);
  if (index == 2) return i16x8.shuffle(eight, eight, 4, 4, 4, 4, 5, 5, 5, 5);
  return i16x8.shuffle(eight, eight, 6, 6, 6, 6, 7, 7, 7, 7);
}

/** Which of eight pixels, `left` of which belong to the row, have a variance from `lows` to below `highs`: a lane each. */
// @ts-ignore: decorator
@inline
export function pixelsBetween(first: v128, second: v128, lows: v128, highs: v128, left: i32): v128 {
  const firstIn = v128.and(f32x4.ge(first, lows), f32x4.lt(first, highs));
  const secondIn = v128.and(f32x4.ge(second, lows), f32x4.lt(second, highs));
  const mask = i16x8.narrow_i32x4_s(firstIn, secondIn);
  if (left >= 8) return mask;
  return v128.and(mask, i16x8.lt_s(i16x8(0, 1, 2, 3, 4, 5, 6, 7), i16x8.splat(<i16>left)));
}

/** Eight samples of 16 bits that `mask` names, or all of them. */
// @ts-ignore: decorator
@inline
export function putWords(into: usize, words: v128, mask: v128, whole: bool): void {
  v128.store(into, whole ? words : v128.bitselect(words, v128.load(into), mask));
}

/** As {@link putWords}, as bytes: those of two vectors. */
// @ts-ignore: decorator
@inline
export function putBytes(into: usize, a: v128, b: v128, aMask: v128, bMask: v128, whole: bool): void {
  putWords(into, i8x16.narrow_i16x8_u(a, b), i8x16.narrow_i16x8_s(aMask, bMask), whole);
}

/** Those of one. */
// @ts-ignore: decorator
@inline
export function putHalf(into: usize, a: v128, mask: v128, whole: bool): void {
  const bytes = i8x16.narrow_i16x8_u(a, a);
  const select = i8x16.narrow_i16x8_s(mask, mask);
  v128.store64_lane(into, whole ? bytes : v128.bitselect(bytes, v128.load64_zero(into), select), 0);
}
