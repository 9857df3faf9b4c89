// Count, sum and sum of squares under rectangular windows, O(1) a sample: each column keeps those of the rows under
// the window, each row slides over the columns. Samples count from a pivot. Sums of integers are exact; for
// floats both are made anew once a window height or width, so that no rounding is carried further.

import { squaresAroundMean } from '../lib/moments';
import { isMasked, isNodata, NODATA_BYTES } from '../lib/nodata';

/** One column: count, count of samples that are not finite, sum, sum of squares, float64 each. */
const COLUMN: usize = 32;

// @ts-ignore: decorator
@inline
function addSample(column: usize, value: f64, sign: f64): void {
  const isFinite = value - value == 0;
  store<f64>(column, load<f64>(column) + sign);
  if (!isFinite) {
    store<f64>(column, load<f64>(column, 8) + sign, 8);
    return;
  }
  store<f64>(column, load<f64>(column, 16) + sign * value, 16);
  store<f64>(column, load<f64>(column, 24) + sign * value * value, 24);
}

// @ts-ignore: decorator
@inline
function addRow<T>(source: usize, columns: usize, pixels: i32, channels: i32, nodata: usize, pivot: f64, sign: f64, valid: usize): void {
  for (let x = 0; x < pixels; x++) {
    const masked = isMasked(valid, x);
    for (let c = 0; c < channels; c++) {
      const sample = load<T>(source);
      if (!masked && !isNodata(sample, nodata + <usize>c * NODATA_BYTES)) addSample(columns, <f64>sample - pivot, sign);
      source += sizeof<T>();
      columns += COLUMN;
    }
  }
}

/** Adds an input row to its columns (sign 1) or takes it away (-1); `valid` says which pixels count, as in `isMasked`. */
export function addRow8(source: usize, columns: usize, pixels: i32, channels: i32, nodata: usize, pivot: f64, sign: f64, valid: usize): void {
  addRow<u8>(source, columns, pixels, channels, nodata, pivot, sign, valid);
}

export function addRow16(source: usize, columns: usize, pixels: i32, channels: i32, nodata: usize, pivot: f64, sign: f64, valid: usize): void {
  addRow<u16>(source, columns, pixels, channels, nodata, pivot, sign, valid);
}

export function addRow32(source: usize, columns: usize, pixels: i32, channels: i32, nodata: usize, pivot: f64, sign: f64, valid: usize): void {
  addRow<f32>(source, columns, pixels, channels, nodata, pivot, sign, valid);
}

/**
 * For `width` outputs of one channel from input column `x` on: count, mean and sum of squared differences from it,
 * three float64 each; NaN where a sample is not finite. `side` is the window's width, `left` its part left of
 * the pixel.
 */
export function slideRow(
  columns: usize,
  inputWidth: i32,
  channels: i32,
  channel: i32,
  x: i32,
  left: i32,
  side: i32,
  width: i32,
  pivot: f64,
  into: usize,
): void {
  const step = <usize>channels * COLUMN;
  const base = columns + <usize>channel * COLUMN;
  let n: f64 = 0;
  let bad: f64 = 0;
  let sum: f64 = 0;
  let squares: f64 = 0;
  for (let i = 0; i < width; i++) {
    const first = x + i - left;
    const last = first + side - 1;
    if (i % side == 0) {
      n = 0;
      bad = 0;
      sum = 0;
      squares = 0;
      for (let u = max(0, first); u <= min(inputWidth - 1, last); u++) {
        const column = base + <usize>u * step;
        n += load<f64>(column);
        bad += load<f64>(column, 8);
        sum += load<f64>(column, 16);
        squares += load<f64>(column, 24);
      }
    } else {
      if (last < inputWidth) {
        const column = base + <usize>last * step;
        n += load<f64>(column);
        bad += load<f64>(column, 8);
        sum += load<f64>(column, 16);
        squares += load<f64>(column, 24);
      }
      if (first > 0) {
        const column = base + <usize>(first - 1) * step;
        n -= load<f64>(column);
        bad -= load<f64>(column, 8);
        sum -= load<f64>(column, 16);
        squares -= load<f64>(column, 24);
      }
    }
    store<f64>(into, n);
    store<f64>(into, bad > 0 ? NaN : pivot + sum / n, 8);
    store<f64>(into, bad > 0 ? NaN : squaresAroundMean(n, sum, squares), 16);
    into += 24;
  }
}
