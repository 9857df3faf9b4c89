import { FIVE_SIXTEENTHS, HALF, HALF_TWICE, QUARTER, QUARTER_TWICE, THREE_EIGHTHS } from './spread-share.js';
import { type Line, spreadLine, windowTable } from './window-weights.js';

/**
 * A blur of the scale space in 16 bits. The first level of a grid is the grid itself, each further one is spread from an
 * earlier one, at the cost of a few means of neighbours. Steps and distances are such that what pixels are made of them errs
 * by less than 1/1000 of the range (root mean square) on noise.
 */
export interface ScaleLevel {
  /** In image pixels squared. */
  readonly variance: number;
  /** Which level of its octave it follows from, and how; absent in the first one. */
  readonly spread?: Spread & { readonly from: number };
}

/** A step up: a share of each sample goes to the neighbours at a distance, along either axis. */
export interface Spread {
  readonly share: keyof typeof SHARES;
  readonly distance: number;
}

/** Variances that are served alike. */
interface Range {
  /** Pixels from this variance on */
  readonly low: number;
  /** to below this one take it. */
  readonly high: number;
}

/** Pixels that are sums over windows of 5×5 points of one level of the full grid. */
export interface WindowInterval extends Range {
  readonly octave: number;
  readonly level: number;
  /** Between neighbouring points, in pixels. */
  readonly distance: number;
}

/** Pixels that lie between two levels of a coarser grid. */
export interface LevelInterval extends Range {
  readonly octave: number;
  /** Indices into the octave's levels. */
  readonly lower: number;
  readonly upper: number;
  /** Between the two levels' variances. */
  readonly span: number;
}

/** Variances, sigma squared in pixels, whose pixels are made in one way. */
export type Interval = WindowInterval | LevelInterval;

/** The shares that are moved, one after the other. */
const SHARES = {
  [QUARTER]: [1 / 4],
  [FIVE_SIXTEENTHS]: [5 / 16],
  [THREE_EIGHTHS]: [3 / 8],
  [HALF]: [1 / 2],
  [HALF_TWICE]: [1 / 2, 1 / 2],
  [QUARTER_TWICE]: [1 / 4, 1 / 4],
};

const NEAR: Spread = { share: THREE_EIGHTHS, distance: 1 };
const FAR: Spread = { share: FIVE_SIXTEENTHS, distance: 2 };
/**
 * Steps of coarser grids, from each level to the next, and whether pixels are interpolated from what they lead to. The last
 * one leads beyond the first level of the next grid from which pixels are.
 */
const STEPS: readonly (readonly [Spread, boolean])[] = [
  [{ share: QUARTER_TWICE, distance: 1 }, false],
  [{ share: HALF_TWICE, distance: 1 }, false],
  [{ share: FIVE_SIXTEENTHS, distance: 1 }, false],
  [NEAR, false],
  [NEAR, true],
  [NEAR, false],
  [NEAR, true],
  [NEAR, false],
  [NEAR, true],
  [FAR, true],
  [FAR, true],
  [FAR, true],
  [FAR, true],
  [FAR, true],
  [FAR, true],
  [FAR, true],
];
/** Levels of the full grid: which one each follows from, and how. They need not be Gaussians, since windows make up for it. */
const FULL_GRID: readonly (readonly [number, Spread])[] = [
  [0, { share: QUARTER, distance: 1 }],
  [0, { share: QUARTER_TWICE, distance: 1 }],
  [2, { share: HALF, distance: 1 }],
  [2, { share: HALF_TWICE, distance: 1 }],
  [0, { share: HALF_TWICE, distance: 1 }],
  [5, { share: HALF_TWICE, distance: 1 }],
  [6, { share: HALF, distance: 2 }],
  [7, { share: HALF, distance: 2 }],
  [8, { share: HALF, distance: 2 }],
];
/**
 * Levels of the full grid, distances between the points of windows, and up to which variance each pair serves best; at the last
 * one coarser grids begin.
 */
const WINDOWS: readonly (readonly [number, number, number])[] = [
  [0, 1, 0.36],
  [0, 1, 0.67],
  [1, 1, 1],
  [2, 1, 1.34],
  [3, 1, 1.9],
  [4, 1, 2.45],
  [6, 2, 5],
  [7, 2, 7.25],
  [8, 2, 9.5],
  [9, 2, 12.25],
];
/** Sigmas end at 1024. */
const OCTAVES = 11;

/** The levels of each octave. */
export const SCALE_LEVELS: readonly (readonly ScaleLevel[])[] = Array.from({ length: OCTAVES }, (_, octave) => {
  const steps = octave === 0 ? FULL_GRID : STEPS.map(([spread], from) => [from, spread] as const);
  const levels: ScaleLevel[] = [{ variance: gridVariance(octave) }];
  for (const [from, spread] of steps) {
    const variance = levels[from]!.variance + varianceOf(spread) * 4 ** octave;
    levels.push({ variance, spread: { ...spread, from } });
  }
  return levels;
});

/** Levels of a coarser grid between which pixels are interpolated. */
const NODES = STEPS.flatMap(([, node], step) => (node ? [step + 1] : []));

/** The intervals of all octaves, from variance 0 up. */
export const INTERVALS: readonly Interval[] = SCALE_LEVELS.flatMap((levels, octave): Interval[] => {
  if (octave === 0) {
    return WINDOWS.map(([level, distance, high], i) => {
      return { octave, level, distance, low: WINDOWS[i - 1]?.[2] ?? 0, high };
    });
  }
  const next = SCALE_LEVELS[octave + 1]?.[NODES[0]!]?.variance ?? Number.POSITIVE_INFINITY;
  return NODES.slice(1).map((upper, i) => {
    const lower = NODES[i]!;
    const low = levels[lower]!.variance;
    const high = upper === NODES.at(-1) ? next : levels[upper]!.variance;
    return { octave, lower, upper, low, high, span: levels[upper]!.variance - low };
  });
});

/** Whether pixels are sums over windows. */
export function isWindowed(interval: Interval): interval is WindowInterval {
  return 'level' in interval;
}

/** What decimation before each octave and doubling behind it spread by: a variance of 1 each, in pixels of the finer grid. */
function gridVariance(octave: number): number {
  return (2 * (4 ** octave - 1)) / 3;
}

/** What a spread adds to a variance, in grid points squared. */
function varianceOf({ share, distance }: Spread): number {
  return SHARES[share].reduce((sum, each) => sum + each * distance ** 2, 0);
}

/** How far a spread reads, in grid points. */
export function reachOf({ share, distance }: Spread): number {
  return SHARES[share].length * distance;
}

/** A level of the full grid along one axis, as what it makes of a single 1. */
function lineOf(level: number): Line {
  const { spread } = SCALE_LEVELS[0]![level]!;
  if (!spread) return [1];
  return SHARES[spread.share].reduce((line, share) => spreadLine(line, spread.distance, share), lineOf(spread.from));
}

const keptTables = new Map<WindowInterval, Int16Array>();

/** The weights of an interval's windows. */
export function tableOf(interval: WindowInterval): Int16Array {
  let found = keptTables.get(interval);
  if (!found) {
    found = windowTable({ ...interval, base: lineOf(interval.level) });
    keptTables.set(interval, found);
  }
  return found;
}

/** The place of a variance among the intervals. */
export function intervalOf(variance: number): number {
  const found = INTERVALS.findIndex(({ high }) => variance < high);
  return found < 0 ? INTERVALS.length - 1 : found;
}
