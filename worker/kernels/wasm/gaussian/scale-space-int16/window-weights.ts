import { gaussianRadius, gaussianWeights } from '../../../../../tiling/operations/gaussian-weights.js';

/** How far the points of a window lie from its middle along either axis; those of one class share a weight. */
const CLASSES = [
  [0, 0],
  [1, 0],
  [1, 1],
  [2, 0],
  [2, 1],
  [2, 2],
] as const;
/** Of its middle one, in each direction. */
export const WINDOW_RADIUS = 2;
/** Entries of a table of weights, and how many of them are fitted; those between are interpolated. */
export const WINDOW_ENTRIES = 1024;
const FITTED = 64;
/** 16-bit numbers of an entry: a weight for each class, and two more so that it is a vector. */
const ENTRY_WEIGHTS = 8;
const ONE = 2 ** 14;
/** What keeps weights small where a level has nothing left that they could change. */
const RIDGE = 1e-7;

/** The samples of a blur along one axis, the middle one in the middle. */
export type Line = readonly number[];

interface Window {
  /** The blur that the level has already. */
  readonly base: Line;
  /** Between neighbouring points, in pixels. */
  readonly distance: number;
  /** The variances that it serves. */
  readonly low: number;
  readonly high: number;
}

/**
 * The weights of 5×5 points of a level that turn it into a Gaussian of each variance from `low` to `high`: the closest to
 * the exact weights, which end at 4 sigma, in their squares, among those that keep brightness and variance. As
 * the kernel has them: {@link WINDOW_ENTRIES} entries, fixed point.
 */
export function windowTable(window: Window): Int16Array {
  const { low, high } = window;
  const weightsOf = fitter(window);
  const fitted = Array.from({ length: FITTED + 1 }, (_, i) => weightsOf(low + ((high - low) * i) / FITTED));
  const table = new Int16Array(WINDOW_ENTRIES * ENTRY_WEIGHTS);
  for (let entry = 0; entry < WINDOW_ENTRIES; entry++) {
    const place = ((entry + 0.5) / WINDOW_ENTRIES) * FITTED;
    const [from, to] = [fitted[Math.floor(place)]!, fitted[Math.floor(place) + 1]!];
    const share = place - Math.floor(place);
    const at = entry * ENTRY_WEIGHTS;
    let rest = ONE;
    for (let k = CLASSES.length - 1; k > 0; k--) {
      const weight = Math.round((from[k]! + (to[k]! - from[k]!) * share) * ONE);
      table[at + k] = weight;
      rest -= weight;
    }
    table[at] = rest;
  }
  return table;
}

/** Gives the weight of each class for a variance: what the variance decides is the right side of equations that stay. */
function fitter({ base, distance }: Window): (variance: number) => number[] {
  const taps = [0, 1, 2].map((i) => spreadLine(base, i * distance));
  const products = taps.map((a) => taps.map((b) => dot(a, b)));
  const spreads = CLASSES.map(([i, j]) => ((i * i + j * j) * distance ** 2) / 2);
  // A class is the mean of both orders of its distances, so is its product with another one.
  const equations = CLASSES.map(([i, j], row) => [
    ...CLASSES.map(([k, l], column) => {
      const product = (products[i]![k]! * products[j]![l]! + products[i]![l]! * products[j]![k]!) / 2;
      return row === column ? product + RIDGE : product;
    }),
    1,
    spreads[row]!,
  ]);
  equations.push([...CLASSES.map(() => 1), 0, 0], [...spreads, 0, 0]);
  const inverse = inverted(equations).slice(0, CLASSES.length);
  const own = varianceOf(base);
  return (variance) => {
    const target = exactLine(variance);
    const aims = taps.map((tap) => dot(tap, target));
    const right = [...CLASSES.map(([i, j]) => aims[i]! * aims[j]!), 1, varianceOf(target) - own];
    return inverse.map((row) => dot(row, right));
  };
}

/** A Gaussian's weights along one axis. */
function exactLine(variance: number): Line {
  const sigma = Math.sqrt(variance);
  const half = variance === 0 ? [1] : [...gaussianWeights(sigma, gaussianRadius(sigma, 4))];
  const line = [...half.slice(1).reverse(), ...half];
  const total = sum(line);
  return line.map((weight) => weight / total);
}

/** A line and itself moved by so many samples either way, half of each. */
export function spreadLine(line: Line, distance: number, share = 1): Line {
  const wide = Array.from({ length: line.length + 2 * distance }, () => 0);
  line.forEach((weight, i) => {
    wide[i]! += (weight * share) / 2;
    wide[i + distance]! += weight * (1 - share);
    wide[i + 2 * distance]! += (weight * share) / 2;
  });
  return wide;
}

/** The product of two lines, middle upon middle. */
function dot(a: Line, b: Line): number {
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  const offset = (long.length - short.length) / 2;
  let total = 0;
  for (let i = 0; i < short.length; i++) total += short[i]! * long[offset + i]!;
  return total;
}

function sum(line: Line): number {
  return line.reduce((total, weight) => total + weight, 0);
}

function varianceOf(line: Line): number {
  const middle = (line.length - 1) / 2;
  return line.reduce((total, weight, i) => total + weight * (i - middle) ** 2, 0);
}

/** The inverse of a matrix, by elimination. */
function inverted(matrix: readonly (readonly number[])[]): number[][] {
  const count = matrix.length;
  const rows = matrix.map((row, i) => [...row, ...row.map((_, k) => (k === i ? 1 : 0))]);
  for (let column = 0; column < count; column++) {
    const pivot = rows
      .slice(column)
      .reduce((best, row) => (Math.abs(row[column]!) > Math.abs(best[column]!) ? row : best));
    rows.splice(rows.indexOf(pivot), 1);
    rows.splice(column, 0, pivot);
    for (const row of rows) {
      if (row === pivot) continue;
      const factor = row[column]! / pivot[column]!;
      for (let i = column; i < 2 * count; i++) row[i]! -= factor * pivot[i]!;
    }
  }
  return rows.map((row, i) => row.slice(count).map((entry) => entry / row[i]!));
}
