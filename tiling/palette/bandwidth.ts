import type { WeightedPoints } from './colour-space.js';

/**
 * The bandwidth that scikit-learn's `estimate_bandwidth(X, quantile=…)` gives for the points repeated by their
 * weights: the mean over all of them of the distance to the k-th nearest, itself and its repetitions included,
 * k = max(1, ⌊quantile·n⌋). Equal up to float rounding; 0 where every point's own repetitions reach k, which
 * scikit-learn's MeanShift refuses and ours takes as "each colour by itself".
 *
 * Exact and quadratic with a small constant: neighbours' k-th distances differ by no more than the neighbours'
 * own distance, so after the first point only a narrow shell of candidates has to be ordered.
 */
export function estimateBandwidth(points: WeightedPoints, quantile: number): number {
  const { length, coordinates, weights } = points;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const k = Math.max(1, Math.floor(total * quantile));
  const shell = { squares: new Float64Array(length), weights: new Float64Array(length) };
  let kth = 0;
  let sum = 0;
  for (let point = 0; point < length; point++) {
    const at = point * 3;
    const step = point === 0 ? Number.POSITIVE_INFINITY : Math.sqrt(square(coordinates, at - 3, at));
    // Wider than the shell by far more than rounding can be, far less than it matters.
    const slack = (kth + step) * 1e-9;
    const inner = Math.max(0, kth - step - slack);
    const innerSquare = point === 0 ? 0 : inner * inner;
    const outerSquare = point === 0 ? Number.POSITIVE_INFINITY : (kth + step + slack) ** 2;
    const x = coordinates[at]!;
    const y = coordinates[at + 1]!;
    const z = coordinates[at + 2]!;
    let below = 0;
    let held = 0;
    for (let other = 0; other < length; other++) {
      const dx = coordinates[other * 3]! - x;
      const dy = coordinates[other * 3 + 1]! - y;
      const dz = coordinates[other * 3 + 2]! - z;
      const distance = dx * dx + dy * dy + dz * dz;
      if (distance > outerSquare) continue;
      if (distance < innerSquare) below += weights[other]!;
      else {
        shell.squares[held] = distance;
        shell.weights[held] = weights[other]!;
        held++;
      }
    }
    kth = Math.sqrt(weightedKth(shell.squares, shell.weights, held, k - below));
    sum += kth * weights[point]!;
  }
  return total === 0 ? 0 : sum / total;
}

function square(coordinates: Float64Array, a: number, b: number): number {
  const dx = coordinates[a]! - coordinates[b]!;
  const dy = coordinates[a + 1]! - coordinates[b + 1]!;
  const dz = coordinates[a + 2]! - coordinates[b + 2]!;
  return dx * dx + dy * dy + dz * dz;
}

/**
 * The smallest of the first `length` values below or at which weights of at least k lie: quickselect with
 * three-way partition. Reorders both arrays. k is from 1 to the sum of the weights.
 */
function weightedKth(values: Float64Array, weights: Float64Array, length: number, k: number): number {
  let from = 0;
  let to = length;
  let left = k;
  for (;;) {
    const pivot = medianOf(values[from]!, values[(from + to) >> 1]!, values[to - 1]!);
    let lower = from;
    let higher = to;
    let lowerWeight = 0;
    let equalWeight = 0;
    for (let at = from; at < higher; ) {
      const value = values[at]!;
      if (value > pivot) swap(values, weights, at, --higher);
      else if (value < pivot) {
        lowerWeight += weights[at]!;
        swap(values, weights, at++, lower++);
      } else equalWeight += weights[at++]!;
    }
    if (left <= lowerWeight) to = lower;
    else if (left <= lowerWeight + equalWeight) return pivot;
    else {
      left -= lowerWeight + equalWeight;
      from = higher;
    }
  }
}

function medianOf(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}

function swap(values: Float64Array, weights: Float64Array, a: number, b: number): void {
  const value = values[a]!;
  values[a] = values[b]!;
  values[b] = value;
  const weight = weights[a]!;
  weights[a] = weights[b]!;
  weights[b] = weight;
}
