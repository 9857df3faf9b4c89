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
  if (colours.length <= maxPoints) return { colours, gridBits: colourBits };
  const grids = ([7, 6, 5] as const).filter((bits) => bits < colourBits);
  const gridBits = grids.find((bits) => occupiedCells(colours, bits) <= maxPoints) ?? 4;
  return { colours: onGrid(colours, gridBits), gridBits };
}

function occupiedCells(colours: readonly CountedColour[], bits: number): number {
  const seen = new Uint8Array(2 ** (3 * bits));
  let cells = 0;
  for (const colour of colours) {
    const cell = cellOf(colour, bits);
    cells += 1 - seen[cell]!;
    seen[cell] = 1;
  }
  return cells;
}

/** The cell of a colour's mean. A cell's mean lies in the cell, so cells of finer cells are cells of pixels. */
function cellOf({ count, red, green, blue }: CountedColour, bits: number): number {
  const step = 2 ** (8 - bits);
  const index = (sum: number) => Math.floor(sum / count / step);
  return (index(red) << (2 * bits)) | (index(green) << bits) | index(blue);
}

function onGrid(colours: readonly CountedColour[], bits: number): CountedColour[] {
  const cells = new Map<number, CountedColour>();
  for (const colour of colours) {
    const cell = cellOf(colour, bits);
    const sum = cells.get(cell);
    cells.set(cell, sum === undefined ? colour : added(sum, colour));
  }
  return [...cells].sort(([a], [b]) => a - b).map(([, sum]) => sum);
}

function added(a: CountedColour, b: CountedColour): CountedColour {
  return { count: a.count + b.count, red: a.red + b.red, green: a.green + b.green, blue: a.blue + b.blue };
}
