import type { CornerKernels } from '../corner-kernels.js';
import { sumCells } from './cell-sums.js';
import { fillCellTable } from './cell-table.js';
import { windowCorners } from './window-corners.js';
import { writeMeans } from './write-means.js';
import { writeSpreads } from './write-spreads.js';

export { sumWindows } from './corner-sums.js';
export { type LaneRows, laneRows } from './lane-rows.js';

/** Windows of any radius as their definition reads. */
export const PLAIN_CORNERS: CornerKernels = {
  sumCells,
  fillCellTable,
  corners: windowCorners,
  writeMeans,
  writeSpreads,
};
