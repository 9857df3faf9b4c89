// Box mean of uint8 of one radius: each column keeps the sum of the rows under the window, and windows are sums of columns.
// Both are exact in uint32. Of one channel the columns are summed from the left, so that a window is one difference for four
// lanes at a time; of two to four channels a window slides, a pixel's channels in four lanes.
//
// Means are S/n rounded half up, with S < 2^22 and n < 2^14: S, or S + 1/2 where n is even, lies at least 1/(2n) from where
// its mean is rounded, and the product with the reciprocal errs by 255 · 2^-23 at most, which is less.
import { storeFour, storeOne } from '../lib/lanes';

/** Adding it rounds a float32 to an integer, which stands in its lowest bits then. */
const ROUNDING: f32 = 8388608;

/** Adds a row of `count` samples to the columns and takes another one away; whole groups of 16 are read and written. */
export function slideColumns(entering: usize, leaving: usize, columns: usize, count: u32): void {
  const end = entering + count;
  for (; entering < end; entering += 16, leaving += 16, columns += 64) {
    const added = v128.load(entering);
    const taken = v128.load(leaving);
    const low = i16x8.sub(i16x8.extend_low_i8x16_u(added), i16x8.extend_low_i8x16_u(taken));
    const high = i16x8.sub(i16x8.extend_high_i8x16_u(added), i16x8.extend_high_i8x16_u(taken));
    v128.store(columns, i32x4.add(v128.load(columns), i32x4.extend_low_i16x8_s(low)));
    v128.store(columns, i32x4.add(v128.load(columns, 16), i32x4.extend_high_i16x8_s(low)), 16);
    v128.store(columns, i32x4.add(v128.load(columns, 32), i32x4.extend_low_i16x8_s(high)), 32);
    v128.store(columns, i32x4.add(v128.load(columns, 48), i32x4.extend_high_i16x8_s(high)), 48);
  }
}

/** The means of four sums; `half` is 1/2 where their number is even, else 0. */
// @ts-ignore: decorator
@inline
function means(sums: v128, reciprocal: v128, half: v128): v128 {
  const scaled = f32x4.mul(f32x4.add(f32x4.convert_i32x4_s(sums), half), reciprocal);
  return v128.and(f32x4.add(scaled, f32x4.splat(ROUNDING)), i32x4.splat(255));
}

/** Sums of the columns left of each of `count` columns and of the last one's right side. */
// @ts-ignore: decorator
@inline
function sumColumns(columns: usize, into: usize, count: u32): void {
  const zero = i32x4.splat(0);
  let carry = zero;
  store<u32>(into, 0);
  const end = into + <usize>count * 4;
  for (; into < end; columns += 16, into += 16) {
    let sums = v128.load(columns);
    sums = i32x4.add(sums, i32x4.shuffle(zero, sums, 0, 4, 5, 6));
    sums = i32x4.add(sums, i32x4.shuffle(zero, sums, 0, 1, 4, 5));
    sums = i32x4.add(sums, carry);
    v128.store(into, sums, 4);
    carry = i32x4.shuffle(sums, sums, 3, 3, 3, 3);
  }
}

// @ts-ignore: decorator
@inline
function windows(sums: usize, reach: usize): v128 {
  return i32x4.sub(v128.load(sums + reach), v128.load(sums));
}

/**
 * `width` means of one channel, the first of the window of `side` columns from the first of `count` columns on. `sums` has
 * room for `count` + 20 sums, `results` for whole groups of 16.
 */
export function wholeRow1(
  columns: usize, count: u32, side: u32, width: u32, reciprocal: f32, half: f32, sums: usize, results: usize, into: usize,
): void {
  sumColumns(columns, sums, count);
  const reach = <usize>side * 4;
  const factor = f32x4.splat(reciprocal);
  const halves = f32x4.splat(half);
  const end = results + width;
  for (let at = results; at < end; at += 16, sums += 64) {
    const a = means(windows(sums, reach), factor, halves);
    const b = means(windows(sums + 16, reach), factor, halves);
    const c = means(windows(sums + 32, reach), factor, halves);
    const d = means(windows(sums + 48, reach), factor, halves);
    v128.store(at, i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_u(a, b), i16x8.narrow_i32x4_u(c, d)));
  }
  memory.copy(into, results, width);
}

// @ts-ignore: decorator
@inline
function sliding(columns: usize, side: u32, width: u32, reciprocal: f32, half: f32, into: usize, channels: u32): void {
  const step = <usize>channels * 4;
  const factor = f32x4.splat(reciprocal);
  const halves = f32x4.splat(half);
  let leaving = columns;
  let entering = columns;
  let sums = i32x4.splat(0);
  for (let i: u32 = 0; i < side; i++, entering += step) sums = i32x4.add(sums, v128.load(entering));
  const end = into + width * channels;
  const wholeEnd = into + (width & ~3) * channels;
  while (into < wholeEnd) {
    const a = means(sums, factor, halves);
    sums = i32x4.add(sums, i32x4.sub(v128.load(entering), v128.load(leaving)));
    const b = means(sums, factor, halves);
    sums = i32x4.add(sums, i32x4.sub(v128.load(entering + step), v128.load(leaving + step)));
    const c = means(sums, factor, halves);
    sums = i32x4.add(sums, i32x4.sub(v128.load(entering + 2 * step), v128.load(leaving + 2 * step)));
    const d = means(sums, factor, halves);
    sums = i32x4.add(sums, i32x4.sub(v128.load(entering + 3 * step), v128.load(leaving + 3 * step)));
    storeFour<u8>(into, a, b, c, d, channels);
    entering += 4 * step;
    leaving += 4 * step;
    into += 4 * channels;
  }
  while (into < end) {
    storeOne<u8>(into, means(sums, factor, halves), channels);
    sums = i32x4.add(sums, i32x4.sub(v128.load(entering), v128.load(leaving)));
    entering += step;
    leaving += step;
    into += channels;
  }
}

/** The same of two to four channels. What lies up to four pixels behind the last window is read. */
export function wholeRow4(
  columns: usize, side: u32, width: u32, reciprocal: f32, half: f32, into: usize, channels: u32,
): void {
  if (channels == 2) sliding(columns, side, width, reciprocal, half, into, 2);
  else if (channels == 3) sliding(columns, side, width, reciprocal, half, into, 3);
  else sliding(columns, side, width, reciprocal, half, into, 4);
}

/** `width` pixels from column `x` on, windows cut to columns [0, limit); each column holds `rows` rows. */
export function cutRow(
  columns: usize, x: i32, radius: i32, limit: i32, rows: u32, width: i32, into: usize, channels: i32,
): void {
  for (let c = 0; c < channels; c++) {
    let sum: u32 = 0;
    let from = max(0, x - radius);
    let to = from;
    let at = into + c;
    for (let i = x; i < x + width; i++, at += channels) {
      for (const last = min(limit, i + radius + 1); to < last; to++) sum += load<u32>(columns + (<usize>(to * channels + c) << 2));
      for (const first = max(0, i - radius); from < first; from++) sum -= load<u32>(columns + (<usize>(from * channels + c) << 2));
      const n = <u32>(to - from) * rows;
      store<u8>(at, <u8>((sum + (n >> 1)) / n));
    }
  }
}
