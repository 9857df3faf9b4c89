// Samples of float32 as digits, whole numbers in float64 that are summed each by itself, and means of windows from sums of
// digits; where alpha does not weigh. A pixel's lanes are the digits of each channel, where `weighted` whether each channel's
// sample counts, and where `countsBad` how many samples of each channel are not finite. The table of digits holds of each,
// the lowest first, its power of two and the inverse of that.
import { isMasked, isNodata, NODATA_BYTES } from '../lib/nodata';

/** The lanes of a row of pixels. */
export function digitRow(
  source: usize, width: u32, channels: u32, table: usize, digits: u32, weighted: bool, countsBad: bool, nodata: usize,
  valid: usize, into: usize,
): void {
  const weightAt = <usize>channels * digits * 8;
  const badAt = weightAt + (weighted ? <usize>channels * 8 : 0);
  const lanes = badAt + (countsBad ? <usize>channels * 8 : 0);
  const step = <usize>digits * 8;
  for (let x: u32 = 0; x < width; x++, into += lanes) {
    for (let c: u32 = 0; c < channels; c++, source += 4) {
      const sample = load<f32>(source);
      const counts = !weighted || !(isMasked(valid, x) || isNodata<f32>(sample, nodata + <usize>c * NODATA_BYTES));
      const bad = countsBad && sample - sample != 0;
      let left = counts && !bad ? <f64>abs(sample) : 0;
      const sign: f64 = sample < 0 ? -1 : 1;
      const to = into + <usize>c * step;
      for (let digit = digits - 1; digit > 0; digit--) {
        const entry = table + (<usize>digit << 4);
        const own = Math.floor(left * load<f64>(entry, 8));
        left -= own * load<f64>(entry);
        store<f64>(to + (<usize>digit << 3), sign * own);
      }
      store<f64>(to, sign * left * load<f64>(table, 8));
      if (weighted) store<f64>(into + weightAt + (<usize>c << 3), counts && !bad ? 1 : 0);
      if (countsBad) store<f64>(into + badAt + (<usize>c << 3), counts && bad ? 1 : 0);
    }
  }
}

/**
 * Means of a row of windows from their sums. A window whose samples all count holds `counts` of them, one float64 a pixel.
 * A sample that does not count stays as it is; `own` is the row of samples and `valid` of their validity.
 */
export function digitMeans(
  sums: usize, counts: usize, width: u32, channels: u32, table: usize, digits: u32, weighted: bool, countsBad: bool,
  own: usize, nodata: usize, valid: usize, into: usize,
): void {
  const weightAt = <usize>channels * digits * 8;
  const badAt = weightAt + (weighted ? <usize>channels * 8 : 0);
  const lanes = badAt + (countsBad ? <usize>channels * 8 : 0);
  for (let x: u32 = 0; x < width; x++, sums += lanes, counts += 8) {
    for (let c: u32 = 0; c < channels; c++, own += 4, into += 4) {
      const sample = load<f32>(own);
      if (weighted && (isMasked(valid, x) || isNodata<f32>(sample, nodata + <usize>c * NODATA_BYTES))) {
        store<f32>(into, sample);
        continue;
      }
      if (countsBad && load<f64>(sums + badAt + (<usize>c << 3)) > 0) {
        store<f32>(into, f32.NaN);
        continue;
      }
      const count = weighted ? load<f64>(sums + weightAt + (<usize>c << 3)) : load<f64>(counts);
      const from = sums + <usize>c * digits * 8;
      let sum: f64 = 0;
      for (let digit: i32 = <i32>digits - 1; digit >= 0; digit--) {
        sum += load<f64>(from + (<usize>digit << 3)) * load<f64>(table + (<usize>digit << 4));
      }
      store<f32>(into, count == 0 ? sample : <f32>(sum / count));
    }
  }
}
