// Box mean of integers over summed-area rows of uint64. A pixel's lanes are planes of one lane a channel: sums of
// weight * sample; then, where `weighted`, sums of weights. `valid` is a byte for each pixel, 0 where it is masked;
// address 0 where none is. The host calls row by row.
import { avoidNodata, isNodata, NODATA_BYTES } from '../lib/nodata';

/** One channel of a row whose weights are all one. */
// @ts-ignore: decorator
@inline
function prefixPlain<T>(source: usize, above: usize, into: usize, width: u32, step: usize, lanes: usize): void {
  let sum: u64 = 0;
  store<u64>(into, sum);
  const end = into + <usize>width * lanes;
  while (into < end) {
    into += lanes;
    above += lanes;
    sum += <u64>load<T>(source);
    store<u64>(into, sum + load<u64>(above));
    source += step;
  }
}

/** One channel of a row: `alpha` is the distance to the pixel's alpha sample, 0 where it does not weigh. */
// @ts-ignore: decorator
@inline
function prefixWeighted<T>(
  source: usize, above: usize, into: usize, width: u32, step: usize, lanes: usize, plane: usize,
  alpha: usize, entry: usize, alphaEntry: usize, valid: usize,
): void {
  let sum: u64 = 0;
  let weights: u64 = 0;
  for (let x: u32 = 0; x <= width; x++) {
    store<u64>(into, x == 0 ? 0 : sum + load<u64>(above));
    store<u64>(into + plane, x == 0 ? 0 : weights + load<u64>(above + plane));
    if (x < width) {
      const sample = load<T>(source);
      let weight: T = 1;
      if (isNodata<T>(sample, entry) || (valid != 0 && load<u8>(valid + x) == 0)) weight = 0;
      else if (alpha) {
        weight = load<T>(source + alpha);
        if (isNodata<T>(weight, alphaEntry)) weight = 0;
      }
      sum += <u64>weight * <u64>sample;
      weights += <u64>weight;
    }
    source += step;
    into += lanes;
    above += lanes;
  }
}

// @ts-ignore: decorator
@inline
function prefix<T>(
  source: usize, above: usize, into: usize, width: u32, channels: u32, weighted: bool, nodata: usize, alpha: bool,
  valid: usize,
): void {
  const step = <usize>channels * sizeof<T>();
  const plane = <usize>channels * 8;
  const lanes = weighted ? 2 * plane : plane;
  const alphaEntry = nodata + <usize>(channels - 1) * NODATA_BYTES;
  for (let c: u32 = 0; c < channels; c++) {
    const from = source + <usize>c * sizeof<T>();
    const lane = <usize>c * 8;
    if (!weighted) prefixPlain<T>(from, above + lane, into + lane, width, step, lanes);
    else {
      const distance = alpha ? <usize>(channels - 1 - c) * sizeof<T>() : 0;
      prefixWeighted<T>(
        from, above + lane, into + lane, width, step, lanes, plane,
        distance, nodata + <usize>c * NODATA_BYTES, alphaEntry, valid);
    }
  }
}

// @ts-ignore: decorator
@inline
function windowSum(top: usize, bottom: usize, left: usize, right: usize): u64 {
  return load<u64>(bottom + right) - load<u64>(bottom + left) - (load<u64>(top + right) - load<u64>(top + left));
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
 * first pixel's own sample, which stays where it is nodata or masked or nothing weighs.
 */
// @ts-ignore: decorator
@inline
function means<T>(
  rows: usize, x: u32, y: u32, radii: usize, into: usize, width: u32, limitX: u32, limitY: u32, source: usize,
  channels: u32, weighted: bool, nodata: usize, valid: usize,
): void {
  const plane = <usize>channels * 8;
  const lanes = weighted ? 2 * plane : plane;
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
      if (weighted && (masked || isNodata<T>(sample, entry))) mean = sample;
      else {
        const lane = <usize>c * 8;
        const sum = windowSum(top + lane, bottom + lane, left, right);
        const weights: u64 = weighted ? windowSum(top + lane + plane, bottom + lane + plane, left, right) : area;
        if (weights == 0) mean = sample;
        else mean = avoidNodata<T>(<T>quotient(sum, weights), entry);
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
  source: usize, above: usize, into: usize, width: u32, channels: u32, weighted: bool, nodata: usize, alpha: bool,
  valid: usize,
): void {
  prefix<u8>(source, above, into, width, channels, weighted, nodata, alpha, valid);
}

export function prefixRow16(
  source: usize, above: usize, into: usize, width: u32, channels: u32, weighted: bool, nodata: usize, alpha: bool,
  valid: usize,
): void {
  prefix<u16>(source, above, into, width, channels, weighted, nodata, alpha, valid);
}

export function meansRow8(
  rows: usize, x: u32, y: u32, radii: usize, into: usize, width: u32, limitX: u32, limitY: u32, source: usize,
  channels: u32, weighted: bool, nodata: usize, valid: usize,
): void {
  means<u8>(rows, x, y, radii, into, width, limitX, limitY, source, channels, weighted, nodata, valid);
}

export function meansRow16(
  rows: usize, x: u32, y: u32, radii: usize, into: usize, width: u32, limitX: u32, limitY: u32, source: usize,
  channels: u32, weighted: bool, nodata: usize, valid: usize,
): void {
  means<u16>(rows, x, y, radii, into, width, limitX, limitY, source, channels, weighted, nodata, valid);
}
