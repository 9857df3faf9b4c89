import { type DType, SAMPLE_BYTES } from '../../raster/dtype.js';
import type { Footprint, Run } from './footprint.js';

/** The members of a footprint one by one, row by row, as offsets from its centre. */
export function memberOffsets({ runs }: Footprint): { readonly dx: number; readonly dy: number }[] {
  return runs.flatMap(({ dx, dy, length }) => Array.from({ length }, (_, i) => ({ dx: dx + i, dy })));
}

/** A byte for each pixel of the footprint's rectangle, row-major: 1 for members. */
export function memberBytes({ width, height, runs, reach }: Footprint): Uint8Array {
  const bytes = new Uint8Array(width * height);
  for (const { dx, dy, length } of runs) {
    const from = (dy + reach.top) * width + dx + reach.left;
    bytes.fill(1, from, from + length);
  }
  return bytes;
}

/** Rows of doubling width that runs are made of: 1, 2, 4 … up to the longest. */
export function levelsOf(runs: readonly Run[]): number {
  let longest = 1;
  for (const { length } of runs) longest = Math.max(longest, length);
  return 1 + Math.floor(Math.log2(longest));
}

/** Bytes of one padded row of {@link levelsOf}. */
export function extremumRowBytes(outputWidth: number, footprintWidth: number, channels: number, dtype: DType): number {
  return Math.ceil(((outputWidth + footprintWidth) * channels * SAMPLE_BYTES[dtype]) / 16) * 16 + 64;
}
