// Area means and nearest samples. Input rows are added to the output row whose area holds them; weights are overlaps in
// units of 1/output pixel, so that sums of integers are exact in float64.
import { avoidNodata, isMasked, isNodata, NODATA_BYTES } from '../lib/nodata';

/** What an output column covers: uint32 first pixel and count, float64 weights of the first and the last one. */
const COLUMN: usize = 24;
/** Sums of one output sample where weights differ: weighted samples, weights, count; float64 each. */
const SUMS: usize = 24;

// @ts-ignore: decorator
@inline
function addRow<T>(
  source: usize, columns: usize, sums: usize, width: u32, channels: u32, whole: f64, rowWeight: f64,
): void {
  const step = <usize>channels * sizeof<T>();
  for (let x: u32 = 0; x < width; x++) {
    const count = load<u32>(columns, 4);
    const first = load<f64>(columns, 8);
    const last = load<f64>(columns, 16);
    const start = source + <usize>load<u32>(columns) * step;
    const end = start + <usize>(count - 1) * step;
    for (let c: u32 = 0; c < channels; c++) {
      let at = start + <usize>c * sizeof<T>();
      const lastAt = end + <usize>c * sizeof<T>();
      let total = first * <f64>load<T>(at);
      at += step;
      if (isFloat<T>()) {
        let inner: f64 = 0;
        for (; at < lastAt; at += step) inner += <f64>load<T>(at);
        total += whole * inner;
      } else {
        let inner: u64 = 0;
        for (; at < lastAt; at += step) inner += <u64>load<T>(at);
        total += whole * <f64>inner;
      }
      if (count > 1) total += last * <f64>load<T>(lastAt);
      store<f64>(sums, load<f64>(sums) + rowWeight * total);
      sums += 8;
    }
    columns += COLUMN;
  }
}

/** Adds an input row to the sums of a row of `width` output pixels, one float64 a sample, all samples alike. */
export function addRow8(
  source: usize, columns: usize, sums: usize, width: u32, channels: u32, whole: f64, rowWeight: f64,
): void {
  if (channels == 1) addRow<u8>(source, columns, sums, width, 1, whole, rowWeight);
  else if (channels == 3) addRow<u8>(source, columns, sums, width, 3, whole, rowWeight);
  else addRow<u8>(source, columns, sums, width, channels, whole, rowWeight);
}

export function addRow16(
  source: usize, columns: usize, sums: usize, width: u32, channels: u32, whole: f64, rowWeight: f64,
): void {
  addRow<u16>(source, columns, sums, width, channels, whole, rowWeight);
}

export function addRow32(
  source: usize, columns: usize, sums: usize, width: u32, channels: u32, whole: f64, rowWeight: f64,
): void {
  addRow<f32>(source, columns, sums, width, channels, whole, rowWeight);
}

// @ts-ignore: decorator
@inline
function put<T>(into: usize, value: f64): void {
  if (isFloat<T>()) store<f32>(into, <f32>(value - value == 0 ? value : NaN));
  else {
    const top: f64 = sizeof<T>() == 1 ? 255 : 65535;
    // What is not above 0, NaN included, is stored as 0.
    store<T>(into, value > 0 ? <T><u32>Math.min(value + 0.5, top) : 0);
  }
}

// @ts-ignore: decorator
@inline
function means<T>(sums: usize, into: usize, count: u32, weights: f64): void {
  for (let i: u32 = 0; i < count; i++) {
    put<T>(into, load<f64>(sums) / weights);
    sums += 8;
    into += sizeof<T>();
  }
}

/** `count` output samples from their sums and the weight of a whole area. */
export function means8(sums: usize, into: usize, count: u32, weights: f64): void {
  means<u8>(sums, into, count, weights);
}

export function means16(sums: usize, into: usize, count: u32, weights: f64): void {
  means<u16>(sums, into, count, weights);
}

export function means32(sums: usize, into: usize, count: u32, weights: f64): void {
  means<f32>(sums, into, count, weights);
}

// @ts-ignore: decorator
@inline
function addWeighted<T>(
  source: usize, columns: usize, sums: usize, width: u32, channels: u32, whole: f64, rowWeight: f64, nodata: usize,
  byAlpha: bool, valid: usize,
): void {
  const step = <usize>channels * sizeof<T>();
  const opacityAt = step - sizeof<T>();
  const opacityEntry = nodata + <usize>(channels - 1) * NODATA_BYTES;
  for (let x: u32 = 0; x < width; x++) {
    const count = load<u32>(columns, 4);
    for (let i: u32 = 0; i < count; i++) {
      const at = load<u32>(columns) + i;
      if (isMasked(valid, at)) continue;
      const pixel = source + <usize>at * step;
      const overlap = rowWeight * (i == 0 ? load<f64>(columns, 8) : i == count - 1 ? load<f64>(columns, 16) : whole);
      const opacity = load<T>(pixel + opacityAt);
      const share: f64 = byAlpha && !isNodata<T>(opacity, opacityEntry) ? <f64>opacity : 0;
      for (let c: u32 = 0; c < channels; c++) {
        const sample = load<T>(pixel + <usize>c * sizeof<T>());
        const into = sums + <usize>c * SUMS;
        if (isNodata<T>(sample, nodata + <usize>c * NODATA_BYTES)) continue;
        store<f64>(into, load<f64>(into, 16) + 1, 16);
        const weight = byAlpha && c + 1 < channels ? overlap * share : overlap;
        if (weight == 0) continue;
        store<f64>(into, load<f64>(into) + weight * <f64>sample);
        store<f64>(into, load<f64>(into, 8) + weight, 8);
      }
    }
    columns += COLUMN;
    sums += <usize>channels * SUMS;
  }
}

/**
 * As `addRow8`, nodata and masked pixels (`valid` as in `isMasked`) left out and colour weighted by alpha, in the
 * reference's order: three float64 a sample.
 */
export function addWeighted8(
  source: usize, columns: usize, sums: usize, width: u32, channels: u32, whole: f64, rowWeight: f64, nodata: usize,
  byAlpha: bool, valid: usize,
): void {
  addWeighted<u8>(source, columns, sums, width, channels, whole, rowWeight, nodata, byAlpha, valid);
}

export function addWeighted16(
  source: usize, columns: usize, sums: usize, width: u32, channels: u32, whole: f64, rowWeight: f64, nodata: usize,
  byAlpha: bool, valid: usize,
): void {
  addWeighted<u16>(source, columns, sums, width, channels, whole, rowWeight, nodata, byAlpha, valid);
}

export function addWeighted32(
  source: usize, columns: usize, sums: usize, width: u32, channels: u32, whole: f64, rowWeight: f64, nodata: usize,
  byAlpha: bool, valid: usize,
): void {
  addWeighted<f32>(source, columns, sums, width, channels, whole, rowWeight, nodata, byAlpha, valid);
}

// @ts-ignore: decorator
@inline
function weightedMeans<T>(sums: usize, into: usize, width: u32, channels: u32, nodata: usize): void {
  for (let x: u32 = 0; x < width; x++) {
    for (let c: u32 = 0; c < channels; c++) {
      const entry = nodata + <usize>c * NODATA_BYTES;
      const weighted = load<f64>(sums);
      const weights = load<f64>(sums, 8);
      if (load<f64>(sums, 16) == 0) store<T>(into, <T>load<f64>(entry));
      else {
        const isFinite = weighted - weighted == 0;
        put<T>(into, weights == 0 ? 0 : isFinite ? weighted / weights : NaN);
        store<T>(into, avoidNodata<T>(load<T>(into), entry));
      }
      sums += SUMS;
      into += sizeof<T>();
    }
  }
}

/** Nodata where nothing else was under an output pixel, 0 where all weights are 0. */
export function weightedMeans8(sums: usize, into: usize, width: u32, channels: u32, nodata: usize): void {
  weightedMeans<u8>(sums, into, width, channels, nodata);
}

export function weightedMeans16(sums: usize, into: usize, width: u32, channels: u32, nodata: usize): void {
  weightedMeans<u16>(sums, into, width, channels, nodata);
}

export function weightedMeans32(sums: usize, into: usize, width: u32, channels: u32, nodata: usize): void {
  weightedMeans<f32>(sums, into, width, channels, nodata);
}

// @ts-ignore: decorator
@inline
function pick<T>(source: usize, columns: usize, into: usize, width: u32, channels: u32): void {
  for (let x: u32 = 0; x < width; x++) {
    const pixel = source + <usize>load<u32>(columns) * channels * sizeof<T>();
    for (let c: u32 = 0; c < channels; c++) {
      store<T>(into, load<T>(pixel + <usize>c * sizeof<T>()));
      into += sizeof<T>();
    }
    columns += 4;
  }
}

/** The pixels of an input row at `width` positions, uint32 each. Floats pass as the bits they are. */
export function pick8(source: usize, columns: usize, into: usize, width: u32, channels: u32): void {
  pick<u8>(source, columns, into, width, channels);
}

export function pick16(source: usize, columns: usize, into: usize, width: u32, channels: u32): void {
  pick<u16>(source, columns, into, width, channels);
}

export function pick32(source: usize, columns: usize, into: usize, width: u32, channels: u32): void {
  pick<u32>(source, columns, into, width, channels);
}
