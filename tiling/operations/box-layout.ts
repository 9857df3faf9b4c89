import { INTEGER_MAX } from '../raster/dtype.js';
import type { KernelShape } from './descriptor.js';

/** What the memory of one box tile follows from. */
export interface BoxShape extends KernelShape {
  /** The largest radius in the tile. */
  readonly maxRadius: number;
  /** All radii are `maxRadius`. */
  readonly isFixed?: boolean;
}

/**
 * How the summed-area rows of one tile are kept: a ring of the rows that the windows of one output row can
 * reach, built just ahead of it. `narrow` sums wrap in uint32, four lanes a pixel for 2 to 4 channels and one
 * for 1; `narrow-alpha` are such sums of colour times alpha, of uint8; `narrow-nodata` are sums and counts of
 * valid samples; `wide` sums are 64-bit integers; those of
 * `float` and, weighted by alpha, `float-alpha` are 64-bit multiples of a quantum.
 */
export interface BoxLayout {
  readonly path: 'narrow' | 'narrow-alpha' | 'narrow-nodata' | 'wide' | 'float' | 'float-alpha';
  readonly lanes: number;
  readonly ringRows: number;
  readonly ringRowBytes: number;
  /** Reciprocals of uncut windows are tabled for radii 0 to this one. */
  readonly tableRadius: number;
  /** Bytes of each scratch allocation, multiples of 16. */
  readonly bytes: { readonly ring: number; readonly rows: number; readonly table: number; readonly radii: number };
}

const NARROW_LANES = { narrow: 4, 'narrow-alpha': 4, 'narrow-nodata': 8 } as const;

/** The layout for a tile. A pure function of sizes, so that memory is known before any pixel is read. */
export function boxLayout(shape: BoxShape): BoxLayout {
  const { width, height } = shape.input;
  const { maxRadius, channels } = shape;
  const path = pathOf(shape);
  const narrow = path === 'narrow' || path === 'narrow-alpha' || path === 'narrow-nodata';
  const lanes = narrow ? NARROW_LANES[path] / (channels === 1 ? 4 : 1) : channels * planesOf(path, shape);
  const ringRows = Math.min(height + 1, 2 * maxRadius + 2);
  const ringRowBytes = aligned((width + 1) * lanes * (narrow ? 4 : 8));
  const tableRadius = Math.min(maxRadius, Math.floor((Math.min(width, height) - 1) / 2));
  return {
    path,
    lanes,
    ringRows,
    ringRowBytes,
    tableRadius,
    bytes: {
      ring: ringRows * ringRowBytes,
      rows: aligned((height + 1) * 4),
      table: (tableRadius + 1) * 16,
      radii: aligned(shape.outputWidth * 2),
    },
  };
}

/** Up to it, and not at 64, a sum of uint8 is divided in float32 without an error; see `assembly/box/box-columns.ts`. */
const MAX_COLUMN_RADIUS = 63;

/** Whether windows are summed from sums of columns, not from summed-area rows. */
export function takesColumns(shape: BoxShape): boolean {
  const { isFixed, dtype, maxRadius } = shape;
  return isFixed === true && dtype === 'uint8' && maxRadius <= MAX_COLUMN_RADIUS && pathOf(shape) === 'narrow';
}

/** Bytes of the scratch that column sums take, multiples of 16: the columns with a vector before them, a row of samples. */
export function columnBoxBytes(width: number, channels: number) {
  const row = aligned(width * channels) + 16;
  return { columns: 16 + 4 * row, row };
}

/** Bytes of scratch that a box tile takes beside its input, output and map. */
export function boxScratchBytes(shape: BoxShape): number {
  if (takesColumns(shape)) {
    const bytes = columnBoxBytes(shape.input.width, shape.channels);
    return bytes.columns + 2 * bytes.row;
  }
  const { ring, rows, table, radii } = boxLayout(shape).bytes;
  return ring + rows + table + radii;
}

/**
 * Planes of 64-bit lanes. `wide`: sums and, where weights are not all one (nodata, masks, alpha), sums of weights; `float`:
 * sums and counts; `float-alpha`: products, weights, counts of both.
 */
function planesOf(path: 'wide' | 'float' | 'float-alpha', { weighted, nodata, masked }: BoxShape): number {
  if (path === 'float-alpha') return 4;
  return path === 'float' || weighted || nodata || masked ? 2 : 1;
}

/** uint32 sums are exact where they may wrap but no window's own sum can reach 2^32. */
function pathOf(shape: BoxShape): BoxLayout['path'] {
  const { input, maxRadius, dtype, channels, nodata, masked } = shape;
  const weighted = shape.weighted && channels > 1;
  if (dtype === 'float32') return weighted ? 'float-alpha' : 'float';
  if (channels > 4 || masked) return 'wide';
  const side = 2 * maxRadius + 1;
  const area = Math.min(side, input.width) * Math.min(side, input.height);
  const largest = INTEGER_MAX[dtype] ** (weighted ? 2 : 1);
  if (area * largest >= 2 ** 32) return 'wide';
  if (!weighted && !nodata) return 'narrow';
  if (nodata) return weighted || channels === 1 ? 'wide' : 'narrow-nodata';
  return dtype === 'uint8' ? 'narrow-alpha' : 'wide';
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 16) * 16;
}
