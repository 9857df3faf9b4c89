// Box mean over summed-area rows of 64-bit lanes: integers as uint64, float32 that alpha weighs as float64. A pixel's lanes are
// planes of one lane a channel: sums of weight * sample; then, as the host asks, sums of weights, counts of
// non-finite samples, counts of weights that are not zero. `valid` is a byte for each pixel, 0 where it is masked;
// address 0 where none is. The host calls row by row.
import { avoidNodata, isNodata, NODATA_BYTES } from '../lib/nodata';

/** Planes beside the sums, as bits of `planes`. */
const WEIGHTS: u32 = 1;
const BAD: u32 = 2;
const HITS: u32 = 4;

// @ts-ignore: decorator
@inline
function isFinite<T>(value: T): bool {
  return isFloat<T>() ? value - value == 0 : true;
}

/** One channel of a row whose weights are all one and whose samples are all finite. */
// @ts-ignore: decorator
@inline
function prefixPlain<T, S>(source: usize, above: usize, into: usize, width: u32, step: usize, lanes: usize): void {
  let sum: S = 0;
  store<S>(into, sum);
  const end = into + <usize>width * lanes;
  while (into < end) {
    into += lanes;
    above += lanes;
    sum += <S>load<T>(source);
    store<S>(into, sum + load<S>(above));
    source += step;
  }
}

/** One channel of a row: `alpha` is the distance to the pixel's alpha sample, 0 where it does not weigh. */
// @ts-ignore: decorator
@inline
function prefixWeighted<T, S>(
  source: usize, above: usize, into: usize, width: u32, step: usize, lanes: usize, plane: usize, planes: u32,
  alpha: usize, entry: usize, alphaEntry: usize, valid: usize,
): void {
  let sum: S = 0;
  let weights: S = 0;
  let bad: S = 0;
  let hits: S = 0;
  for (let x: u32 = 0; x <= width; x++) {
    let lane = plane;
    store<S>(into, x == 0 ? 0 : sum + load<S>(above));
    if (planes & WEIGHTS) {
      store<S>(into + lane, x == 0 ? 0 : weights + load<S>(above + lane));
      lane += plane;
    }
    if (planes & BAD) {
      store<S>(into + lane, x == 0 ? 0 : bad + load<S>(above + lane));
      lane += plane;
    }
    if (planes & HITS) store<S>(into + lane, x == 0 ? 0 : hits + load<S>(above + lane));
    if (x < width) {
      const sample = load<T>(source);
      let weight: T = 1;
      if (isNodata<T>(sample, entry) || (valid != 0 && load<u8>(valid + x) == 0)) weight = 0;
      else if (alpha) {
        weight = load<T>(source + alpha);
        if (isNodata<T>(weight, alphaEntry)) weight = 0;
      }
      if (weight != 0) {
        hits += 1;
        if (isFinite<T>(sample) && isFinite<T>(weight)) {
          sum += <S>weight * <S>sample;
          weights += <S>weight;
        } else bad += 1;
      }
    }
    source += step;
    into += lanes;
    above += lanes;
  }
}

// @ts-ignore: decorator
@inline
function prefix<T, S>(
  source: usize, above: usize, into: usize, width: u32, channels: u32, planes: u32, nodata: usize, alpha: bool,
  valid: usize,
): void {
  const step = <usize>channels * sizeof<T>();
  const plane = <usize>channels * 8;
  const lanes = plane * (1 + popcnt(planes));
  const alphaEntry = nodata + <usize>(channels - 1) * NODATA_BYTES;
  for (let c: u32 = 0; c < channels; c++) {
    const from = source + <usize>c * sizeof<T>();
    const lane = <usize>c * 8;
    if (planes == 0) prefixPlain<T, S>(from, above + lane, into + lane, width, step, lanes);
    else {
      const distance = alpha ? <usize>(channels - 1 - c) * sizeof<T>() : 0;
      prefixWeighted<T, S>(
        from, above + lane, into + lane, width, step, lanes, plane, planes,
        distance, nodata + <usize>c * NODATA_BYTES, alphaEntry, valid);
    }
  }
}

// @ts-ignore: decorator
@inline
function windowSum<S>(top: usize, bottom: usize, left: usize, right: usize): S {
  return load<S>(bottom + right) - load<S>(bottom + left) - (load<S>(top + right) - load<S>(top + left));
}

/** sum / count rounded half up; the remainder decides, so nothing overflows. The count is not 0. */
// @ts-ignore: decorator
@inline
function quotient(sum: u64, count: u64): u64 {
  const whole = sum / count;
  const remainder = sum - whole * count;
  return whole + u64(remainder >= count - remainder);
}

/**
 * Means of `width` pixels from column x of row y on, windows cut to [0, limitX) and [0, limitY). `source` is the
 * first pixel's own sample, which stays where it is nodata or masked or nothing weighs, and whose value is the mean of a
 * float window of radius 0.
 */
// @ts-ignore: decorator
@inline
function means<T, S>(
  rows: usize, x: u32, y: u32, radii: usize, into: usize, width: u32, limitX: u32, limitY: u32, source: usize,
  channels: u32, planes: u32, nodata: usize, valid: usize,
): void {
  const plane = <usize>channels * 8;
  const lanes = plane * (1 + popcnt(planes));
  const end = x + width;
  while (x < end) {
    const radius: u32 = load<u16>(radii);
    const x0 = x > radius ? x - radius : 0;
    const y0 = y > radius ? y - radius : 0;
    const x1 = min(x + radius + 1, limitX);
    const y1 = min(y + radius + 1, limitY);
    const area = (x1 - x0) * (y1 - y0);
    const top: usize = load<u32>(rows + y0 * 4);
    const bottom: usize = load<u32>(rows + y1 * 4);
    const left = <usize>x0 * lanes;
    const right = <usize>x1 * lanes;
    const masked = valid != 0 && load<u8>(valid) == 0;
    if (valid != 0) valid += 1;
    for (let c: u32 = 0; c < channels; c++) {
      const sample = load<T>(source);
      const entry = nodata + <usize>c * NODATA_BYTES;
      let mean: T;
      if (planes != 0 && (masked || isNodata<T>(sample, entry))) mean = sample;
      else {
        let lane = <usize>c * 8;
        const sum = windowSum<S>(top + lane, bottom + lane, left, right);
        let weights = <S>area;
        if (planes & WEIGHTS) {
          lane += plane;
          weights = windowSum<S>(top + lane, bottom + lane, left, right);
        }
        if (isFloat<T>()) {
          let bad: S = 0;
          if (planes & BAD) {
            lane += plane;
            bad = windowSum<S>(top + lane, bottom + lane, left, right);
          }
          let hits: S = 1;
          if (planes & HITS) {
            lane += plane;
            hits = windowSum<S>(top + lane, bottom + lane, left, right);
          }
          if (bad != 0) mean = <T>NaN;
          else if (hits == 0 || weights == 0) mean = sample;
          else mean = radius == 0 ? sample : <T>(sum / weights);
        } else if (weights == 0) mean = sample;
        else mean = avoidNodata<T>(<T>quotient(<u64>sum, <u64>weights), entry);
      }
      store<T>(into, mean);
      source += sizeof<T>();
      into += sizeof<T>();
    }
    x += 1;
    radii += 2;
  }
}

export function prefixRow8(
  source: usize, above: usize, into: usize, width: u32, channels: u32, planes: u32, nodata: usize, alpha: bool,
  valid: usize,
): void {
  prefix<u8, u64>(source, above, into, width, channels, planes, nodata, alpha, valid);
}

export function prefixRow16(
  source: usize, above: usize, into: usize, width: u32, channels: u32, planes: u32, nodata: usize, alpha: bool,
  valid: usize,
): void {
  prefix<u16, u64>(source, above, into, width, channels, planes, nodata, alpha, valid);
}

export function prefixRow32(
  source: usize, above: usize, into: usize, width: u32, channels: u32, planes: u32, nodata: usize, alpha: bool,
  valid: usize,
): void {
  prefix<f32, f64>(source, above, into, width, channels, planes, nodata, alpha, valid);
}

export function meansRow8(
  rows: usize, x: u32, y: u32, radii: usize, into: usize, width: u32, limitX: u32, limitY: u32, source: usize,
  channels: u32, planes: u32, nodata: usize, valid: usize,
): void {
  means<u8, u64>(rows, x, y, radii, into, width, limitX, limitY, source, channels, planes, nodata, valid);
}

export function meansRow16(
  rows: usize, x: u32, y: u32, radii: usize, into: usize, width: u32, limitX: u32, limitY: u32, source: usize,
  channels: u32, planes: u32, nodata: usize, valid: usize,
): void {
  means<u16, u64>(rows, x, y, radii, into, width, limitX, limitY, source, channels, planes, nodata, valid);
}

export function meansRow32(
  rows: usize, x: u32, y: u32, radii: usize, into: usize, width: u32, limitX: u32, limitY: u32, source: usize,
  channels: u32, planes: u32, nodata: usize, valid: usize,
): void {
  means<f32, f64>(rows, x, y, radii, into, width, limitX, limitY, source, channels, planes, nodata, valid);
}
