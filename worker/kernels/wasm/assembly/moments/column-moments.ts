// Variances of uint8 under whole rectangular windows in which every sample counts. Each column keeps the sum and the sum of
// squares of the rows under the window, and windows are differences of their sums from the left. Samples count from a pivot.
// All of it is exact in int32, which may wrap between the left end and a window, so that results are those of
// `moments.ts`, operation by operation, two windows at a time.

/** Samples count from it. */
const PIVOT: i16 = 128;

/** Adds a row of `count` samples to the columns and takes another one away; whole groups of 16 are read and written. */
export function slideColumns(entering: usize, leaving: usize, sums: usize, squares: usize, count: u32): void {
  const end = entering + count;
  const pivots = i16x8.splat(2 * PIVOT);
  for (; entering < end; entering += 16, leaving += 16, sums += 64, squares += 64) {
    const added = v128.load(entering);
    const taken = v128.load(leaving);
    for (let half: usize = 0; half < 2; half++) {
      const a = half == 0 ? i16x8.extend_low_i8x16_u(added) : i16x8.extend_high_i8x16_u(added);
      const b = half == 0 ? i16x8.extend_low_i8x16_u(taken) : i16x8.extend_high_i8x16_u(taken);
      // a² − b² is the product of both.
      const difference = i16x8.sub(a, b);
      const sum = i16x8.sub(i16x8.add(a, b), pivots);
      const to = sums + half * 32;
      const squared = squares + half * 32;
      v128.store(to, i32x4.add(v128.load(to), i32x4.extend_low_i16x8_s(difference)));
      v128.store(to, i32x4.add(v128.load(to, 16), i32x4.extend_high_i16x8_s(difference)), 16);
      v128.store(squared, i32x4.add(v128.load(squared), i32x4.extmul_low_i16x8_s(difference, sum)));
      v128.store(squared, i32x4.add(v128.load(squared, 16), i32x4.extmul_high_i16x8_s(difference, sum)), 16);
    }
  }
}

/**
 * Sums of the columns left of each of `count` pixels and of the last one's right side, each channel by itself; channels lie
 * side by side.
 */
export function sumColumns(columns: usize, channels: u32, into: usize, count: u32): void {
  const pixel = <usize>channels * 4;
  const end = into + <usize>count * pixel;
  const zero = i32x4.splat(0);
  for (let at = into; at < into + pixel; at += 4) store<i32>(at, 0);
  if (channels > 4) {
    for (; into < end; columns += 4, into += 4) store<i32>(into + pixel, load<i32>(into) + load<i32>(columns));
    return;
  }
  let carry = zero;
  if (channels > 1) {
    // The next pixel's sums overwrite what a vector has behind its pixel's.
    for (; into < end; columns += pixel, into += pixel) {
      carry = i32x4.add(carry, v128.load(columns));
      v128.store(into + pixel, carry);
    }
    return;
  }
  for (; into < end; columns += 16, into += 16) {
    let sums = v128.load(columns);
    sums = i32x4.add(sums, i32x4.shuffle(zero, sums, 3, 4, 5, 6));
    sums = i32x4.add(sums, i32x4.shuffle(zero, sums, 2, 3, 4, 5));
    sums = i32x4.add(sums, carry);
    v128.store(into, sums, 4);
    carry = i32x4.shuffle(sums, sums, 3, 3, 3, 3);
  }
}

/** As `squaresAroundMean` has it, over n − ddof. */
// @ts-ignore: decorator
@inline
function spread(sums: v128, squares: v128, n: v128, divisor: v128, root: bool): v128 {
  const sum = f64x2.convert_low_i32x4_s(sums);
  const near = f64x2.nearest(f64x2.div(sum, n));
  const rest = f64x2.sub(sum, f64x2.mul(n, near));
  let around = f64x2.sub(f64x2.convert_low_i32x4_s(squares), f64x2.mul(near, sum));
  around = f64x2.sub(around, f64x2.mul(near, rest));
  around = f64x2.sub(around, f64x2.div(f64x2.mul(rest, rest), n));
  const variance = f64x2.div(f64x2.max(around, f64x2.splat(0)), divisor);
  return root ? f64x2.sqrt(variance) : variance;
}

// @ts-ignore: decorator
@inline
function windows(sums: usize, reach: usize): v128 {
  return i32x4.sub(v128.load(sums + reach), v128.load(sums));
}

// @ts-ignore: decorator
@inline
function spreads(
  sums: usize, squares: usize, side: u32, width: u32, count: f64, ddof: f64, into: usize, root: bool, single: bool,
): void {
  const reach = <usize>side * 4;
  const n = f64x2.splat(count);
  const divisor = f64x2.splat(count - ddof);
  const half = f64x2.splat(0.5);
  for (let i: u32 = 0; i < width; i += 4, sums += 16, squares += 16) {
    const s = windows(sums, reach);
    const q = windows(squares, reach);
    const low = spread(s, q, n, divisor, root);
    const high = spread(i32x4.shuffle(s, s, 2, 3, 2, 3), i32x4.shuffle(q, q, 2, 3, 2, 3), n, divisor, root);
    if (single) {
      v128.store(into, i32x4.shuffle(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5));
      into += 16;
    } else {
      const rounded = i32x4.shuffle(
        i32x4.trunc_sat_f64x2_s_zero(f64x2.add(low, half)),
        i32x4.trunc_sat_f64x2_s_zero(f64x2.add(high, half)), 0, 1, 4, 5);
      const words = i16x8.narrow_i32x4_u(rounded, rounded);
      v128.store32_lane(into, i8x16.narrow_i16x8_u(words, words), 0);
      into += 4;
    }
  }
}

/**
 * Variances over `n` − `ddof`, or their roots, of the windows of `width` samples, `side` sums apart their left and right ends, as
 * uint8 or, where `single`, float32: the first window begins at the first of the sums that `sumColumns` wrote. Whole groups of four are written.
 */
export function spreadRow(
  sums: usize, squares: usize, side: u32, width: u32, n: f64, ddof: f64, root: bool, single: bool, into: usize,
): void {
  if (single) {
    if (root) spreads(sums, squares, side, width, n, ddof, into, true, true);
    else spreads(sums, squares, side, width, n, ddof, into, false, true);
  } else if (root) spreads(sums, squares, side, width, n, ddof, into, true, false);
  else spreads(sums, squares, side, width, n, ddof, into, false, false);
}
