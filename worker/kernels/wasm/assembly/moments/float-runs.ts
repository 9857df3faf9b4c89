// Means of float32 under any footprint. Samples become multiples of a quantum, a power of two; each input row is summed
// from its left end, and a run of the footprint is the difference of two of these sums, which is exact. What
// `assembly/box/box-float.ts` says of quanta holds here.
import { multipleOf } from '../lib/multiples';
import { isMasked, isNodata, NODATA_BYTES } from '../lib/nodata';

/** Sums left of one sample: int64 of samples, int64 of counts: summed ones in the low half, bad ones in the high one. */
const ENTRY: usize = 16;
const BAD: i64 = 1 << 32;
/** A run: address of its row's sums, offset of its first pixel, length, 4 bytes each. */
const RUN: usize = 12;

/** The sums of `pixels` + 1 positions of an input row. Samples above `most` and those that are not finite are bad. */
export function prefixRow(
  source: usize, into: usize, pixels: u32, channels: u32, nodata: usize, valid: usize, inverse: f64, most: f32,
): void {
  const step = <usize>channels * ENTRY;
  memory.fill(into, 0, step);
  for (let x: u32 = 0; x < pixels; x++) {
    const masked = isMasked(valid, x);
    for (let c: u32 = 0; c < channels; c++, source += 4, into += ENTRY) {
      const sample = load<f32>(source);
      let sum = load<i64>(into);
      let counts = load<i64>(into, 8);
      if (!masked && !isNodata<f32>(sample, nodata + <usize>c * NODATA_BYTES)) {
        if (abs(sample) <= most) {
          sum += multipleOf(<f64>sample, inverse);
          counts += 1;
        } else counts += BAD;
      }
      store<i64>(into + step, sum);
      store<i64>(into + step, counts, 8);
    }
  }
}

/**
 * Means of `width` outputs of one channel from input column `x` on, as float32 beside those of other channels: where no sample counts
 * the pixel's own, from `own` on; where one is bad NaN, or what stands there already where `again`.
 */
export function runsRow(
  runs: usize, count: u32, inputWidth: i32, channels: u32, channel: u32, x: i32, width: u32, quantum: f64, again: bool,
  own: usize, into: usize,
): void {
  const step = <usize>channels * ENTRY;
  const end = runs + <usize>count * RUN;
  for (let i: u32 = 0; i < width; i++, own += channels << 2, into += channels << 2) {
    let total = i64x2.splat(0);
    for (let run = runs; run < end; run += RUN) {
      const row = <usize>load<u32>(run) + <usize>channel * ENTRY;
      const first = x + <i32>i + load<i32>(run, 4);
      const left = row + <usize>min(max(first, 0), inputWidth) * step;
      const right = row + <usize>min(max(first + load<i32>(run, 8), 0), inputWidth) * step;
      total = i64x2.add(total, i64x2.sub(v128.load(right), v128.load(left)));
    }
    const counts = i64x2.extract_lane(total, 1);
    if (counts >= BAD) {
      if (!again) store<f32>(into, NaN);
    } else if (counts == 0) store<f32>(into, load<f32>(own));
    else store<f32>(into, <f32>((<f64>i64x2.extract_lane(total, 0) * quantum) / <f64>counts));
  }
}
