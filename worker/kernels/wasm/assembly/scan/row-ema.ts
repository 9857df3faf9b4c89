// out = a * in + (1 - a) * before along rows, in the reference's order of float64 operations. Each step waits for the
// one before it, so four rows run side by side.
import { avoidNodata, isMasked, isNodata, NODATA_BYTES } from '../lib/nodata';

// @ts-ignore: decorator
@inline
function next<T>(sample: f64, before: f64, alpha: f64, rest: f64): f64 {
  const average = alpha * sample + rest * before;
  return isFloat<T>() && before != before ? sample : average;
}

/** An average of integers never leaves their range. */
// @ts-ignore: decorator
@inline
function put<T>(into: usize, average: f64): void {
  if (isFloat<T>()) store<f32>(into, <f32>average);
  else store<T>(into, <T><u32>(average + 0.5));
}

/** One column that may be the first of its row. */
// @ts-ignore: decorator
@inline
function open<T>(source: usize, into: usize, before: f64, alpha: f64, rest: f64): f64 {
  const sample = <f64>load<T>(source);
  const average = before != before ? sample : alpha * sample + rest * before;
  put<T>(into, average);
  return average;
}

// @ts-ignore: decorator
@inline
function fourRows<T>(
  source: usize, sourceStride: usize, into: usize, intoStride: usize, pixels: u32, channels: u32, carry: usize, alpha: f64,
): void {
  const rest = 1 - alpha;
  const step = <usize>channels * sizeof<T>();
  const across = <usize>channels * 8;
  for (let c: u32 = 0; c < channels; c++) {
    let from = source + <usize>c * sizeof<T>();
    let to = into + <usize>c * sizeof<T>();
    const state = carry + <usize>c * 8;
    const end = from + <usize>pixels * step;
    let p = open<T>(from, to, load<f64>(state), alpha, rest);
    let q = open<T>(from + sourceStride, to + intoStride, load<f64>(state + across), alpha, rest);
    let r = open<T>(from + 2 * sourceStride, to + 2 * intoStride, load<f64>(state + 2 * across), alpha, rest);
    let s = open<T>(from + 3 * sourceStride, to + 3 * intoStride, load<f64>(state + 3 * across), alpha, rest);
    from += step;
    to += step;
    while (from < end) {
      p = next<T>(<f64>load<T>(from), p, alpha, rest);
      q = next<T>(<f64>load<T>(from + sourceStride), q, alpha, rest);
      r = next<T>(<f64>load<T>(from + 2 * sourceStride), r, alpha, rest);
      s = next<T>(<f64>load<T>(from + 3 * sourceStride), s, alpha, rest);
      put<T>(to, p);
      put<T>(to + intoStride, q);
      put<T>(to + 2 * intoStride, r);
      put<T>(to + 3 * intoStride, s);
      from += step;
      to += step;
    }
    store<f64>(state, p);
    store<f64>(state + across, q);
    store<f64>(state + 2 * across, r);
    store<f64>(state + 3 * across, s);
  }
}

/** Four rows without nodata; `carry` holds a float64 a row and channel, NaN where the row starts, and is replaced. */
export function fourRows8(
  source: usize, sourceStride: usize, into: usize, intoStride: usize, pixels: u32, channels: u32, carry: usize, alpha: f64,
): void {
  fourRows<u8>(source, sourceStride, into, intoStride, pixels, channels, carry, alpha);
}

export function fourRows16(
  source: usize, sourceStride: usize, into: usize, intoStride: usize, pixels: u32, channels: u32, carry: usize, alpha: f64,
): void {
  fourRows<u16>(source, sourceStride, into, intoStride, pixels, channels, carry, alpha);
}

export function fourRows32(
  source: usize, sourceStride: usize, into: usize, intoStride: usize, pixels: u32, channels: u32, carry: usize, alpha: f64,
): void {
  fourRows<f32>(source, sourceStride, into, intoStride, pixels, channels, carry, alpha);
}

// @ts-ignore: decorator
@inline
function row<T>(
  source: usize, into: usize, pixels: u32, channels: u32, carry: usize, nodata: usize, alpha: f64, valid: usize,
): void {
  const rest = 1 - alpha;
  for (let x: u32 = 0; x < pixels; x++) {
    const masked = isMasked(valid, x);
    for (let c: u32 = 0; c < channels; c++) {
      const entry = nodata + <usize>c * NODATA_BYTES;
      const state = carry + <usize>c * 8;
      const sample = load<T>(source);
      if (masked || isNodata<T>(sample, entry)) store<T>(into, sample);
      else {
        store<f64>(state, open<T>(source, into, load<f64>(state), alpha, rest));
        store<T>(into, avoidNodata<T>(load<T>(into), entry));
      }
      source += sizeof<T>();
      into += sizeof<T>();
    }
  }
}

/** One row; nodata and masked pixels (`valid` as in `isMasked`) stay and are passed over. */
export function row8(
  source: usize, into: usize, pixels: u32, channels: u32, carry: usize, nodata: usize, alpha: f64, valid: usize,
): void {
  row<u8>(source, into, pixels, channels, carry, nodata, alpha, valid);
}

export function row16(
  source: usize, into: usize, pixels: u32, channels: u32, carry: usize, nodata: usize, alpha: f64, valid: usize,
): void {
  row<u16>(source, into, pixels, channels, carry, nodata, alpha, valid);
}

export function row32(
  source: usize, into: usize, pixels: u32, channels: u32, carry: usize, nodata: usize, alpha: f64, valid: usize,
): void {
  row<f32>(source, into, pixels, channels, carry, nodata, alpha, valid);
}
