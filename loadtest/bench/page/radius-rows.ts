import { regionRows, wideRows } from '../radius/sections.js';
import type { BenchOptions, Row } from '../rows.js';
import type { Measured, PageOptions, PageRow } from './page-row.js';

/** Issue 16: windows as wide as the image. */
export async function anyRadius(options: PageOptions): Promise<Measured> {
  return { rows: (await wideRows(once(options))).map(pageRowOf) };
}

/** Issue 16: distances to masks and labels of them. */
export async function masksAndLabels(options: PageOptions): Promise<Measured> {
  return { rows: (await regionRows(once(options))).map(pageRowOf) };
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
