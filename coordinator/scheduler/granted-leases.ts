import type { LeaseId } from './events.js';

interface Holding {
  readonly lease: LeaseId;
  readonly holder: number;
}

/**
 * Who was ever granted the tiles of a stage, for as long as their job is open: a result is welcome after its lease has
 * ended, and none is of a lease that was never granted. Twelve bytes a tile; tiles that were granted more than once
 * have a list.
 */
export class GrantedLeases {
  /** Of each tile's last grant; 0 before the first. */
  #leases: Float64Array;
  /** Index into the job's holders. */
  #holders: Uint32Array;
  readonly #earlier = new Map<number, Holding[]>();

  constructor(tiles: number) {
    this.#leases = new Float64Array(tiles);
    this.#holders = new Uint32Array(tiles);
  }

  /** Makes room for so many tiles. */
  reserve(tiles: number): void {
    const leases = new Float64Array(tiles);
    leases.set(this.#leases);
    this.#leases = leases;
    const holders = new Uint32Array(tiles);
    holders.set(this.#holders);
    this.#holders = holders;
  }

  note(tile: number, lease: LeaseId, holder: number): void {
    const last = this.#leases[tile]!;
    if (last !== 0) {
      const earlier = this.#earlier.get(tile) ?? [];
      earlier.push({ lease: last, holder: this.#holders[tile]! });
      this.#earlier.set(tile, earlier);
    }
    this.#leases[tile] = lease;
    this.#holders[tile] = holder;
  }

  /** Whose lease of the tile it is or was; undefined where it was never granted. */
  holderOf(tile: number, lease: LeaseId): number | undefined {
    if (lease !== 0 && this.#leases[tile] === lease) return this.#holders[tile];
    return this.#earlier.get(tile)?.find((holding) => holding.lease === lease)?.holder;
  }
}
