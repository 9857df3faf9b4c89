// Mean and variance under rectangular windows, O(1) a sample and without a difference of sums (van Herk 1992; Gil and
// Werman 1993): a line is cut into blocks as long as the window, and each window is the end of one block and the beginning
// of the next. Both are gathered sample by sample and merged by Chan's formula (Chan, Golub and LeVeque 1983), first along
// rows, then along columns. A sample that left a window has left no trace in it.
//
// A row of moments is planes of float64: means, variances (over n) and, where samples are `counted`, their numbers; elsewhere
// all windows are whole and shares follow from numbers of rows and columns.
import { isMasked, isNodata } from '../lib/nodata';

/** One entry of `ends`: mean, variance, number, each of the end of a block and of the beginning of the next. */
const ENTRY: usize = 48;

/**
 * One channel of a row as float64, `pixels` of it from `source` on. With `weights` other than 0, these are 0 where a sample
 * is invalid, which is 0 itself then, and 1 elsewhere.
 */
export function spreadRow(
  source: usize, pixels: u32, channels: u32, entry: usize, valid: usize, values: usize, weights: usize,
): void {
  const step = <usize>channels * 4;
  for (let x: u32 = 0; x < pixels; x++, source += step, values += 8) {
    const sample = load<f32>(source);
    if (weights == 0) store<f64>(values, <f64>sample);
    else {
      const isSet = !isMasked(valid, x) && !isNodata<f32>(sample, entry);
      store<f64>(values, isSet ? <f64>sample : 0);
      store<f64>(weights + (<usize>x << 3), isSet ? 1 : 0);
    }
  }
}

// @ts-ignore: decorator
@inline
function pair(row: usize, left: i32, right: i32): v128 {
  return v128.load64_lane(row + (<usize>right << 3), v128.load64_zero(row + (<usize>left << 3)), 1);
}

/** Moments of the end of the block before column `end` and of the beginning of the one after it, of 1 to `steps` columns. */
// @ts-ignore: decorator
@inline
function gatherEnds(values: usize, weights: usize, columns: i32, end: i32, steps: i32, ends: usize, counted: bool): void {
  let mean = f64x2.splat(0);
  let variance = f64x2.splat(0);
  let n = f64x2.splat(0);
  const one = f64x2.splat(1);
  for (let j = 0; j < steps; j++, ends += ENTRY) {
    // What lies beyond the columns is asked for by no window.
    const left = max(end - 1 - j, 0);
    const right = min(end + j, columns - 1);
    let share: v128;
    if (counted) {
      const weight = pair(weights, left, right);
      n = f64x2.add(n, weight);
      share = f64x2.div(weight, f64x2.max(n, one));
      v128.store(ends, n, 32);
    } else share = f64x2.splat(1.0 / <f64>(j + 1));
    const difference = f64x2.sub(pair(values, left, right), mean);
    const moved = f64x2.mul(difference, share);
    variance = f64x2.mul(f64x2.add(variance, f64x2.mul(difference, moved)), f64x2.sub(one, share));
    mean = f64x2.add(mean, moved);
    v128.store(ends, mean);
    v128.store(ends, variance, 16);
  }
}

// @ts-ignore: decorator
@inline
function windowsAlong(
  values: usize, weights: usize, columns: i32, side: i32, place: i32, width: i32, ends: usize, into: usize,
  plane: usize, counted: bool,
): void {
  for (let i = 0; i < width; place = 0) {
    const windows = min(side - place, width - i);
    gatherEnds(values, weights, columns, i + side - place, max(side - place, windows - 1 + place), ends, counted);
    for (let k = 0; k < windows; k++, i++, into += 8) {
      const last = ends + <usize>(side - place - k - 1) * ENTRY;
      let mean = load<f64>(last);
      let variance = load<f64>(last, 16);
      let n: f64 = counted ? load<f64>(last, 32) : 0;
      if (place + k > 0) {
        const first = ends + <usize>(place + k - 1) * ENTRY;
        let share = <f64>(place + k) / <f64>side;
        if (counted) {
          const m = load<f64>(first, 40);
          n += m;
          share = m / max<f64>(n, 1);
        }
        const difference = load<f64>(first, 8) - mean;
        const moved = difference * share;
        variance = (variance + difference * moved) * (1 - share) + load<f64>(first, 24) * share;
        mean += moved;
      }
      store<f64>(into, mean);
      store<f64>(into + plane, variance);
      if (counted) store<f64>(into + 2 * plane, n);
    }
  }
}

/**
 * Moments of `width` windows of `side` columns along a row, the first from column 0 on, which is column `place` of its
 * block. `weights` is 0 where all samples count; `ends` has room for `side` entries.
 */
export function alongRow(
  values: usize, weights: usize, columns: i32, side: i32, place: i32, width: i32, ends: usize, into: usize, plane: usize,
): void {
  if (weights) windowsAlong(values, weights, columns, side, place, width, ends, into, plane, true);
  else windowsAlong(values, 0, columns, side, place, width, ends, into, plane, false);
}

/** The moments of two lanes of rows `a` and `b` together, `share` being that of b. */
// @ts-ignore: decorator
@inline
function mergedMean(a: usize, difference: v128, share: v128): v128 {
  return f64x2.add(v128.load(a), f64x2.mul(difference, share));
}

// @ts-ignore: decorator
@inline
function mergedVariance(a: usize, b: usize, difference: v128, share: v128): v128 {
  const around = f64x2.add(v128.load(a), f64x2.mul(f64x2.mul(difference, difference), share));
  return f64x2.add(f64x2.mul(around, f64x2.sub(f64x2.splat(1), share)), f64x2.mul(v128.load(b), share));
}

// @ts-ignore: decorator
@inline
function shareOf(a: v128, b: v128): v128 {
  return f64x2.div(b, f64x2.max(f64x2.add(a, b), f64x2.splat(1)));
}

/** Rows `a` and `b` together, as row `into`, which may be one of them; `share` is that of b where samples are not counted. */
export function mergeRows(a: usize, b: usize, into: usize, plane: usize, share: f64, counted: bool): void {
  const end = a + plane;
  let shares = f64x2.splat(share);
  for (; a < end; a += 16, b += 16, into += 16) {
    if (counted) {
      const n = v128.load(a + 2 * plane);
      const m = v128.load(b + 2 * plane);
      shares = shareOf(n, m);
      v128.store(into + 2 * plane, f64x2.add(n, m));
    }
    const difference = f64x2.sub(v128.load(b), v128.load(a));
    const mean = mergedMean(a, difference, shares);
    v128.store(into + plane, mergedVariance(a + plane, b + plane, difference, shares));
    v128.store(into, mean);
  }
}

/**
 * Variances over n - ddof of `width` windows of one channel, or their roots, 0 where n <= ddof and NaN where a sample is not
 * finite, as float32 every `step` bytes. `n` is each window's number where samples are not counted.
 */
export function storeRow(
  row: usize, plane: usize, width: u32, n: f64, ddof: f64, root: bool, counted: bool, into: usize, step: usize,
): void {
  for (let x: u32 = 0; x < width; x++, row += 8, into += step) {
    const count = counted ? load<f64>(row + 2 * plane) : n;
    const variance = load<f64>(row + plane);
    let result: f64 = 0;
    if (count > ddof) result = variance - variance == 0 ? (variance * count) / (count - ddof) : NaN;
    store<f32>(into, <f32>(root ? sqrt(result) : result));
  }
}
