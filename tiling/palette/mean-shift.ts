import type { Coordinates, WeightedPoints } from './colour-space.js';
import { PointGrid } from './point-grid.js';

/** scikit-learn's `max_iter`. */
const MAX_ITERATIONS = 300;
/** A centre has converged when it moves by no more than this part of the bandwidth. */
const STOP_SHARE = 1e-3;

/** One mode of the colour density. */
export interface Centre {
  readonly at: Coordinates;
  /** Weight within one bandwidth of the place before the last move: what centres are ordered by. */
  readonly intensity: number;
}

/**
 * Mean shift with a flat kernel and bin seeding: the `cluster_centers_` of scikit-learn's
 * `MeanShift(bandwidth, bin_seeding=True)` (1.9) fitted on the points repeated by their weights, in its order
 * and, for the same bandwidth, equal to 1e-6.
 *
 * Seeds are the occupied cells of the grid round(point / bandwidth) (halves to even) times the bandwidth, or
 * the points themselves where each has a cell and weight 1. A seed moves to the mean of the points within the
 * bandwidth until it moves by ≤ 1e-3 bandwidths, at most 300 times. Centres are visited by intensity, greatest
 * first, equal ones by coordinates, greatest first as scikit-learn has it; a centre within the bandwidth of a
 * kept one is dropped.
 *
 * A bandwidth of 0, which scikit-learn refuses, keeps every point.
 *
 * Source: D. Comaniciu, P. Meer, "Mean Shift: A Robust Approach toward Feature Space Analysis", IEEE TPAMI 24
 * (2002); scikit-learn, sklearn/cluster/_mean_shift.py.
 */
export function meanShift(points: WeightedPoints, bandwidth: number): Centre[] {
  if (bandwidth === 0) return visitingOrder(allPoints(points));
  const grid = new PointGrid(points, bandwidth / 2);
  const found = new Map<string, Centre>();
  for (const seed of binSeeds(points, bandwidth)) {
    const centre = shiftToMode(grid, seed, bandwidth);
    if (centre.intensity > 0) found.set(centre.at.join(), centre);
  }
  return withoutNeighbours(visitingOrder([...found.values()]), bandwidth);
}

function shiftToMode(grid: PointGrid, seed: Coordinates, bandwidth: number): Centre {
  const sums: [number, number, number] = [0, 0, 0];
  let at = seed;
  for (let iteration = 0; ; iteration++) {
    const intensity = grid.sumWithin(at, bandwidth, sums);
    if (intensity === 0) return { at, intensity };
    const before = at;
    at = [sums[0] / intensity, sums[1] / intensity, sums[2] / intensity];
    const moved = Math.sqrt(squaredDistance(at, before));
    if (moved <= STOP_SHARE * bandwidth || iteration === MAX_ITERATIONS) return { at, intensity };
  }
}

function binSeeds(points: WeightedPoints, bandwidth: number): Coordinates[] {
  const bins = new Map<string, Coordinates>();
  let total = 0;
  for (let point = 0; point < points.length; point++) {
    total += points.weights[point]!;
    const [x, y, z] = coordinatesOf(points, point);
    const bin: Coordinates = [halfEven(x / bandwidth), halfEven(y / bandwidth), halfEven(z / bandwidth)];
    bins.set(bin.join(), bin);
  }
  if (bins.size === total) return allPoints(points).map((centre) => centre.at);
  return [...bins.values()].map(([x, y, z]): Coordinates => [x * bandwidth, y * bandwidth, z * bandwidth]);
}

function halfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

function visitingOrder(centres: Centre[]): Centre[] {
  const byPlace = (a: Coordinates, b: Coordinates) => b[0] - a[0] || b[1] - a[1] || b[2] - a[2];
  return centres.sort((a, b) => b.intensity - a.intensity || byPlace(a.at, b.at));
}

function withoutNeighbours(centres: readonly Centre[], bandwidth: number): Centre[] {
  const limit = bandwidth * bandwidth;
  const kept: Centre[] = [];
  for (const centre of centres) {
    if (kept.every(({ at }) => squaredDistance(at, centre.at) > limit)) kept.push(centre);
  }
  return kept;
}

function allPoints(points: WeightedPoints): Centre[] {
  return Array.from({ length: points.length }, (_, point) => ({
    at: coordinatesOf(points, point),
    intensity: points.weights[point]!,
  }));
}

function coordinatesOf({ coordinates }: WeightedPoints, point: number): Coordinates {
  return [coordinates[point * 3]!, coordinates[point * 3 + 1]!, coordinates[point * 3 + 2]!];
}

function squaredDistance(a: Coordinates, b: Coordinates): number {
  return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2;
}
