import type { CellSums, Lanes } from '../corner-kernels.js';
import type { TileRaster } from '../kernel.js';
import { laneRows } from './lane-rows.js';

/** Sums a raster of whole cells side by side: its columns, and in each row its cells. */
export function sumCells(
  raster: TileRaster,
  { image, layout }: Lanes,
  cellSide: number,
  { columns, rows, row }: CellSums & { readonly row: Float64Array },
): void {
  const { width, height } = raster.rect;
  const { lanes } = layout;
  const fill = laneRows(raster, image, layout);
  columns.fill(0);
  rows.fill(0);
  const cells = Math.ceil(width / cellSide);
  for (let y = 0; y < height; y++) {
    fill(y, row);
    for (let x = 0; x < width; x++) {
      const cell = (y * cells + Math.floor(x / cellSide)) * lanes;
      for (let lane = 0; lane < lanes; lane++) {
        const value = row[x * lanes + lane]!;
        columns[x * lanes + lane]! += value;
        rows[cell + lane]! += value;
      }
    }
  }
}
