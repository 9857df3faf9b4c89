import { gaussianRadius, gaussianWeights } from '../../../../../tiling/operations/gaussian-weights.js';
import { weightPairs } from '../separable/fixed-weights.js';

/**
 * A blur of the ladder of uint8 images. On the full grid and on every coarser one, rungs are either blurred from
 * the grid or spread from the rung before, at the cost of a few means of neighbours. Steps and distances are such
 * that interpolation and spreading together err by less than 1/1000 of the range (root mean square) on noise.
 */
export interface Rung {
  /** In image pixels squared; below 1 the discrete variance of the weights, which are not yet those of a Gaussian. */
  readonly variance: number;
  /** Whether pixels may be interpolated from it; a step on the way otherwise. */
  readonly node: boolean;
  /** How it follows from the rung before it; absent where it has to be blurred. */
  readonly spread?: Spread;
}

/** A step up: 3/8 (kind 0) or 5/16 (kind 1) of a sample go to the neighbours at a distance, along either axis. */
export interface Spread {
  readonly kind: 0 | 1;
  readonly distance: number;
}

/** Variances between two rungs of a level. */
export interface Interval {
  readonly level: number;
  /** Indices into the level's rungs. */
  readonly lower: number;
  readonly upper: number;
  /** Pixels from this variance on */
  readonly low: number;
  /** to below this one take it. */
  readonly high: number;
  /** Between the two rungs' variances. */
  readonly span: number;
}

const NEAR: Spread = { kind: 0, distance: 1 };
const FAR: Spread = { kind: 1, distance: 2 };
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
/** Discrete variances of rungs below sigma 1, which are each blurred: steps as small as noise needs them. */
const SMALL = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14].map((sixteenths) => sixteenths / 16);
/** On the full grid steps begin at sigma 1; there one more rung lies between two of them. */
const FULL_GRID_START = 1;
const BETWEEN = 1.1875;
const FULL_GRID_STEPS: typeof STEPS = [[NEAR, true], [NEAR, true], ...STEPS];
/** The full grid serves variances below this, each coarser one four times as much. */
const FULL_GRID_END = 7.75;
/** Sigmas end at 1024. */
const LEVELS = 11;
/** Where a rung's own kernel ends, in sigmas; on the full grid, where each tap costs most, a little earlier. */
const TRUNCATE = 3.5;
const FULL_GRID_TRUNCATE = 3.3;

/** The rungs of each level; those that follow from others stand last. */
export const RUNGS: readonly (readonly Rung[])[] = Array.from({ length: LEVELS }, (_, level) => {
  if (level > 0) return climb(FULL_GRID_END / 4, STEPS, 4 ** level);
  const blurred = [...SMALL, BETWEEN].map((variance) => ({ variance, node: true }));
  return [...blurred, ...climb(FULL_GRID_START, FULL_GRID_STEPS, 1)];
});

/** The intervals of all levels, from variance 0 up. */
export const INTERVALS: readonly Interval[] = RUNGS.flatMap((rungs, level) => {
  const nodes = [...rungs.keys()].filter((index) => rungs[index]!.node);
  nodes.sort((a, b) => rungs[a]!.variance - rungs[b]!.variance);
  const end = FULL_GRID_END * 4 ** level;
  return nodes.slice(1).map((upper, i) => {
    const lower = nodes[i]!;
    const low = rungs[lower]!.variance;
    const high = i === nodes.length - 2 ? end : rungs[upper]!.variance;
    return { level, lower, upper, low, high, span: rungs[upper]!.variance - low };
  });
});

function climb(start: number, steps: typeof STEPS, unit: number): Rung[] {
  const rungs: Rung[] = [{ variance: start * unit, node: true }];
  let variance = start;
  for (const [spread, node] of steps) {
    variance += spread.distance ** 2 * (spread.kind === 0 ? 0.375 : 0.3125);
    rungs.push({ variance: variance * unit, node, spread });
  }
  return rungs;
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

/** Weights of a rung's blur on its grid, in fixed point: what decimation and doubling leave of its variance. */
function rungWeights(rung: Rung, level: number): Int16Array {
  // Decimation before each level and doubling behind it spread by a variance of 1 in pixels of the finer grid.
  const grid = (2 * (4 ** level - 1)) / 3;
  const small = level === 0 && rung.variance < 1;
  const sigma = small ? sigmaOf(rung.variance) : Math.sqrt((rung.variance - grid) / 4 ** level);
  const weights = gaussianWeights(sigma, gaussianRadius(sigma, level === 0 ? FULL_GRID_TRUNCATE : TRUNCATE));
  const total = weights.reduce((sum, weight, i) => sum + (i === 0 ? weight : 2 * weight), 0);
  const fixed = weights.map((weight) => Math.round((weight / total) * 2 ** 15));
  fixed[0]! += 2 ** 15 - fixed.reduce((sum, weight, i) => sum + (i === 0 ? weight : 2 * weight), 0);
  return Int16Array.from(fixed);
}

const kept = new Map<Rung, { readonly radius: number; readonly pairs: Int16Array }>();

/** The blur of a rung above 0 as pairs of weights, and its radius in grid points. */
export function rungPairs(rung: Rung, level: number): { readonly radius: number; readonly pairs: Int16Array } {
  let found = kept.get(rung);
  if (!found) {
    const weights = rungWeights(rung, level);
    found = { radius: weights.length - 1, pairs: weightPairs(weights) };
    kept.set(rung, found);
  }
  return found;
}

/** Whether no other rung follows from one, nor it from another. */
export function isApart(level: number, rung: number): boolean {
  return !RUNGS[level]![rung]!.spread && !RUNGS[level]![rung + 1]?.spread;
}

/** The place of a variance among the intervals. */
export function intervalOf(variance: number): number {
  const found = INTERVALS.findIndex(({ high }) => variance < high);
  return found < 0 ? INTERVALS.length - 1 : found;
}
