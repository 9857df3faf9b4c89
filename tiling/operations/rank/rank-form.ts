import { type DType, SAMPLE_BYTES } from '../../raster/dtype.js';
import { type Footprint, isFull } from '../footprint/footprint.js';

/**
 * How a rank filter takes windows that are whole and valid: medians of 3×3 and 5×5 by networks of minima and maxima, other small
 * footprints of integers bit by bit, both a vector of samples at a time; whatever else sample by sample.
 */
export type RankForm = 'median-3x3' | 'median-5x5' | 'bits' | 'single';

/** Members whose number fits a byte. */
const MAX_BIT_MEMBERS = 255;

/** The form for the sample at sorted position `rank` of all members. */
export function rankForm(dtype: DType, footprint: Footprint, rank: number): RankForm {
  if (dtype === 'uint32') return 'single';
  const { width, height, count } = footprint;
  if (isFull(footprint) && width === height && 2 * rank + 1 === count) {
    if (width === 3) return 'median-3x3';
    if (width === 5) return 'median-5x5';
  }
  return dtype !== 'float32' && count <= MAX_BIT_MEMBERS ? 'bits' : 'single';
}

/** Bytes of a row of medians that are taken at a time, so that what they are made from stays in a core's first cache. */
export const MEDIAN_STRIP_BYTES = 1024;

/** Rows of a strip of medians of 5×5: of columns, of pairs of them, of their middle, and of results. */
const MEDIAN_PLANES = 4 + 8 + 6 + 1;

/** Bytes of one of them: a strip, its margin of four pixels, and a vector that is read behind it. */
export function medianPlaneBytes(pixelBytes: number): number {
  return Math.ceil((MEDIAN_STRIP_BYTES + 4 * pixelBytes) / 16) * 16 + 32;
}

/** Scratch of a form for rows of `outputWidth` pixels. */
export function rankFormBytes(
  form: RankForm,
  { outputWidth, channels, dtype }: { readonly outputWidth: number; readonly channels: number; readonly dtype: DType },
  { count }: Footprint,
): number {
  const pixelBytes = channels * SAMPLE_BYTES[dtype];
  switch (form) {
    case 'median-3x3':
    case 'median-5x5':
      return MEDIAN_PLANES * medianPlaneBytes(pixelBytes);
    case 'bits':
      return bitRowBytes(outputWidth * pixelBytes) + Math.ceil(count / 4) * 16;
    case 'single':
      return 0;
  }
}

/** Bytes of a row of results that are found bit by bit: whole groups of 32. */
export function bitRowBytes(rowBytes: number): number {
  return Math.ceil(rowBytes / 32) * 32;
}
