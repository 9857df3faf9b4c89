import { type Grid, gridOf } from '../../geometry/grid.js';
import type { Rect, Size } from '../../geometry/rect.js';
import type { Operation } from '../contract/descriptor.js';

/** Rows of a band where the image is not wide. */
const MOST_ROWS = 512;
/** Bands are no lower than the smallest block. */
export const FEWEST_BAND_ROWS = 16;
/** Pixels of a band: what a thread holds of a full-row operation does not grow with the image. */
const BAND_PIXELS = 8 << 20;

/** Rows of the bands that suit an operation over full rows, a power of two. */
export function bandRowsFor({ width }: Size): number {
  let rows = MOST_ROWS;
  while (rows > FEWEST_BAND_ROWS && rows * width > BAND_PIXELS) rows /= 2;
  return rows;
}

/** The bands of an operation whose parameters are prepared. */
export function bandGrid({ params }: Operation, image: Size): Grid {
  return gridOf(image, { width: image.width, height: params.bandRows as number });
}

/** The whole bands that some output rows need: full rows. */
export function bandRect({ params }: Operation, output: Rect, image: Size): Rect {
  const rows = params.bandRows as number;
  const top = Math.floor(output.y / rows) * rows;
  const bottom = Math.min(image.height, Math.ceil((output.y + output.height) / rows) * rows);
  return { x: 0, y: top, width: image.width, height: bottom - top };
}

/** The numbers of the bands that lie in a rect of whole bands. */
export function bandsIn(operation: Operation, rect: Rect): { readonly first: number; readonly count: number } {
  const rows = operation.params.bandRows as number;
  return { first: rect.y / rows, count: Math.ceil(rect.height / rows) };
}
