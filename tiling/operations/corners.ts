import type { Size } from '../geometry/rect.js';
import { INTEGER_MAX, SAMPLE_BYTES } from '../raster/dtype.js';
import type { RasterInfo } from '../raster/raster-info.js';
import type { Border, KernelShape, Operation } from './descriptor.js';

/**
 * How windows too wide for a halo are summed: from four values of the image's summed-area table each. Of the table only
 * the rows and columns at the edges of square cells are kept; inside a cell it is made anew from the cell's pixels.
 */
export interface Corners {
  /** Of a cell, in pixels. */
  readonly cellSide: number;
  /** Sums of a pixel: one a channel, and where samples have weights one of those a channel. */
  readonly lanes: number;
  /** Tiles whose largest radius is above this read corners, others a halo. */
  readonly aboveRadius: number;
}

/** Sums are float64, and integers in them exact below this. */
const EXACT_BELOW = 2 ** 53;

/** Runs of corners that wait for their cells at a time. */
export const CORNER_RUNS = 1 << 19;

/** How an operation reads corners; undefined where it reads halos only. */
export function cornersOf({ params }: Operation): Corners | undefined {
  return params.corners as Corners | undefined;
}

/** Whether tiles with this largest radius read corners. */
export function takesCorners(operation: Operation, radius: number): boolean {
  const corners = cornersOf(operation);
  return corners !== undefined && radius > corners.aboveRadius;
}

/**
 * The lanes of a pixel's sums, or undefined where they would not be exact: sums over the whole image, or where the border
 * extends it over what windows of that radius see.
 */
export function cornerLanes(
  image: RasterInfo,
  masked: boolean,
  { border, radius }: { readonly border: Border; readonly radius: number },
): number | undefined {
  const { width, height, channels, dtype, alpha, nodata } = image;
  if (dtype === 'float32') return undefined;
  const byAlpha = alpha === 'unassociated' && channels > 1;
  const largest = INTEGER_MAX[dtype] ** (byAlpha ? 2 : 1);
  // Of an extended line several prefix sums are added and taken away, some of them many times.
  const lengthOf = (side: number) => (border === 'clip' ? side : 8 * side + 4 * radius);
  if (lengthOf(width) * lengthOf(height) * largest >= EXACT_BELOW) return undefined;
  return byAlpha || masked || nodata !== undefined ? 2 * channels : channels;
}

/** How the operation of a chain that reads corners does; undefined where none does. */
export function chainCorners(operations: readonly Operation[]): Corners | undefined {
  return operations.map(cornersOf).find((corners) => corners !== undefined);
}

/** The same chain with halos for all windows: what corners are compared with. */
export function withHalos(operations: readonly Operation[]): Operation[] {
  return operations.map((operation) => {
    const { corners: _, pyramid: __, ...params } = operation.params;
    return { ...operation, params };
  });
}

/** Where the parts of a table of {@link Corners} lie. One of its rows belongs to one row of cells. */
export interface CornerTable {
  /** Values of {@link Corners.lanes} float64 in a row. */
  readonly width: number;
  /** Rows of cells. */
  readonly rows: number;
  readonly cellsAcross: number;
  /** Where in a row the sums along a cell's left edge begin. */
  readonly edgeOf: (cellColumn: number) => number;
}

/**
 * The table of an image: in the row of a row of cells first, for each x from 0 to the width, the sum of all pixels above
 * the cells and left of x; then, for each cell and each of its rows, the sum of the pixels left of the cell from the
 * cells' first row down to that one.
 */
export function cornerTable(image: Size, cellSide: number): CornerTable {
  const cellsAcross = Math.ceil(image.width / cellSide);
  return {
    width: image.width + 1 + cellsAcross * cellSide,
    rows: Math.ceil(image.height / cellSide),
    cellsAcross,
    edgeOf: (cellColumn) => image.width + 1 + cellColumn * cellSide,
  };
}

/** How the table lies in its file: a lane is eight bytes, which a raster has as channels. */
export function cornerTableInfo(image: Size, { cellSide, lanes }: Corners): RasterInfo {
  const { width, rows } = cornerTable(image, cellSide);
  return { width, height: rows, channels: 8 * lanes, dtype: 'uint8', alpha: 'none', photometric: 1, carried: [] };
}

/** Bytes of the table's file. */
export function cornerTableBytes(image: Size, corners: Corners): number {
  const { width, height, channels } = cornerTableInfo(image, corners);
  return width * height * channels;
}

/** Bytes that a tile's corners take beside its input, output and map. */
export function cornerScratchBytes(
  { cellSide, lanes }: Corners,
  { input, dtype, channels, masked }: Pick<KernelShape, 'input' | 'dtype' | 'channels' | 'masked'>,
): number {
  const sums = input.width * input.height * lanes * 8;
  const cell = cellSide ** 2 * (channels * SAMPLE_BYTES[dtype] + (masked === true ? 1 : 0));
  const table = ((cellSide + 1) ** 2 + 3 * (cellSide + 1)) * lanes * 8;
  return sums + cell + table + CORNER_RUNS * 12 + 256;
}
