import type { Coordinates, WeightedPoints } from './colour-space.js';

/** At most this many cells along one axis. */
const MAX_CELLS = 64;
/** Numbers per cell in `boxes`: low x, y, z, high x, y, z. */
const BOX = 6;
/** Numbers per cell in `totals`: weight, then three sums. */
const TOTAL = 4;

/**
 * Weighted points in a grid of cells, to sum those within a ball without looking at each: a cell that lies
 * whole inside adds its totals, one that lies outside is passed over, and only the points of the others are
 * compared. A point is within radius r of a centre when the float64 sum of its three squared differences is
 * ≤ r²; the boxes are judged by the same arithmetic, which is monotone in each coordinate, so the answer is
 * exactly that of comparing all points.
 */
export class PointGrid {
  readonly #points: WeightedPoints;
  readonly #side: number;
  readonly #origin: Coordinates;
  readonly #across: readonly [number, number, number];
  /** First place of each cell in `#order`, and one past the last cell. */
  readonly #starts: Uint32Array;
  /** Points by cell, within a cell in their own order. */
  readonly #order: Uint32Array;
  readonly #boxes: Float64Array;
  readonly #totals: Float64Array;

  /** `side` is the length of a cell's edges; it is widened where that would make too many cells. */
  constructor(points: WeightedPoints, side: number) {
    this.#points = points;
    const low = [0, 1, 2].map((axis) => extreme(points, axis, Math.min)) as [number, number, number];
    const extent = [0, 1, 2].map((axis) => extreme(points, axis, Math.max) - low[axis]!);
    this.#origin = low;
    this.#side = Math.max(side, Math.max(...extent) / (MAX_CELLS - 1)) || 1;
    this.#across = extent.map((length) => Math.floor(length / this.#side) + 1) as [number, number, number];
    const cells = this.#across[0] * this.#across[1] * this.#across[2];
    const cellOf = Uint32Array.from({ length: points.length }, (_, point) => this.#cellOf(point));
    this.#starts = new Uint32Array(cells + 1);
    for (const cell of cellOf) this.#starts[cell + 1]!++;
    for (let cell = 0; cell < cells; cell++) this.#starts[cell + 1]! += this.#starts[cell]!;
    const next = this.#starts.slice();
    this.#order = new Uint32Array(points.length);
    this.#boxes = new Float64Array(cells * BOX);
    this.#totals = new Float64Array(cells * TOTAL);
    for (let point = 0; point < points.length; point++) {
      const cell = cellOf[point]!;
      if (next[cell] === this.#starts[cell]) this.#boxes.set(this.#emptyBox(), cell * BOX);
      this.#order[next[cell]!++] = point;
      this.#include(cell, point);
    }
  }

  /**
   * The weight of all points within `radius` of a centre; their weighted coordinate sums are left in `sums`.
   * In RGB both are exact integers, whatever the order of the points.
   */
  sumWithin([x, y, z]: Coordinates, radius: number, sums: [number, number, number]): number {
    const limit = radius * radius;
    const boxes = this.#boxes;
    const totals = this.#totals;
    const [fromX, toX] = this.#span(x, radius, 0);
    const [fromY, toY] = this.#span(y, radius, 1);
    const [fromZ, toZ] = this.#span(z, radius, 2);
    let weight = 0;
    sums.fill(0);
    for (let cx = fromX; cx <= toX; cx++) {
      for (let cy = fromY; cy <= toY; cy++) {
        const row = (cx * this.#across[1] + cy) * this.#across[2];
        for (let cell = row + fromZ; cell <= row + toZ; cell++) {
          if (totals[cell * TOTAL] === 0) continue;
          const box = cell * BOX;
          const lowX = boxes[box]! - x;
          const lowY = boxes[box + 1]! - y;
          const lowZ = boxes[box + 2]! - z;
          const highX = boxes[box + 3]! - x;
          const highY = boxes[box + 4]! - y;
          const highZ = boxes[box + 5]! - z;
          if (squared(nearer(lowX, highX), nearer(lowY, highY), nearer(lowZ, highZ)) > limit) continue;
          if (squared(farther(lowX, highX), farther(lowY, highY), farther(lowZ, highZ)) <= limit) {
            weight += totals[cell * TOTAL]!;
            sums[0] += totals[cell * TOTAL + 1]!;
            sums[1] += totals[cell * TOTAL + 2]!;
            sums[2] += totals[cell * TOTAL + 3]!;
          } else weight += this.#sumOfCell(cell, x, y, z, limit, sums);
        }
      }
    }
    return weight;
  }

  #sumOfCell(cell: number, x: number, y: number, z: number, limit: number, sums: [number, number, number]): number {
    const { coordinates, weights, sums: pointSums } = this.#points;
    let weight = 0;
    for (let place = this.#starts[cell]!; place < this.#starts[cell + 1]!; place++) {
      const point = this.#order[place]!;
      const at = point * 3;
      if (squared(coordinates[at]! - x, coordinates[at + 1]! - y, coordinates[at + 2]! - z) > limit) continue;
      weight += weights[point]!;
      sums[0] += pointSums[at]!;
      sums[1] += pointSums[at + 1]!;
      sums[2] += pointSums[at + 2]!;
    }
    return weight;
  }

  #cellOf(point: number): number {
    const [x, y, z] = [0, 1, 2].map((axis) => this.#index(this.#points.coordinates[point * 3 + axis]!, axis));
    return (x! * this.#across[1] + y!) * this.#across[2] + z!;
  }

  #index(value: number, axis: number): number {
    const index = Math.floor((value - this.#origin[axis]!) / this.#side);
    return Math.min(this.#across[axis]! - 1, Math.max(0, index));
  }

  /** Cells along one axis that the ball may touch; a little wider than it, to be safe from rounding. */
  #span(value: number, radius: number, axis: number): [number, number] {
    const reach = radius + (radius + Math.abs(value)) * 1e-9;
    return [this.#index(value - reach, axis), this.#index(value + reach, axis)];
  }

  #emptyBox(): number[] {
    const inf = Number.POSITIVE_INFINITY;
    return [inf, inf, inf, -inf, -inf, -inf];
  }

  #include(cell: number, point: number): void {
    this.#totals[cell * TOTAL]! += this.#points.weights[point]!;
    for (let axis = 0; axis < 3; axis++) {
      const value = this.#points.coordinates[point * 3 + axis]!;
      const low = cell * BOX + axis;
      const high = low + 3;
      this.#boxes[low] = Math.min(this.#boxes[low]!, value);
      this.#boxes[high] = Math.max(this.#boxes[high]!, value);
      this.#totals[cell * TOTAL + 1 + axis]! += this.#points.sums[point * 3 + axis]!;
    }
  }
}

function extreme(points: WeightedPoints, axis: number, pick: (a: number, b: number) => number): number {
  let value = points.coordinates[axis] ?? 0;
  for (let at = axis; at < points.coordinates.length; at += 3) value = pick(value, points.coordinates[at]!);
  return value;
}

function squared(dx: number, dy: number, dz: number): number {
  return dx * dx + dy * dy + dz * dz;
}

/** The difference of smaller size between low and high; 0 where the centre lies between them. */
function nearer(low: number, high: number): number {
  return Math.max(low, Math.min(high, 0));
}

function farther(low: number, high: number): number {
  return -low > high ? low : high;
}
