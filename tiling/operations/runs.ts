import { type DType, SAMPLE_BYTES } from '../raster/dtype.js';
import type { Footprint } from './footprint.js';

/** Neighbouring members in one row of a footprint; offsets are from the centre. */
export interface Run {
  readonly dx: number;
  readonly dy: number;
  readonly length: number;
}

/** The members of a footprint as horizontal runs, row by row. */
export function runsOf(footprint: Footprint): Run[] {
  const { width, height, members, reach } = footprint;
  const runs: Run[] = [];
  for (let j = 0; j < height; j++) {
    for (let i = 0; i < width; i++) {
      if (!members[j * width + i]) continue;
      const from = i;
      while (i + 1 < width && members[j * width + i + 1]) i++;
      runs.push({ dx: from - reach.left, dy: j - reach.top, length: i - from + 1 });
    }
  }
  return runs;
}

/** Rows of doubling width that runs are made of: 1, 2, 4 … up to the longest. */
export function levelsOf(runs: readonly Run[]): number {
  return 1 + Math.floor(Math.log2(Math.max(...runs.map((run) => run.length))));
}

/** Bytes of one padded row of {@link levelsOf}. */
export function extremumRowBytes(outputWidth: number, footprintWidth: number, channels: number, dtype: DType): number {
  return Math.ceil(((outputWidth + footprintWidth) * channels * SAMPLE_BYTES[dtype]) / 16) * 16 + 64;
}
