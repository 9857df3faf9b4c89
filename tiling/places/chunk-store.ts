import { type ErrorRecord, fromErrorRecord, HalotileError } from '../errors.js';
import { RECHECK_MS } from '../futex.js';
import { EMPTY, OWN_WORDS, SlotTable } from '../slot-table.js';
import { waitAsync } from '../wait-async.js';

/** What a store of chunks is made of. */
export interface ChunkStoreSize {
  readonly slots: number;
  readonly chunkBytes: number;
}

/** A chunk that somebody waits for, and the slot that is kept for it. */
export interface WantedChunk {
  readonly slot: number;
  /** The number under which the object is known. */
  readonly file: number;
  /** Counted from the beginning of the object. */
  readonly chunk: number;
}

const WANTED = 1;
const LOADING = 2;
const READY = 3;
const FAILED = 4;

/** Changes whenever something is wanted: the fetching thread waits for it. */
const WANTS = OWN_WORDS;
/** Changes whenever a slot may have come free. */
const FREED = OWN_WORDS + 1;

/**
 * Chunks of remote objects in memory that all threads of a process share. Threads say which they want and wait; one
 * thread fetches what is wanted. The chunk that was used longest ago makes room.
 *
 * A reader pins at most one chunk at a time, and what is asked for ahead is pinned by nobody, so that readers never
 * wait for each other as long as there are more slots than threads.
 */
export class ChunkStore {
  readonly #table: SlotTable;

  /** A new store, or a view of one that another thread made. */
  constructor(from: ChunkStoreSize | SharedArrayBuffer) {
    const size = from instanceof SharedArrayBuffer ? from : { slots: from.slots, slotBytes: from.chunkBytes };
    this.#table = new SlotTable(size, READY);
  }

  get buffer(): SharedArrayBuffer {
    return this.#table.buffer;
  }

  get slots(): number {
    return this.#table.slots;
  }

  get chunkBytes(): number {
    return this.#table.slotBytes;
  }

  get isDead(): boolean {
    return this.#table.isGivenUp;
  }

  /** Nobody fetches any more, or a thread died that may have held the lock: all waiting ends. */
  retire(): void {
    this.#table.giveUp();
    this.#signal();
  }

  /** Asks for chunks without waiting, as far as there is room; returns how many of them are here or on their way. */
  want(file: number, chunks: readonly number[]): number {
    if (!this.#table.mutex.lock()) return chunks.length;
    let claimed = 0;
    let dealtWith = 0;
    for (const chunk of chunks) {
      const found = this.#table.find(chunk, file);
      if (found >= 0) this.#table.touch(found);
      else {
        const slot = this.#table.victim();
        if (slot < 0) break;
        this.#claim(slot, file, chunk);
        claimed++;
      }
      dealtWith++;
    }
    this.#table.mutex.unlock();
    if (claimed > 0) this.#signal();
    return dealtWith;
  }

  /**
   * Hands a chunk to `use` when it is there; waits for it.
   * @throws HalotileError what kept the chunk from coming
   */
  take(file: number, chunk: number, use: (bytes: Uint8Array) => void): void {
    const slot = this.#pinned(file, chunk);
    try {
      for (;;) {
        const state = Atomics.load(this.#table.states, slot);
        if (state === READY) break;
        if (state === FAILED) throw fromErrorRecord(this.#failure(slot));
        if (this.isDead) throw nobodyFetches();
        Atomics.wait(this.#table.states, slot, state, RECHECK_MS);
      }
      use(this.bytesOf(slot));
    } finally {
      this.#release(slot);
    }
  }

  /** Returns once a chunk that was wanted is here, or cannot be had. */
  async arrived(file: number, chunk: number): Promise<void> {
    for (;;) {
      if (!this.#table.mutex.lock()) return;
      const slot = this.#table.find(chunk, file);
      this.#table.mutex.unlock();
      const state = slot < 0 ? EMPTY : Atomics.load(this.#table.states, slot);
      if (state !== WANTED && state !== LOADING) return;
      const { async, value } = waitAsync(this.#table.states, slot, state);
      if (async) await value;
    }
  }

  /** Returns once something may be wanted. For the fetching thread. */
  async wanted(): Promise<void> {
    const seen = Atomics.load(this.#table.words, WANTS);
    if (this.#table.states.includes(WANTED) || this.isDead) return;
    const { async, value } = waitAsync(this.#table.words, WANTS, seen);
    if (async) await value;
  }

  /** All chunks that are wanted, from now on for the caller to {@link ready} or {@link fail}; the oldest wish first. */
  takeWanted(): WantedChunk[] {
    if (!this.#table.mutex.lock()) return [];
    const wanted: WantedChunk[] = [];
    for (
      let slot = this.#table.states.indexOf(WANTED);
      slot >= 0;
      slot = this.#table.states.indexOf(WANTED, slot + 1)
    ) {
      Atomics.store(this.#table.states, slot, LOADING);
      Atomics.notify(this.#table.states, slot);
      wanted.push({ slot, file: this.#table.groupOf(slot), chunk: this.#table.keyOf(slot) });
    }
    wanted.sort((a, b) => this.#table.age(b.slot) - this.#table.age(a.slot));
    this.#table.mutex.unlock();
    return wanted;
  }

  /** The memory of a slot. */
  bytesOf(slot: number): Uint8Array {
    return this.#table.bytesOf(slot);
  }

  /** The slot holds its chunk. */
  ready(slot: number): void {
    this.#settle(slot, READY);
  }

  /** Whoever takes the chunk gets this error; the next one who wants it has it fetched anew. */
  fail(slot: number, error: ErrorRecord): void {
    const text = new TextEncoder().encode(JSON.stringify(error)).subarray(0, this.chunkBytes - 4);
    const bytes = this.bytesOf(slot);
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, text.length);
    bytes.set(text, 4);
    this.#settle(slot, FAILED);
  }

  #settle(slot: number, state: number): void {
    Atomics.store(this.#table.states, slot, state);
    Atomics.notify(this.#table.states, slot);
    this.#freed();
  }

  #failure(slot: number): ErrorRecord {
    const bytes = this.bytesOf(slot);
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
    // A decoder takes no shared memory.
    return JSON.parse(new TextDecoder().decode(bytes.slice(4, 4 + length))) as ErrorRecord;
  }

  /** The slot of a chunk, which stays there until it is released. */
  #pinned(file: number, chunk: number): number {
    for (;;) {
      const seen = Atomics.load(this.#table.words, FREED);
      if (!this.#table.mutex.lock()) throw nobodyFetches();
      let slot = this.#table.find(chunk, file);
      const isNew = slot < 0;
      if (isNew) {
        slot = this.#table.victim();
        if (slot >= 0) this.#claim(slot, file, chunk);
      }
      if (slot >= 0) {
        this.#table.pins[slot]!++;
        this.#table.touch(slot);
      }
      this.#table.mutex.unlock();
      if (slot >= 0) {
        if (isNew) this.#signal();
        return slot;
      }
      Atomics.wait(this.#table.words, FREED, seen, RECHECK_MS);
    }
  }

  #release(slot: number): void {
    if (!this.#table.mutex.lock()) return;
    this.#table.pins[slot]!--;
    if (this.#table.pins[slot] === 0 && this.#table.states[slot] === FAILED)
      Atomics.store(this.#table.states, slot, EMPTY);
    this.#table.mutex.unlock();
    this.#freed();
  }

  #claim(slot: number, file: number, chunk: number): void {
    this.#table.claim(slot, { key: chunk, group: file }, 0);
    Atomics.store(this.#table.states, slot, WANTED);
  }

  #signal(): void {
    Atomics.add(this.#table.words, WANTS, 1);
    Atomics.notify(this.#table.words, WANTS);
  }

  #freed(): void {
    Atomics.add(this.#table.words, FREED, 1);
    Atomics.notify(this.#table.words, FREED);
  }
}

function nobodyFetches(): HalotileError {
  return new HalotileError('unreachable', { what: 'the thread that fetches remote inputs has ended' });
}
