import { gaussianRadius, gaussianWeights } from '../../../../../tiling/operations/gaussian-weights.js';
import { weightPairs } from '../separable/fixed-weights.js';
import { FIVE_SIXTEENTHS, THREE_EIGHTHS } from './spread-share.js';

/**
 * A blur of the scale space in 16 bits. On the full grid and on every coarser one, levels are either blurred from
 * the grid or spread from the level before, at the cost of a few means of neighbours. Steps and distances are such
 * that interpolation and spreading together err by less than 1/1000 of the range (root mean square) on noise.
 */
export interface ScaleLevel {
  /** In image pixels squared; below 1 the discrete variance of the weights, which are not yet those of a Gaussian. */
  readonly variance: number;
  /** Whether pixels may be interpolated from it; a step on the way otherwise. */
  readonly node: boolean;
  /** How it follows from the level before it; absent where it has to be blurred. */
  readonly spread?: Spread;
}

/** A step up: a share of each sample goes to the neighbours at a distance, along either axis. */
export interface Spread {
  readonly share: typeof THREE_EIGHTHS | typeof FIVE_SIXTEENTHS;
  readonly distance: number;
}

/** Variances between two levels of an octave. */
export interface Interval {
  readonly octave: number;
  /** Indices into the octave's levels. */
  readonly lower: number;
  readonly upper: number;
  /** Pixels from this variance on */
  readonly low: number;
  /** to below this one take it. */
  readonly high: number;
  /** Between the two levels' variances. */
  readonly span: number;
}

const NEAR: Spread = { share: THREE_EIGHTHS, distance: 1 };
const FAR: Spread = { share: FIVE_SIXTEENTHS, distance: 2 };
/** Steps from one octave of sigma to the next on coarser grids, and whether pixels are interpolated from each. */
const STEPS: readonly (readonly [Spread, boolean])[] = [
  [NEAR, true],
  [NEAR, true],
  [NEAR, false],
  [NEAR, true],
  [NEAR, false],
  [NEAR, true],
  [FAR, true],
  [FAR, true],
  [FAR, true],
];
/** Discrete variances of levels below sigma 1, which are each blurred: steps as small as noise needs them. */
const SMALL = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14].map((sixteenths) => sixteenths / 16);
/** On the full grid steps begin at sigma 1; there one more level lies between two of them. */
const FULL_GRID_START = 1;
const BETWEEN = 1.1875;
const FULL_GRID_STEPS: typeof STEPS = [[NEAR, true], [NEAR, true], ...STEPS];
/** The full grid serves variances below this, each coarser one four times as much. */
const FULL_GRID_END = 7.75;
/** Sigmas end at 1024. */
const OCTAVES = 11;
/** Where a level's own kernel ends, in sigmas; on the full grid, where each tap costs most, a little earlier. */
const TRUNCATE = 3.5;
const FULL_GRID_TRUNCATE = 3.3;

/** The levels of each octave; those that follow from others stand last. */
export const SCALE_LEVELS: readonly (readonly ScaleLevel[])[] = Array.from({ length: OCTAVES }, (_, octave) => {
  if (octave > 0) return cascadedLevels(FULL_GRID_END / 4, STEPS, 4 ** octave);
  const blurred = [...SMALL, BETWEEN].map((variance) => ({ variance, node: true }));
  return [...blurred, ...cascadedLevels(FULL_GRID_START, FULL_GRID_STEPS, 1)];
});

/** The intervals of all octaves, from variance 0 up. */
export const INTERVALS: readonly Interval[] = SCALE_LEVELS.flatMap((levels, octave) => {
  const nodes = [...levels.keys()].filter((index) => levels[index]!.node);
  nodes.sort((a, b) => levels[a]!.variance - levels[b]!.variance);
  const end = FULL_GRID_END * 4 ** octave;
  return nodes.slice(1).map((upper, i) => {
    const lower = nodes[i]!;
    const low = levels[lower]!.variance;
    const high = i === nodes.length - 2 ? end : levels[upper]!.variance;
    return { octave, lower, upper, low, high, span: levels[upper]!.variance - low };
  });
});

function cascadedLevels(start: number, steps: typeof STEPS, unit: number): ScaleLevel[] {
  const levels: ScaleLevel[] = [{ variance: start * unit, node: true }];
  let variance = start;
  for (const [spread, node] of steps) {
    variance += spread.distance ** 2 * (spread.share === THREE_EIGHTHS ? 3 / 8 : 5 / 16);
    levels.push({ variance: variance * unit, node, spread });
  }
  return levels;
}

/** The variance of a Gaussian's weights on whole pixels, its window ending at 4 sigma. */
export function discreteVariance(sigma: number): number {
  const weights = gaussianWeights(sigma, gaussianRadius(sigma, 4));
  let sum = 0;
  let squares = 0;
  weights.forEach((weight, i) => {
    sum += i === 0 ? weight : 2 * weight;
    squares += 2 * i * i * weight;
  });
  return squares / sum;
}

/** The sigma whose weights have a discrete variance below 1. */
function sigmaOf(variance: number): number {
  let [low, high] = [0.01, 1.5];
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (discreteVariance(middle) < variance) low = middle;
    else high = middle;
  }
  return high;
}

/** Weights of a level's blur on its grid, in fixed point: what decimation and doubling leave of its variance. */
function levelWeights(level: ScaleLevel, octave: number): Int16Array {
  // Decimation before each octave and doubling behind it spread by a variance of 1 in pixels of the finer grid.
  const grid = (2 * (4 ** octave - 1)) / 3;
  const small = octave === 0 && level.variance < 1;
  const sigma = small ? sigmaOf(level.variance) : Math.sqrt((level.variance - grid) / 4 ** octave);
  const weights = gaussianWeights(sigma, gaussianRadius(sigma, octave === 0 ? FULL_GRID_TRUNCATE : TRUNCATE));
  const total = weights.reduce((sum, weight, i) => sum + (i === 0 ? weight : 2 * weight), 0);
  const fixed = weights.map((weight) => Math.round((weight / total) * 2 ** 15));
  fixed[0]! += 2 ** 15 - fixed.reduce((sum, weight, i) => sum + (i === 0 ? weight : 2 * weight), 0);
  return Int16Array.from(fixed);
}

const kept = new Map<ScaleLevel, { readonly radius: number; readonly pairs: Int16Array }>();

/** The blur of a level above 0 as pairs of weights, and its radius in grid points. */
export function levelPairs(level: ScaleLevel, octave: number): { readonly radius: number; readonly pairs: Int16Array } {
  let found = kept.get(level);
  if (!found) {
    const weights = levelWeights(level, octave);
    found = { radius: weights.length - 1, pairs: weightPairs(weights) };
    kept.set(level, found);
  }
  return found;
}

/** Whether no other level follows from one, nor it from another. */
export function isApart(octave: number, level: number): boolean {
  return !SCALE_LEVELS[octave]![level]!.spread && !SCALE_LEVELS[octave]![level + 1]?.spread;
}

/** The place of a variance among the intervals. */
export function intervalOf(variance: number): number {
  const found = INTERVALS.findIndex(({ high }) => variance < high);
  return found < 0 ? INTERVALS.length - 1 : found;
}
