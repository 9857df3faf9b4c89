import { INTEGER_MAX } from '../raster/dtype.js';
import type { KernelShape } from './descriptor.js';

/** What the memory of one box tile follows from. */
export interface BoxShape extends KernelShape {
  /** The largest radius in the tile. */
  readonly maxRadius: number;
}

/**
 * How the summed-area rows of one tile are kept: a ring of the rows that the windows of one output row can
 * reach, built just ahead of it. `narrow` sums wrap in uint32, four lanes a pixel for 2 to 4 channels and one
 * for 1; `wide` sums are 64-bit integers, or float64 for float32.
 */
export interface BoxLayout {
  readonly path: 'narrow' | 'wide';
  readonly lanes: number;
  readonly ringRows: number;
  readonly ringRowBytes: number;
  /** Reciprocals of uncut windows are tabled for radii 0 to this one. */
  readonly tableRadius: number;
  /** Bytes of each scratch allocation, multiples of 16. */
  readonly bytes: { readonly ring: number; readonly rows: number; readonly table: number; readonly radii: number };
}

/** The layout for a tile. A pure function of sizes, so that memory is known before any pixel is read. */
export function boxLayout(shape: BoxShape): BoxLayout {
  const { width, height } = shape.input;
  const { maxRadius, channels } = shape;
  const narrow = fitsNarrow(shape);
  const lanes = narrow ? (channels === 1 ? 1 : 4) : channels * widePlanes(shape);
  const ringRows = Math.min(height + 1, 2 * maxRadius + 2);
  const ringRowBytes = aligned((width + 1) * lanes * (narrow ? 4 : 8));
  const tableRadius = Math.min(maxRadius, Math.floor((Math.min(width, height) - 1) / 2));
  return {
    path: narrow ? 'narrow' : 'wide',
    lanes,
    ringRows,
    ringRowBytes,
    tableRadius,
    bytes: {
      ring: ringRows * ringRowBytes,
      rows: aligned((height + 1) * 4),
      table: narrow ? (tableRadius + 1) * 16 : 0,
      radii: aligned(shape.outputWidth * 2),
    },
  };
}

/** Bytes of scratch that a box tile takes beside its input, output and map. */
export function boxScratchBytes(shape: BoxShape): number {
  const { ring, rows, table, radii } = boxLayout(shape).bytes;
  return ring + rows + table + radii;
}

/**
 * Planes of 64-bit lanes: the sums; where weights are not all one (nodata, alpha) the sums of weights; for
 * float32 the counts of non-finite samples and, weighted by alpha, of weights that are not zero, so that a
 * weight sum that only rounding keeps from zero is known.
 */
export function widePlanes({ dtype, weighted, nodata }: Pick<BoxShape, 'dtype' | 'weighted' | 'nodata'>): number {
  return 1 + (weighted || nodata ? 1 : 0) + (dtype === 'float32' ? 1 : 0) + (dtype === 'float32' && weighted ? 1 : 0);
}

/** Whether plain uint32 sums are exact: they may wrap, but no window's own sum may reach 2^32. */
function fitsNarrow({ input, maxRadius, dtype, channels, weighted, nodata }: BoxShape): boolean {
  if (dtype === 'float32' || channels > 4 || weighted || nodata) return false;
  const side = 2 * maxRadius + 1;
  return Math.min(side, input.width) * Math.min(side, input.height) * INTEGER_MAX[dtype] < 2 ** 32;
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 16) * 16;
}
