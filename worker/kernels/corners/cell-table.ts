import type { RasterInfo } from '../../../tiling/raster/raster-info.js';
import type { TileRaster } from '../kernel.js';
import { laneRows } from './lane-rows.js';

/** The edges of a cell in the image's summed-area table. */
export interface CellEdges {
  /** Along its upper edge, for each x from its left edge to its right: sums of all pixels above and left. */
  readonly upper: Float64Array;
  /** For each of its rows: the sum of the pixels left of the cell, from its first row down to that one. */
  readonly left: Float64Array;
}

/** Fills a cell's part of the summed-area table from its edges and pixels; `row` is room for the lanes of one row. */
export function fillCellTable(
  cell: TileRaster,
  { upper, left }: CellEdges,
  { image, lanes }: { readonly image: Pick<RasterInfo, 'alpha' | 'nodata'>; readonly lanes: number },
  { values, row }: { readonly values: Float64Array; readonly row: Float64Array },
): void {
  const { width, height } = cell.rect;
  const stride = (width + 1) * lanes;
  const fill = laneRows(cell, image, lanes);
  values.set(upper.subarray(0, stride));
  for (let y = 0; y < height; y++) {
    fill(y, row);
    const to = (y + 1) * stride;
    // What the row adds to the sums above it: the pixels left of the cell, and those of the cell.
    const added = Float64Array.from({ length: lanes }, (_, lane) => {
      const down = left[y * lanes + lane]!;
      values[to + lane] = upper[lane]! + down;
      return down - (y > 0 ? left[(y - 1) * lanes + lane]! : 0);
    });
    if (lanes === 3) addRowOfThree(values, to, stride, row, width, added);
    else addRow(values, to, stride, row, width, added);
  }
}

function addRow(
  values: Float64Array,
  to: number,
  stride: number,
  row: Float64Array,
  width: number,
  added: Float64Array,
): void {
  const lanes = added.length;
  for (let lane = 0; lane < lanes; lane++) {
    let sum = added[lane]!;
    for (let at = lane; at < width * lanes; at += lanes) {
      sum += row[at]!;
      values[to + lanes + at] = values[to - stride + lanes + at]! + sum;
    }
  }
}

/** The same for RGB, in one pass. */
function addRowOfThree(
  values: Float64Array,
  to: number,
  stride: number,
  row: Float64Array,
  width: number,
  added: Float64Array,
): void {
  let [a, b, c] = [added[0]!, added[1]!, added[2]!];
  const end = width * 3;
  let into = to + 3;
  for (let at = 0; at < end; at += 3, into += 3) {
    a += row[at]!;
    b += row[at + 1]!;
    c += row[at + 2]!;
    values[into] = values[into - stride]! + a;
    values[into + 1] = values[into - stride + 1]! + b;
    values[into + 2] = values[into - stride + 2]! + c;
  }
}
