import type { CellEdges, Lanes } from '../corner-kernels.js';
import type { TileRaster } from '../kernel.js';
import { laneRows } from './lane-rows.js';

/** Fills a cell's part of the summed-area table from its edges and pixels; `row` is room for the lanes of one row. */
export function fillCellTable(
  cell: TileRaster,
  { upper, left }: CellEdges,
  { image, layout }: Lanes,
  { values, row }: { readonly values: Float64Array; readonly row: Float64Array },
): void {
  const { width, height } = cell.rect;
  const { lanes } = layout;
  const stride = (width + 1) * lanes;
  const fill = laneRows(cell, image, layout);
  values.set(upper.subarray(0, stride));
  for (let y = 0; y < height; y++) {
    fill(y, row);
    const to = (y + 1) * stride;
    for (let lane = 0; lane < lanes; lane++) {
      const down = left[y * lanes + lane]!;
      values[to + lane] = upper[lane]! + down;
      // What the row adds to the sums above it: the pixels left of the cell, and those of the cell.
      let sum = down - (y > 0 ? left[(y - 1) * lanes + lane]! : 0);
      for (let at = lane; at < width * lanes; at += lanes) {
        sum += row[at]!;
        values[to + lanes + at] = values[to - stride + lanes + at]! + sum;
      }
    }
  }
}
