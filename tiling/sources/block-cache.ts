import { RECHECK_MS } from '../futex.js';
import { EMPTY, SlotTable, type SlotTableSize } from '../slot-table.js';

/** A block's place in the cache; pinned until {@link SharedBlockCache.release}. */
export interface CacheLease {
  readonly index: number;
  /** `slotBytes` bytes of shared memory. */
  readonly slot: Uint8Array;
  /**
   * The caller must fill the slot, then call `publish` or, where that failed, `abandon`. Otherwise the slot is
   * filled and must not be written.
   */
  readonly mustLoad: boolean;
}

const LOADING = 1;
const READY = 2;

/**
 * Decoded blocks of one source, shared by all threads of a process: each block is decoded by one of them and
 * read by all. The least recently used unpinned block makes room.
 *
 * A thread waits only for a block that another thread is loading, and never while it holds an unpublished
 * block itself: `acquire` gives null instead, and the caller decodes on its own. So no two threads, and no two
 * reads that take turns in one thread, can wait for each other. A thread that was killed may leave the cache
 * locked or a block unpublished: whoever sees a thread die retires the cache.
 */
export class SharedBlockCache {
  readonly #table: SlotTable;
  #unpublished = 0;

  /**
   * A new cache, or a view of one that another thread made.
   * @param from its size, `slotBytes` those of the largest decoded block
   * @param memory of a new one, at least {@link SharedBlockCache.bytesFor}; what it held is forgotten
   */
  constructor(from: SlotTableSize | SharedArrayBuffer, memory?: SharedArrayBuffer) {
    this.#table = new SlotTable(from, READY, memory);
  }

  /** Bytes of shared memory that a cache takes. */
  static bytesFor(size: SlotTableSize): number {
    return SlotTable.bytesFor(size);
  }

  get buffer(): SharedArrayBuffer {
    return this.#table.buffer;
  }

  get slots(): number {
    return this.#table.slots;
  }

  get slotBytes(): number {
    return this.#table.slotBytes;
  }

  /**
   * Ends all waiting for a thread that died: from now on `acquire` gives null to everybody. What others hold
   * they may still read and fill.
   */
  retire(): void {
    this.#table.giveUp();
  }

  /**
   * The slot of block `key`, pinned: filled, or for the caller to fill. Waits while another thread fills it.
   * Null where all slots are pinned, or where waiting could lock up: the caller then decodes for itself.
   */
  acquire(key: number): CacheLease | null {
    const { mutex, states, pins } = this.#table;
    for (;;) {
      if (!mutex.lock()) return null;
      const found = this.#table.find(key);
      if (found < 0) {
        const victim = this.#table.victim();
        if (victim >= 0) {
          this.#table.claim(victim, { key }, 1);
          Atomics.store(states, victim, LOADING);
          this.#unpublished++;
        }
        mutex.unlock();
        return victim < 0 ? null : this.#lease(victim, true);
      }
      if (Atomics.load(states, found) === READY) {
        pins[found]!++;
        this.#table.touch(found);
        mutex.unlock();
        return this.#lease(found, false);
      }
      mutex.unlock();
      if (this.#unpublished > 0) return null;
      Atomics.wait(states, found, LOADING, RECHECK_MS);
    }
  }

  /** Whether a block is here or on its way; it may be gone when it is acquired. */
  holds(key: number): boolean {
    this.#table.mutex.lock();
    const found = this.#table.find(key);
    this.#table.mutex.unlock();
    return found >= 0;
  }

  /** The slot is filled; others may read it. It stays pinned for the caller. */
  publish(index: number): void {
    this.#settle(index, READY);
  }

  /** Filling failed: the slot is empty again, unpinned, and whoever waits tries for itself. */
  abandon(index: number): void {
    this.#settle(index, EMPTY);
  }

  /** The caller no longer reads the slot. */
  release(index: number): void {
    if (!this.#table.mutex.lock()) return;
    this.#table.pins[index]!--;
    this.#table.mutex.unlock();
  }

  #settle(index: number, state: number): void {
    const { mutex, states, pins } = this.#table;
    this.#unpublished--;
    if (!mutex.lock()) return;
    Atomics.store(states, index, state);
    this.#table.touch(index);
    if (state === EMPTY) pins[index] = 0;
    mutex.unlock();
    Atomics.notify(states, index);
  }

  #lease(index: number, mustLoad: boolean): CacheLease {
    return { index, slot: this.#table.bytesOf(index), mustLoad };
  }
}
