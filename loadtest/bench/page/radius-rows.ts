import { spawnSync } from 'node:child_process';
import { regionRows, wideRows } from '../radius/sections.js';
import type { BenchOptions, Row } from '../rows.js';
import type { Measured, PageOptions, PageRow } from './page-row.js';

/** Issue 16: windows as wide as the image. */
export async function anyRadius(options: PageOptions): Promise<Measured> {
  return byPython(options, 'windows of any radius', wideRows);
}

/** Issue 16: distances to masks and labels of them. */
export async function masksAndLabels(options: PageOptions): Promise<Measured> {
  return byPython(options, 'distances and labels', regionRows);
}

/** The rows of maps and masks that NumPy makes; one in their place where there is none. */
async function byPython(
  options: PageOptions,
  what: string,
  rowsOf: (options: BenchOptions) => Promise<Row[]>,
): Promise<Measured> {
  if (spawnSync(options.python, ['-c', 'import numpy, tifffile']).status === 0)
    return { rows: (await rowsOf(once(options))).map(pageRowOf) };
  const wanted = { row: '16', what, target: { atMost: 1 }, unit: '×' };
  return { rows: [{ ...wanted, figure: Number.NaN, missing: 'no Python with NumPy and tifffile' }] };
}

/** Each takes long enough for one round to tell. */
function once({ work, side, hugeSide, python }: PageOptions): BenchOptions {
  return { work, side, hugeSide, python, rounds: 1 };
}

/** A line of a section as a row of the page; of a peer that is missing what it says itself. */
function pageRowOf({ what, peer, ratio, processor, target }: Row): PageRow {
  const atMost = Number(/≤ ([\d.]+)/.exec(target)?.[1]);
  const figure = Number(ratio);
  return {
    ...{ row: '16', what, target: { atMost }, unit: '×', figure, processor: Number(processor) },
    ...(Number.isNaN(figure) && { missing: peer }),
  };
}
