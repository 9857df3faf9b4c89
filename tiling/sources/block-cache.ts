import { Futex, RECHECK_MS } from '../futex.js';

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

/** What the caches of all threads need to share one. */
export interface CacheSize {
  readonly slots: number;
  /** Bytes of the largest decoded block. */
  readonly slotBytes: number;
}

const EMPTY = 0;
const LOADING = 1;
const READY = 2;

/** Int32 words of the header: lock, LRU clock, slots, slot bytes, retired; then four columns of a word for each slot. */
const LOCK = 0;
const CLOCK = 1;
const SLOTS = 2;
const SLOT_BYTES = 3;
const RETIRED = 4;
const HEADER_WORDS = 16;
const COLUMNS = 4;
const ALIGN = 64;

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
  readonly buffer: SharedArrayBuffer;
  readonly slots: number;
  readonly slotBytes: number;
  readonly #words: Int32Array;
  readonly #mutex: Futex;
  readonly #keys: Int32Array;
  readonly #states: Int32Array;
  readonly #pins: Int32Array;
  readonly #stamps: Int32Array;
  readonly #dataStart: number;
  #unpublished = 0;

  /**
   * A new cache, or a view of one that another thread made.
   * @param memory of a new one, at least {@link SharedBlockCache.bytesFor}; what it held is forgotten
   */
  constructor(from: CacheSize | SharedArrayBuffer, memory?: SharedArrayBuffer) {
    if (from instanceof SharedArrayBuffer) {
      this.buffer = from;
      this.#words = wordsOf(from);
    } else {
      this.buffer = memory ?? new SharedArrayBuffer(SharedBlockCache.bytesFor(from));
      this.#words = wordsOf(this.buffer);
      this.#words.fill(0, 0, HEADER_WORDS + COLUMNS * from.slots);
      this.#words[SLOTS] = from.slots;
      this.#words[SLOT_BYTES] = from.slotBytes;
    }
    this.#mutex = new Futex(this.#words, LOCK, () => Atomics.load(this.#words, RETIRED) === 1);
    this.slots = this.#words[SLOTS]!;
    this.slotBytes = this.#words[SLOT_BYTES]!;
    const column = (i: number) =>
      this.#words.subarray(HEADER_WORDS + i * this.slots, HEADER_WORDS + (i + 1) * this.slots);
    this.#keys = column(0);
    this.#states = column(1);
    this.#pins = column(2);
    this.#stamps = column(3);
    this.#dataStart = dataStart(this.slots);
  }

  /** Bytes of shared memory that a cache takes. */
  static bytesFor({ slots, slotBytes }: CacheSize): number {
    return dataStart(slots) + slots * aligned(slotBytes);
  }

  /**
   * Ends all waiting for a thread that died: from now on `acquire` gives null to everybody. What others hold
   * they may still read and fill.
   */
  retire(): void {
    Atomics.store(this.#words, RETIRED, 1);
  }

  /**
   * The slot of block `key`, pinned: filled, or for the caller to fill. Waits while another thread fills it.
   * Null where all slots are pinned, or where waiting could lock up: the caller then decodes for itself.
   */
  acquire(key: number): CacheLease | null {
    for (;;) {
      if (!this.#mutex.lock()) return null;
      const found = this.#find(key);
      if (found < 0) {
        const victim = this.#victim();
        if (victim >= 0) {
          this.#keys[victim] = key;
          Atomics.store(this.#states, victim, LOADING);
          this.#pins[victim] = 1;
          this.#unpublished++;
        }
        this.#mutex.unlock();
        return victim < 0 ? null : this.#lease(victim, true);
      }
      if (Atomics.load(this.#states, found) === READY) {
        this.#pins[found]!++;
        this.#stamps[found] = this.#tick();
        this.#mutex.unlock();
        return this.#lease(found, false);
      }
      this.#mutex.unlock();
      if (this.#unpublished > 0) return null;
      Atomics.wait(this.#states, found, LOADING, RECHECK_MS);
    }
  }

  /** Whether a block is here or on its way; it may be gone when it is acquired. */
  holds(key: number): boolean {
    this.#mutex.lock();
    const found = this.#find(key);
    this.#mutex.unlock();
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
    if (!this.#mutex.lock()) return;
    this.#pins[index]!--;
    this.#mutex.unlock();
  }

  #settle(index: number, state: number): void {
    this.#unpublished--;
    if (!this.#mutex.lock()) return;
    Atomics.store(this.#states, index, state);
    this.#stamps[index] = this.#tick();
    if (state === EMPTY) this.#pins[index] = 0;
    this.#mutex.unlock();
    Atomics.notify(this.#states, index);
  }

  #lease(index: number, mustLoad: boolean): CacheLease {
    const start = this.#dataStart + index * aligned(this.slotBytes);
    return { index, slot: new Uint8Array(this.buffer, start, this.slotBytes), mustLoad };
  }

  #find(key: number): number {
    for (let i = this.#keys.indexOf(key); i >= 0; i = this.#keys.indexOf(key, i + 1)) {
      if (this.#states[i] !== EMPTY) return i;
    }
    return -1;
  }

  /** An empty slot, or the unpinned one that was used longest ago; -1 where there is none. */
  #victim(): number {
    let victim = -1;
    let age = -1;
    const now = this.#words[CLOCK]!;
    for (let i = 0; i < this.slots; i++) {
      if (this.#states[i] === EMPTY) return i;
      if (this.#states[i] !== READY || this.#pins[i] !== 0) continue;
      // Differences of stamps stay right when the clock wraps.
      const stampAge = (now - this.#stamps[i]!) >>> 0;
      if (stampAge > age) {
        age = stampAge;
        victim = i;
      }
    }
    return victim;
  }

  #tick(): number {
    this.#words[CLOCK] = (this.#words[CLOCK]! + 1) | 0;
    return this.#words[CLOCK]!;
  }
}

/** All whole words; a cache's memory may end within one. */
function wordsOf(buffer: SharedArrayBuffer): Int32Array {
  return new Int32Array(buffer, 0, Math.floor(buffer.byteLength / Int32Array.BYTES_PER_ELEMENT));
}

function dataStart(slots: number): number {
  return aligned(4 * (HEADER_WORDS + COLUMNS * slots));
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGN) * ALIGN;
}
