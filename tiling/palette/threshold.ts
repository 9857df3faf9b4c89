import type { Coordinates, WeightedPoints } from './colour-space.js';

/**
 * The greedy palette: points are visited by weight, greatest first, equal ones in their own order (ascending
 * RGB), and each that lies farther than `threshold` from every kept one is kept.
 */
export function keepBeyondThreshold(points: WeightedPoints, threshold: number): Coordinates[] {
  const { coordinates, weights } = points;
  const order = Array.from({ length: points.length }, (_, point) => point);
  order.sort((a, b) => weights[b]! - weights[a]! || a - b);
  const limit = threshold * threshold;
  const kept: Coordinates[] = [];
  for (const point of order) {
    const at = point * 3;
    const [x, y, z]: Coordinates = [coordinates[at]!, coordinates[at + 1]!, coordinates[at + 2]!];
    if (kept.every((other) => (other[0] - x) ** 2 + (other[1] - y) ** 2 + (other[2] - z) ** 2 > limit)) {
      kept.push([x, y, z]);
    }
  }
  return kept;
}
