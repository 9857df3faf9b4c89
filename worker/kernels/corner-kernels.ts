import type { Size } from '../../tiling/geometry/rect.js';
import type { Corners, LaneLayout } from '../../tiling/operations/corners.js';
import type { Border, Operation } from '../../tiling/operations/index.js';
import type { RasterInfo } from '../../tiling/raster/raster-info.js';
import type { KernelContext, TileRaster } from './kernel.js';

/** What gives a raster's samples their weights, and how many sums a pixel has. */
export interface Lanes {
  readonly image: Pick<RasterInfo, 'alpha' | 'nodata'>;
  readonly layout: LaneLayout;
}

/** Sums of a raster of whole cells side by side; the lanes of each sum lie side by side. */
export interface CellSums {
  /** For each column. */
  readonly columns: Float64Array;
  /** For each row, for each cell: the sum of the cell's pixels in that row. */
  readonly rows: Float64Array;
}

/** The edges of a cell in the image's summed-area table. */
export interface CellEdges {
  /** Along its upper edge, for each x from its left edge to its right: sums of all pixels above and left. */
  readonly upper: Float64Array;
  /** For each of its rows: the sum of the pixels left of the cell, from its first row down to that one. */
  readonly left: Float64Array;
}

/** Summed-area values of one cell, at the corners of its pixels: rows of (width + 1) values. */
export interface CellTable {
  readonly rect: TileRaster['rect'];
  readonly values: Float64Array;
}

/** Where windows lie: the pixels that they are of, row-major, and the radius of each. */
export interface Windows {
  readonly rect: TileRaster['rect'];
  /** One for all, or one a pixel. */
  readonly radius: number | Uint16Array;
  readonly image: Size;
  /** What extends the image; `constant` counts its pixels beyond the image as 0. */
  readonly border: Border;
}

/** Memory that corners are summed in. */
export interface CornerScratch {
  /** Sums of each pixel's window; zeroed. */
  readonly sums: Float64Array;
  /** Of each run of corners in one cell: its row and corner, its first and last column. As many as `next` has. */
  readonly runs: Uint32Array;
  /** Of each run, the next one in its cell. */
  readonly next: Uint32Array;
}

/** One corner of the windows of a part of a row: the columns `from` to `to`, at most 65536 of them. */
export interface CornerPart {
  readonly corner: number;
  readonly y: number;
  readonly from: number;
  readonly to: number;
}

/** The corners of a tile's windows. */
export interface WindowCorners {
  /** Corners of a window. */
  readonly count: number;
  /**
   * Writes the runs of a part behind the first `count` ones, and into `next` the cell of each; returns how many there are
   * then. What lies along the table's first row or column, where it is 0, may be left out.
   */
  find(part: CornerPart, count: number): number;
  /** Adds the values of a list of runs, all of them in this cell, to `sums`; `head` is the first. */
  add(cell: CellTable, head: number): void;
}

/** Sums of windows and what they are of. */
export interface WindowSums {
  readonly windows: Windows;
  readonly sums: Float64Array;
  readonly layout: LaneLayout;
  /** Lanes of a pixel beyond the image, where a constant stands there. */
  readonly beyond?: Float64Array;
}

/** No further run. */
export const NO_RUN = 0xffff_ffff;

/**
 * What windows of any radius pass through. All sums are whole numbers below 2^53, so every implementation gives the same;
 * arrays live in the memory of the backend.
 */
export interface CornerKernels {
  /** Sums a raster of whole cells side by side into `into`; `row` is room for {@link rowRoom}. */
  sumCells(raster: TileRaster, lanes: Lanes, cellSide: number, into: CellSums & { readonly row: Float64Array }): void;
  /** Fills a cell's part of the summed-area table from its edges and pixels; `row` is room for the lanes of one row. */
  fillCellTable(
    cell: TileRaster,
    edges: CellEdges,
    lanes: Lanes,
    into: { readonly values: Float64Array; readonly row: Float64Array },
  ): void;
  corners(windows: Windows, corners: Pick<Corners, 'cellSide' | 'layout'>, scratch: CornerScratch): WindowCorners;
  /** Means of windows, rounded and kept off nodata as the box's are. */
  writeMeans(input: TileRaster, output: TileRaster, sums: WindowSums, context: KernelContext): void;
  /** Deviations or variances of windows whose squares are summed too, as the operation has them. */
  writeSpreads(
    input: TileRaster,
    output: TileRaster,
    sums: WindowSums & { readonly operation: Operation },
    context: KernelContext,
  ): void;
}

/** Values that the room for a row of a raster must take: its lanes, and what a kernel counts beside them. */
export function rowRoom(width: number, lanes: number): number {
  return width * lanes + 16;
}
