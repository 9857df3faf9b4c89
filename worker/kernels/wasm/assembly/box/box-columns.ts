// Box mean of uint8 of one radius: each column keeps the sum of the rows under the window, and windows are sums of columns.
// Both are exact in uint32. A window slides, of one channel by four pixels at a time, of two to four by a pixel, whose channels
// are four lanes.
//
// Means are S/n rounded half up, with S < 2^22 and n < 2^14: S, or S + 1/2 where n is even, lies at least 1/(2n) from where
// its mean is rounded, and the product with the reciprocal errs by 255 · 2^-23 at most, which is
// less up to radius 63 (n = 127²) and no longer at 64.
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

/** Four windows' sums from the last one's before, in all lanes: each is its neighbour's and what enters less what leaves. */
// @ts-ignore: decorator
@inline
function windows(before: v128, entering: usize, leaving: usize): v128 {
  const zero = i32x4.splat(0);
  let sums = i32x4.sub(v128.load(entering), v128.load(leaving));
  // The last lanes of one vector and the first of the next are one instruction of most processors.
  sums = i32x4.add(sums, i32x4.shuffle(zero, sums, 3, 4, 5, 6));
  sums = i32x4.add(sums, i32x4.shuffle(zero, sums, 2, 3, 4, 5));
  return i32x4.add(sums, before);
}

// @ts-ignore: decorator
@inline
function lastOf(sums: v128): v128 {
  return i32x4.shuffle(sums, sums, 3, 3, 3, 3);
}

/**
 * `width` means of one channel, the first of the window of `side` columns from the first column on; the one before it is read
 * and may be any. `results` has room for whole groups of 16.
 */
export function wholeRow1(
  columns: usize, side: u32, width: u32, reciprocal: f32, half: f32, results: usize, into: usize,
): void {
  const factor = f32x4.splat(reciprocal);
  const halves = f32x4.splat(half);
  let leaving = columns - 4;
  let entering = leaving;
  let sum: u32 = 0;
  for (let i: u32 = 0; i < side; i++, entering += 4) sum += load<u32>(entering);
  let before = i32x4.splat(sum);
  const end = results + width;
  for (let at = results; at < end; at += 16, entering += 64, leaving += 64) {
    const a = windows(before, entering, leaving);
    before = lastOf(a);
    const b = windows(before, entering + 16, leaving + 16);
    before = lastOf(b);
    const c = windows(before, entering + 32, leaving + 32);
    before = lastOf(c);
    const d = windows(before, entering + 48, leaving + 48);
    before = lastOf(d);
    const low = i16x8.narrow_i32x4_u(means(a, factor, halves), means(b, factor, halves));
    const high = i16x8.narrow_i32x4_u(means(c, factor, halves), means(d, factor, halves));
    v128.store(at, i8x16.narrow_i16x8_u(low, high));
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
