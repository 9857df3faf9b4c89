import { type ErrorRecord, fromErrorRecord, HalotileError } from '../errors.js';
import { Futex, RECHECK_MS } from '../futex.js';
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

const EMPTY = 0;
const WANTED = 1;
const LOADING = 2;
const READY = 3;
const FAILED = 4;

/** Int32 words of the header, then five columns of a word for each slot. */
const LOCK = 0;
const CLOCK = 1;
const SLOTS = 2;
const CHUNK_BYTES = 3;
const DEAD = 4;
/** Changes whenever something is wanted: the fetching thread waits for it. */
const WANTS = 5;
/** Changes whenever a slot may have come free. */
const FREED = 6;
const HEADER_WORDS = 16;
const COLUMNS = 5;
const ALIGN = 64;

/**
 * Chunks of remote objects in memory that all threads of a process share. Threads say which they want and wait; one
 * thread fetches what is wanted. The chunk that was used longest ago makes room.
 *
 * A reader pins at most one chunk at a time, and what is asked for ahead is pinned by nobody, so that readers never
 * wait for each other as long as there are more slots than threads.
 */
export class ChunkStore {
  readonly buffer: SharedArrayBuffer;
  readonly slots: number;
  readonly chunkBytes: number;
  readonly #words: Int32Array;
  readonly #mutex: Futex;
  readonly #files: Int32Array;
  readonly #chunks: Int32Array;
  readonly #states: Int32Array;
  readonly #pins: Int32Array;
  readonly #stamps: Int32Array;
  readonly #dataStart: number;

  /** A new store, or a view of one that another thread made. */
  constructor(from: ChunkStoreSize | SharedArrayBuffer) {
    if (from instanceof SharedArrayBuffer) {
      this.buffer = from;
      this.#words = new Int32Array(from);
    } else {
      this.buffer = new SharedArrayBuffer(dataStart(from.slots) + from.slots * from.chunkBytes);
      this.#words = new Int32Array(this.buffer);
      this.#words[SLOTS] = from.slots;
      this.#words[CHUNK_BYTES] = from.chunkBytes;
    }
    this.slots = this.#words[SLOTS]!;
    this.chunkBytes = this.#words[CHUNK_BYTES]!;
    this.#mutex = new Futex(this.#words, LOCK, () => this.isDead);
    const column = (i: number) =>
      this.#words.subarray(HEADER_WORDS + i * this.slots, HEADER_WORDS + (i + 1) * this.slots);
    this.#files = column(0);
    this.#chunks = column(1);
    this.#states = column(2);
    this.#pins = column(3);
    this.#stamps = column(4);
    this.#dataStart = dataStart(this.slots);
  }

  get isDead(): boolean {
    return Atomics.load(this.#words, DEAD) === 1;
  }

  /** Nobody fetches any more, or a thread died that may have held the lock: all waiting ends. */
  retire(): void {
    Atomics.store(this.#words, DEAD, 1);
    Atomics.add(this.#words, WANTS, 1);
    Atomics.notify(this.#words, WANTS);
  }

  /** Asks for chunks without waiting, as far as there is room; returns how many of them are here or on their way. */
  want(file: number, chunks: readonly number[]): number {
    if (!this.#mutex.lock()) return chunks.length;
    let claimed = 0;
    let dealtWith = 0;
    for (const chunk of chunks) {
      const found = this.#find(file, chunk);
      if (found >= 0) this.#stamps[found] = this.#tick();
      else {
        const slot = this.#victim();
        if (slot < 0) break;
        this.#claim(slot, file, chunk);
        claimed++;
      }
      dealtWith++;
    }
    this.#mutex.unlock();
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
        const state = Atomics.load(this.#states, slot);
        if (state === READY) break;
        if (state === FAILED) throw fromErrorRecord(this.#failure(slot));
        if (this.isDead) throw nobodyFetches();
        Atomics.wait(this.#states, slot, state, RECHECK_MS);
      }
      use(this.bytesOf(slot));
    } finally {
      this.#release(slot);
    }
  }

  /** Returns once a chunk that was wanted is here, or cannot be had. */
  async arrived(file: number, chunk: number): Promise<void> {
    for (;;) {
      if (!this.#mutex.lock()) return;
      const slot = this.#find(file, chunk);
      this.#mutex.unlock();
      const state = slot < 0 ? EMPTY : Atomics.load(this.#states, slot);
      if (state !== WANTED && state !== LOADING) return;
      const { async, value } = waitAsync(this.#states, slot, state);
      if (async) await value;
    }
  }

  /** Returns once something may be wanted. For the fetching thread. */
  async wanted(): Promise<void> {
    const seen = Atomics.load(this.#words, WANTS);
    if (this.#states.includes(WANTED) || this.isDead) return;
    const { async, value } = waitAsync(this.#words, WANTS, seen);
    if (async) await value;
  }

  /** All chunks that are wanted, from now on for the caller to {@link ready} or {@link fail}; the oldest wish first. */
  takeWanted(): WantedChunk[] {
    if (!this.#mutex.lock()) return [];
    const wanted: WantedChunk[] = [];
    for (let slot = this.#states.indexOf(WANTED); slot >= 0; slot = this.#states.indexOf(WANTED, slot + 1)) {
      Atomics.store(this.#states, slot, LOADING);
      Atomics.notify(this.#states, slot);
      wanted.push({ slot, file: this.#files[slot]!, chunk: this.#chunks[slot]! });
    }
    const age = ({ slot }: WantedChunk) => (this.#words[CLOCK]! - this.#stamps[slot]!) >>> 0;
    wanted.sort((a, b) => age(b) - age(a));
    this.#mutex.unlock();
    return wanted;
  }

  /** The memory of a slot. */
  bytesOf(slot: number): Uint8Array {
    return new Uint8Array(this.buffer, this.#dataStart + slot * this.chunkBytes, this.chunkBytes);
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
    Atomics.store(this.#states, slot, state);
    Atomics.notify(this.#states, slot);
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
      const seen = Atomics.load(this.#words, FREED);
      if (!this.#mutex.lock()) throw nobodyFetches();
      let slot = this.#find(file, chunk);
      const isNew = slot < 0;
      if (isNew) {
        slot = this.#victim();
        if (slot >= 0) this.#claim(slot, file, chunk);
      }
      if (slot >= 0) {
        this.#pins[slot]!++;
        this.#stamps[slot] = this.#tick();
      }
      this.#mutex.unlock();
      if (slot >= 0) {
        if (isNew) this.#signal();
        return slot;
      }
      Atomics.wait(this.#words, FREED, seen, RECHECK_MS);
    }
  }

  #release(slot: number): void {
    if (!this.#mutex.lock()) return;
    this.#pins[slot]!--;
    if (this.#pins[slot] === 0 && this.#states[slot] === FAILED) Atomics.store(this.#states, slot, EMPTY);
    this.#mutex.unlock();
    this.#freed();
  }

  #claim(slot: number, file: number, chunk: number): void {
    this.#files[slot] = file;
    this.#chunks[slot] = chunk;
    this.#pins[slot] = 0;
    this.#stamps[slot] = this.#tick();
    Atomics.store(this.#states, slot, WANTED);
  }

  #find(file: number, chunk: number): number {
    for (let i = this.#chunks.indexOf(chunk); i >= 0; i = this.#chunks.indexOf(chunk, i + 1)) {
      if (this.#files[i] === file && this.#states[i] !== EMPTY) return i;
    }
    return -1;
  }

  /** An empty slot, or the one that was used longest ago of those that nobody needs; -1 where there is none. */
  #victim(): number {
    let victim = -1;
    let age = -1;
    const now = this.#words[CLOCK]!;
    for (let i = 0; i < this.slots; i++) {
      const state = this.#states[i];
      if (state === EMPTY) return i;
      if ((state !== READY && state !== FAILED) || this.#pins[i] !== 0) continue;
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

  #signal(): void {
    Atomics.add(this.#words, WANTS, 1);
    Atomics.notify(this.#words, WANTS);
  }

  #freed(): void {
    Atomics.add(this.#words, FREED, 1);
    Atomics.notify(this.#words, FREED);
  }
}

function dataStart(slots: number): number {
  return Math.ceil((4 * (HEADER_WORDS + COLUMNS * slots)) / ALIGN) * ALIGN;
}

function nobodyFetches(): HalotileError {
  return new HalotileError('unreachable', { what: 'the thread that fetches remote inputs has ended' });
}
