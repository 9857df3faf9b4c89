// Weight, sum and sum of squares under any footprint: each input row is summed from its left end once, and a run of the
// footprint is the difference of two of these sums. All exact for integers.
import { squaresAroundMean } from '../lib/moments';
import { isMasked, isNodata, NODATA_BYTES } from '../lib/nodata';

/** Sums left of one sample: weight, count of samples that are not finite, sum, sum of squares, float64 each. */
const ENTRY: usize = 32;
/** A run: address of its row's sums, offset of its first pixel, length, 4 bytes each. */
const RUN: usize = 12;

// @ts-ignore: decorator
@inline
function prefixRow<T>(
  source: usize, into: usize, pixels: u32, channels: u32, nodata: usize, pivot: f64, byAlpha: bool, valid: usize,
): void {
  const step = <usize>channels * ENTRY;
  memory.fill(into, 0, step);
  const opacityEntry = nodata + <usize>(channels - 1) * NODATA_BYTES;
  for (let x: u32 = 0; x < pixels; x++) {
    const masked = isMasked(valid, x);
    const opacity = load<T>(source + <usize>(channels - 1) * sizeof<T>());
    const share: f64 = byAlpha && !isNodata<T>(opacity, opacityEntry) ? <f64>opacity : 0;
    for (let c: u32 = 0; c < channels; c++) {
      const sample = load<T>(source);
      const next = into + step;
      let weight: f64 = byAlpha && c + 1 < channels ? share : 1;
      if (masked || isNodata<T>(sample, nodata + <usize>c * NODATA_BYTES)) weight = 0;
      const value = <f64>sample - pivot;
      const isFinite = value - value == 0;
      const counts = f64x2.replace_lane(f64x2.splat(weight), 1, isFinite ? 0 : weight);
      const finite: f64 = isFinite ? value * weight : 0;
      const sums = f64x2.replace_lane(f64x2.splat(finite), 1, isFinite ? finite * value : 0);
      v128.store(next, f64x2.add(v128.load(into), counts));
      v128.store(next, f64x2.add(v128.load(into, 16), sums), 16);
      source += sizeof<T>();
      into += ENTRY;
    }
  }
}

/**
 * The sums of `pixels` + 1 positions of an input row; with `byAlpha` colour weighs as much as the last channel. `valid`
 * says which pixels count, as in `isMasked`.
 */
export function prefixRow8(
  source: usize, into: usize, pixels: u32, channels: u32, nodata: usize, pivot: f64, byAlpha: bool, valid: usize,
): void {
  prefixRow<u8>(source, into, pixels, channels, nodata, pivot, byAlpha, valid);
}

export function prefixRow16(
  source: usize, into: usize, pixels: u32, channels: u32, nodata: usize, pivot: f64, byAlpha: bool, valid: usize,
): void {
  prefixRow<u16>(source, into, pixels, channels, nodata, pivot, byAlpha, valid);
}

/**
 * For `width` outputs of one channel from input column `x` on: weight, mean and sum of squared differences from it,
 * three float64 each; NaN where a sample is not finite.
 */
export function runsRow(
  runs: usize, count: u32, inputWidth: i32, channels: u32, channel: u32, x: i32, width: u32, pivot: f64, into: usize,
): void {
  const step = <usize>channels * ENTRY;
  const end = runs + <usize>count * RUN;
  for (let i: u32 = 0; i < width; i++) {
    let counts = f64x2.splat(0);
    let sums = f64x2.splat(0);
    for (let run = runs; run < end; run += RUN) {
      const row = <usize>load<u32>(run) + <usize>channel * ENTRY;
      const first = x + <i32>i + load<i32>(run, 4);
      const left = row + <usize>min(max(first, 0), inputWidth) * step;
      const right = row + <usize>min(max(first + load<i32>(run, 8), 0), inputWidth) * step;
      counts = f64x2.add(counts, f64x2.sub(v128.load(right), v128.load(left)));
      sums = f64x2.add(sums, f64x2.sub(v128.load(right, 16), v128.load(left, 16)));
    }
    const n = f64x2.extract_lane(counts, 0);
    const bad = f64x2.extract_lane(counts, 1) != 0;
    const sum = f64x2.extract_lane(sums, 0);
    store<f64>(into, n);
    store<f64>(into, bad ? NaN : pivot + sum / n, 8);
    store<f64>(into, bad ? NaN : squaresAroundMean(n, sum, f64x2.extract_lane(sums, 1)), 16);
    into += 24;
  }
}
