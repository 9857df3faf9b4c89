// Box mean of float32 over summed-area rows of int64: samples as multiples of a quantum, a power of two. Sums wrap, and
// differences of sums are exact as long as a window's own sum is below 2^63, whatever lies around it. A pixel's
// lanes are its sums, one a channel; then, where `counted`, counts of samples: valid and summed ones in the low half,
// those above `most` or not finite in the high one. The host calls row by row.
import { multipleOf } from '../lib/multiples';
import { isMasked, isNodata, NODATA_BYTES } from '../lib/nodata';

const BAD: i64 = 1 << 32;

// @ts-ignore: decorator
@inline
function prefixPlain(source: usize, above: usize, into: usize, width: u32, channels: u32, inverse: f64): void {
  const step = <usize>channels * 4;
  const lanes = <usize>channels * 8;
  const end = into + <usize>width * lanes;
  let sum: i64 = 0;
  store<i64>(into, sum);
  while (into < end) {
    into += lanes;
    above += lanes;
    sum += multipleOf(<f64>load<f32>(source), inverse);
    store<i64>(into, sum + load<i64>(above));
    source += step;
  }
}

// @ts-ignore: decorator
@inline
function prefixCounted(
  source: usize, above: usize, into: usize, width: u32, channels: u32, inverse: f64, most: f32, entry: usize, valid: usize,
): void {
  const step = <usize>channels * 4;
  const plane = <usize>channels * 8;
  let sum: i64 = 0;
  let counts: i64 = 0;
  store<i64>(into, sum);
  store<i64>(into + plane, counts);
  for (let x: u32 = 0; x < width; x++) {
    into += 2 * plane;
    above += 2 * plane;
    const sample = load<f32>(source);
    if (!isMasked(valid, x) && !isNodata<f32>(sample, entry)) {
      if (abs(sample) <= most) {
        sum += multipleOf(<f64>sample, inverse);
        counts += 1;
      } else counts += BAD;
    }
    store<i64>(into, sum + load<i64>(above));
    store<i64>(into + plane, counts + load<i64>(above + plane));
    source += step;
  }
}

/** Summed-area row k + 1 from row k (`above`) and the `width` pixels of image row k; 1 / `inverse` is the quantum. */
export function prefixRow(
  source: usize, above: usize, into: usize, width: u32, channels: u32, counted: bool, inverse: f64, most: f32,
  nodata: usize, valid: usize,
): void {
  for (let c: u32 = 0; c < channels; c++) {
    const from = source + <usize>c * 4;
    const lane = <usize>c * 8;
    if (!counted) prefixPlain(from, above + lane, into + lane, width, channels, inverse);
    else {
      const entry = nodata + <usize>c * NODATA_BYTES;
      prefixCounted(from, above + lane, into + lane, width, channels, inverse, most, entry, valid);
    }
  }
}

// @ts-ignore: decorator
@inline
function windowSum(top: usize, bottom: usize, left: usize, right: usize): i64 {
  return load<i64>(bottom + right) - load<i64>(bottom + left) - (load<i64>(top + right) - load<i64>(top + left));
}

// @ts-ignore: decorator
@inline
function means(
  rows: usize, x: u32, y: u32, radii: usize, into: usize, width: u32, limitX: u32, limitY: u32, source: usize,
  channels: u32, counted: bool, quantum: f64, again: bool, nodata: usize, valid: usize,
): void {
  const plane = <usize>channels * 8;
  const lanes = counted ? 2 * plane : plane;
  for (let i: u32 = 0; i < width; i++, x++, radii += 2) {
    const radius: u32 = load<u16>(radii);
    const x0 = x > radius ? x - radius : 0;
    const y0 = y > radius ? y - radius : 0;
    const x1 = min(x + radius + 1, limitX);
    const y1 = min(y + radius + 1, limitY);
    const area = (x1 - x0) * (y1 - y0);
    let top: usize = load<u32>(rows + y0 * 4);
    let bottom: usize = load<u32>(rows + y1 * 4);
    const left = <usize>x0 * lanes;
    const right = <usize>x1 * lanes;
    for (let c: u32 = 0; c < channels; c++, source += 4, into += 4, top += 8, bottom += 8) {
      const sample = load<f32>(source);
      if (counted && (isMasked(valid, i) || isNodata<f32>(sample, nodata + <usize>c * NODATA_BYTES))) {
        store<f32>(into, sample);
      } else if (radius == 0) {
        store<f32>(into, sample - sample == 0 ? sample : NaN);
      } else {
        const counts = counted ? windowSum(top + plane, bottom + plane, left, right) : <i64>area;
        if (counts >= BAD) {
          if (!again) store<f32>(into, NaN);
        } else store<f32>(into, <f32>((<f64>windowSum(top, bottom, left, right) * quantum) / <f64>counts));
      }
    }
  }
}

/**
 * Means of `width` pixels from column x of row y on, windows cut to [0, limitX) and [0, limitY). `source` is the
 * first pixel's own sample, which stays where it is invalid or finite and its radius 0. A window that holds a sample above
 * `most` becomes NaN, or keeps what is there already where `again`.
 */
export function meansRow(
  rows: usize, x: u32, y: u32, radii: usize, into: usize, width: u32, limitX: u32, limitY: u32, source: usize,
  channels: u32, counted: bool, quantum: f64, again: bool, nodata: usize, valid: usize,
): void {
  if (!counted && channels == 1) {
    means(rows, x, y, radii, into, width, limitX, limitY, source, 1, false, quantum, false, nodata, valid);
  } else means(rows, x, y, radii, into, width, limitX, limitY, source, channels, counted, quantum, again, nodata, valid);
}
