import { clusterRows } from './cluster-rows.js';
import { engineRows } from './engine-rows.js';
import { gaussianRows, openCvRows, paletteRows } from './kernel-rows.js';
import type { PageOptions, PageRow } from './page-row.js';
import { startRows } from './start-rows.js';

const EVERYDAY_SIDE = 15_000;

/**
 * What a page is measured with, where only its folder, rounds and Python are told: `quick` is a trial of the page itself,
 * a smaller `side` than the everyday one a shorter run, whose huge image is smaller by as much.
 */
export function pageSizes(quick: boolean, side = EVERYDAY_SIDE): Omit<PageOptions, 'work' | 'rounds' | 'python'> {
  if (quick) {
    return { side: 1000, hugeSide: 2000, frames: 30, images: 30, workers: 10, tilesAcross: 16, clusterSide: 1000 };
  }
  return {
    ...{ side, hugeSide: 4 * side, frames: 3000, images: 10_000, workers: 1000, tilesAcross: 256 },
    clusterSide: Math.min(6000, side),
  };
}

/**
 * Every row of the design's targets and of the issue on speed, in their order. Those of memory come first: a process
 * starts with its parent's memory on its account.
 */
export async function pageRows(options: PageOptions): Promise<PageRow[]> {
  const rows: PageRow[] = [];
  for (const measure of [engineRows, startRows, clusterRows, paletteRows, gaussianRows, openCvRows]) {
    rows.push(...(await measure(options)));
  }
  return rows.sort((a, b) => orderOf(a.row) - orderOf(b.row));
}

/** Numbers before letters. */
function orderOf(row: string): number {
  const number = Number.parseInt(row, 10);
  return Number.isNaN(number) ? 100 + row.charCodeAt(0) : number;
}
