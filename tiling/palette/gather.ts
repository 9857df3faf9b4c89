import type { CountedColour } from './colour-counts.js';

/** The most weighted colours that the search for a palette works on. */
export const MAX_POINTS = 8192;

/** The weighted colours a palette is searched in, and how coarse they had to be. */
export interface Gathered {
  /** At most {@link MAX_POINTS}, ascending by RGB cell; mean = sum / count. */
  readonly colours: readonly CountedColour[];
  /** Bits a channel of the grid: 8 where every colour stands for itself. */
  readonly gridBits: 8 | 7 | 6 | 5 | 4;
}

/**
 * Colours (`ColourCounts.entries()` with its `cellBits`) as at most {@link MAX_POINTS} weighted colours: themselves where that few, otherwise gathered on the
 * finest grid of 7, 6, 5 or 4 bits a channel that has no more occupied cells. A cell keeps its pixels' count
 * and channel sums, so no weight is lost and its mean is exact.
 */
export function gatherColours(
  colours: readonly CountedColour[],
  colourBits: 8 | 6,
  maxPoints: number = MAX_POINTS,
): Gathered {
  let gathered: Gathered = { colours, gridBits: colourBits };
  for (const gridBits of [7, 6, 5, 4] as const) {
    if (gathered.colours.length <= maxPoints) return gathered;
    if (gridBits >= gathered.gridBits) continue;
    gathered = { colours: onGrid(gathered.colours, gridBits), gridBits };
  }
  return gathered;
}

/** Grids nest: a cell's mean lies in the cell, so gathering the finer cells is gathering the pixels. */
function onGrid(colours: readonly CountedColour[], bits: number): CountedColour[] {
  const cells = new Map<number, CountedColour>();
  const step = 2 ** (8 - bits);
  const cellOf = (sum: number, count: number) => Math.floor(sum / count / step);
  for (const colour of colours) {
    const { count, red, green, blue } = colour;
    const cell = (cellOf(red, count) << (2 * bits)) | (cellOf(green, count) << bits) | cellOf(blue, count);
    const sum = cells.get(cell);
    cells.set(cell, sum === undefined ? colour : added(sum, colour));
  }
  return [...cells].sort(([a], [b]) => a - b).map(([, sum]) => sum);
}

function added(a: CountedColour, b: CountedColour): CountedColour {
  return { count: a.count + b.count, red: a.red + b.red, green: a.green + b.green, blue: a.blue + b.blue };
}
