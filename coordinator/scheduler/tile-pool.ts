import type { WorkerId } from './events.js';

/** Tiles that one worker claimed in one go, so that its next tile is a neighbour of its last one. */
const MAX_RUN = 64;

/** Positions [next, end) of the order. */
interface Run {
  next: number;
  end: number;
}

/**
 * The tiles of one stage that were never granted, in their order. A worker claims a run of consecutive tiles
 * and is served from it; when no tile is unclaimed, a worker without a run takes the later half of the
 * longest one, so locality never leaves anybody idle. `take` costs O(1), O(workers) at a claim or a theft.
 */
export class TilePool {
  #order = new Uint32Array(64);
  #length = 0;
  #unclaimed = 0;
  #size = 0;
  readonly #runs = new Map<WorkerId, Run>();
  /** Runs that their workers left behind. */
  readonly #orphans: Run[] = [];

  /** Tiles left. */
  get size(): number {
    return this.#size;
  }

  add(tiles: ArrayLike<number>): void {
    const needed = this.#length + tiles.length;
    if (needed > this.#order.length) {
      const grown = new Uint32Array(Math.max(needed, 2 * this.#order.length));
      grown.set(this.#order.subarray(0, this.#length));
      this.#order = grown;
    }
    this.#order.set(tiles, this.#length);
    this.#length = needed;
    this.#size += tiles.length;
  }

  /** The next tile for a worker, or undefined where none is left; `workers` is how many share the pool. */
  take(worker: WorkerId, workers: number): number | undefined {
    if (this.#size === 0) return undefined;
    let run = this.#runs.get(worker);
    if (run === undefined) {
      run = this.#orphans.pop() ?? this.#claim(workers) ?? this.#steal();
      this.#runs.set(worker, run);
    }
    const tile = this.#order[run.next++]!;
    if (run.next === run.end) this.#runs.delete(worker);
    this.#size--;
    // What was served is never read again: a pool that is fed as it drains stays small.
    if (this.#size === 0) {
      this.#length = 0;
      this.#unclaimed = 0;
    }
    return tile;
  }

  /** What the worker had claimed becomes anybody's. */
  release(worker: WorkerId): void {
    const run = this.#runs.get(worker);
    if (run === undefined) return;
    this.#runs.delete(worker);
    this.#orphans.push(run);
  }

  #claim(workers: number): Run | undefined {
    const left = this.#length - this.#unclaimed;
    if (left === 0) return undefined;
    const share = Math.min(left, MAX_RUN, Math.ceil(left / (2 * Math.max(1, workers))));
    this.#unclaimed += share;
    return { next: this.#unclaimed - share, end: this.#unclaimed };
  }

  #steal(): Run {
    let longest: Run | undefined;
    let owner: WorkerId | undefined;
    for (const [worker, run] of this.#runs) {
      if (longest === undefined || run.end - run.next > longest.end - longest.next) {
        longest = run;
        owner = worker;
      }
    }
    if (longest === undefined || owner === undefined) throw new Error('a pool that is not empty has runs');
    const middle = longest.next + ((longest.end - longest.next) >> 1);
    const stolen = { next: middle, end: longest.end };
    longest.end = middle;
    if (longest.next === longest.end) this.#runs.delete(owner);
    return stolen;
  }
}
