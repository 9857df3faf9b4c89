// What an operation on single samples leaves as it is: alpha and nodata.
import { avoidNodata, isNodata, NODATA_BYTES } from '../lib/nodata';

// @ts-ignore: decorator
@inline
function keepRow<T>(source: usize, into: usize, pixels: u32, channels: u32, nodata: usize, alpha: i32): void {
  for (let x: u32 = 0; x < pixels; x++) {
    for (let c: u32 = 0; c < channels; c++) {
      const entry = nodata + <usize>c * NODATA_BYTES;
      const sample = load<T>(source);
      if (<i32>c == alpha || isNodata<T>(sample, entry)) store<T>(into, sample);
      else store<T>(into, avoidNodata<T>(load<T>(into), entry));
      source += sizeof<T>();
      into += sizeof<T>();
    }
  }
}

/** Puts back the input's samples of channel `alpha` (-1: none) and all nodata, and moves results off nodata. */
export function keepRow8(source: usize, into: usize, pixels: u32, channels: u32, nodata: usize, alpha: i32): void {
  keepRow<u8>(source, into, pixels, channels, nodata, alpha);
}

export function keepRow16(source: usize, into: usize, pixels: u32, channels: u32, nodata: usize, alpha: i32): void {
  keepRow<u16>(source, into, pixels, channels, nodata, alpha);
}

export function keepRow32(source: usize, into: usize, pixels: u32, channels: u32, nodata: usize, alpha: i32): void {
  keepRow<f32>(source, into, pixels, channels, nodata, alpha);
}
