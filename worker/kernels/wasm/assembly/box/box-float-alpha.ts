// Box mean of float32 pixels whose last channel is unassociated alpha, over summed-area rows of int64: products of alpha and
// colour, and weights, as multiples of a quantum each (`box-float.ts` says what holds of them). A window's sums are off by at
// most half a quantum for each summand that is not 0. Where a window is so faint beside the rest of its tile that this
// could matter, or holds one of the few products too large for the quantum, it is summed on its own, in float64.
//
// A pixel's lanes are planes of one int64 a channel: products, weights, counts of weights that are not 0 in the low half and
// of non-finite summands in the high one, counts of products that are not 0 and of those above `most`. The host calls row by row.
import { multipleOf } from '../lib/multiples';
import { isMasked, isNodata, NODATA_BYTES } from '../lib/nodata';

const BAD: i64 = 1 << 32;
const PLANES: usize = 4;
/** What the two sums of a window may be off by together, relatively. */
const TOLERANCE: f64 = 1.0 / 4194304.0;

/** What channel c of a pixel weighs: as much as its alpha, which weighs 1 itself, and 0 where invalid. */
// @ts-ignore: decorator
@inline
function weightOf(pixel: usize, c: u32, channels: u32, nodata: usize, masked: bool): f32 {
  if (masked || isNodata<f32>(load<f32>(pixel + (<usize>c << 2)), nodata + <usize>c * NODATA_BYTES)) return 0;
  const last = channels - 1;
  if (c == last) return 1;
  const alpha = load<f32>(pixel + (<usize>last << 2));
  return isNodata<f32>(alpha, nodata + <usize>last * NODATA_BYTES) ? 0 : alpha;
}

// @ts-ignore: decorator
@inline
function isFinite(value: f64): bool {
  return value - value == 0;
}

/**
 * Counts the finite products of a row that are not 0 by their exponents, as float64 has them, in the 2048 uint32 at `bins`,
 * and raises the float64 at `weights` to the largest magnitude of their weights.
 */
export function countRow(
  source: usize, width: u32, channels: u32, nodata: usize, valid: usize, bins: usize, weights: usize,
): void {
  let weight = load<f64>(weights);
  for (let x: u32 = 0; x < width; x++, source += <usize>channels << 2) {
    for (let c: u32 = 0; c < channels; c++) {
      const share = <f64>weightOf(source, c, channels, nodata, isMasked(valid, x));
      const value = share * <f64>load<f32>(source + (<usize>c << 2));
      if (share == 0 || !isFinite(value)) continue;
      weight = max(weight, abs(share));
      if (value == 0) continue;
      const bin = bins + <usize>((reinterpret<u64>(abs(value)) >> 52) << 2);
      store<u32>(bin, load<u32>(bin) + 1);
    }
  }
  store<f64>(weights, weight);
}

/** Summed-area row k + 1 from row k (`above`) and the `width` pixels of image row k. */
export function prefixRow(
  source: usize, above: usize, into: usize, width: u32, channels: u32, inverseProduct: f64, inverseWeight: f64,
  most: f64, nodata: usize, valid: usize,
): void {
  const plane = <usize>channels << 3;
  for (let c: u32 = 0; c < channels; c++) {
    let from = above + (<usize>c << 3);
    let to = into + (<usize>c << 3);
    let products: i64 = 0;
    let weights: i64 = 0;
    let counts: i64 = 0;
    let hits: i64 = 0;
    memory.fill(to, 0, 8);
    memory.fill(to + plane, 0, 8);
    memory.fill(to + 2 * plane, 0, 8);
    memory.fill(to + 3 * plane, 0, 8);
    let pixel = source;
    for (let x: u32 = 0; x < width; x++, pixel += <usize>channels << 2) {
      from += PLANES * plane;
      to += PLANES * plane;
      const share = <f64>weightOf(pixel, c, channels, nodata, isMasked(valid, x));
      if (share != 0) {
        const value = share * <f64>load<f32>(pixel + (<usize>c << 2));
        if (isFinite(value)) {
          if (abs(value) <= most) products += multipleOf(value, inverseProduct);
          else hits += BAD;
          weights += multipleOf(share, inverseWeight);
          counts += 1;
          hits += i64(value != 0);
        } else counts += BAD;
      }
      store<i64>(to, products + load<i64>(from));
      store<i64>(to + plane, weights + load<i64>(from + plane));
      store<i64>(to + 2 * plane, counts + load<i64>(from + 2 * plane));
      store<i64>(to + 3 * plane, hits + load<i64>(from + 3 * plane));
    }
  }
}

/** The mean of one window, rows [y0, y1) of columns [x0, x1), summed on its own; its weights are not all 0. */
function directMean(
  first: usize, strideBytes: usize, x0: u32, y0: u32, x1: u32, y1: u32, c: u32, channels: u32, nodata: usize, valid: usize,
  own: f32,
): f32 {
  const step = <usize>channels << 2;
  let products: f64 = 0;
  let weights: f64 = 0;
  for (let y = y0; y < y1; y++) {
    const row = first + y * strideBytes;
    const validRow = valid ? valid + y * (strideBytes / step) : 0;
    for (let x = x0; x < x1; x++) {
      const pixel = row + x * step;
      const share = <f64>weightOf(pixel, c, channels, nodata, isMasked(validRow, x));
      if (share == 0) continue;
      products += share * <f64>load<f32>(pixel + (<usize>c << 2));
      weights += share;
    }
  }
  return weights == 0 ? own : <f32>(products / weights);
}

// @ts-ignore: decorator
@inline
function windowSum(top: usize, bottom: usize, left: usize, right: usize): i64 {
  return load<i64>(bottom + right) - load<i64>(bottom + left) - (load<i64>(top + right) - load<i64>(top + left));
}

/**
 * Means of `width` pixels from column x of row y on, windows cut to [0, limitX) and [0, limitY). `first` is the input's
 * first pixel, `valid` its byte or 0, `ratio` the quantum of products over that of weights. A sample stays what it is
 * where it is invalid, where nothing weighs, and at radius 0.
 */
export function meansRow(
  rows: usize, x: u32, y: u32, radii: usize, into: usize, width: u32, limitX: u32, limitY: u32, first: usize,
  strideBytes: usize, channels: u32, ratio: f64, nodata: usize, valid: usize,
): void {
  const plane = <usize>channels << 3;
  const step = <usize>channels << 2;
  let source = first + y * strideBytes + x * step;
  const validRow = valid ? valid + y * (strideBytes / step) : 0;
  const end = x + width;
  for (; x < end; x++, radii += 2, source += step) {
    const radius: u32 = load<u16>(radii);
    const x0 = x > radius ? x - radius : 0;
    const y0 = y > radius ? y - radius : 0;
    const x1 = min(x + radius + 1, limitX);
    const y1 = min(y + radius + 1, limitY);
    const left = <usize>x0 * PLANES * plane;
    const right = <usize>x1 * PLANES * plane;
    for (let c: u32 = 0; c < channels; c++, into += 4) {
      const sample = load<f32>(source + (<usize>c << 2));
      const top = <usize>load<u32>(rows + y0 * 4) + (<usize>c << 3);
      const bottom = <usize>load<u32>(rows + y1 * 4) + (<usize>c << 3);
      const counts = windowSum(top + 2 * plane, bottom + 2 * plane, left, right);
      let mean = sample;
      if (isMasked(validRow, x) || isNodata<f32>(sample, nodata + <usize>c * NODATA_BYTES)) mean = sample;
      else if (counts >= BAD) mean = NaN;
      else if (counts != 0 && radius != 0) {
        const products = <f64>windowSum(top, bottom, left, right);
        const weights = <f64>windowSum(top + plane, bottom + plane, left, right);
        const hits = windowSum(top + 3 * plane, bottom + 3 * plane, left, right);
        const off = <f64>hits * abs(weights) + <f64>counts * abs(products);
        if (hits < BAD && weights != 0 && 0.5 * off <= TOLERANCE * abs(products) * abs(weights)) {
          mean = <f32>((products / weights) * ratio);
        } else mean = directMean(first, strideBytes, x0, y0, x1, y1, c, channels, nodata, valid, sample);
      }
      store<f32>(into, mean);
    }
  }
}
