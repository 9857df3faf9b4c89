import { Futex } from './futex.js';

/** Slots of equal size, and how large each is. */
export interface SlotTableSize {
  readonly slots: number;
  readonly slotBytes: number;
}

/** State of a slot that holds nothing; all others are its user's. */
export const EMPTY = 0;

/** Int32 words of the header: lock, LRU clock, slots, slot bytes, given up, then the user's own. */
const LOCK = 0;
const CLOCK = 1;
const SLOTS = 2;
const SLOT_BYTES = 3;
const GIVEN_UP = 4;
/** First of the words of the header that are the user's. */
export const OWN_WORDS = 5;
const HEADER_WORDS = 16;
/** A word for each slot: key, group, state, pins, stamp. */
const COLUMNS = 5;
const ALIGN = 64;

/**
 * Slots in memory that threads of a process share, with a lock for all of them: which key each holds, in which state it
 * is, how many pin it, when it was used. The unpinned one that was used longest ago makes room.
 *
 * Whatever changes keys, pins or stamps does so under {@link SlotTable.mutex}. A thread that was killed may have held
 * it: whoever sees a thread die gives the table up, so that nobody waits for it any more.
 */
export class SlotTable {
  readonly buffer: SharedArrayBuffer;
  readonly slots: number;
  readonly slotBytes: number;
  readonly words: Int32Array;
  readonly mutex: Futex;
  readonly states: Int32Array;
  readonly pins: Int32Array;
  readonly #keys: Int32Array;
  readonly #groups: Int32Array;
  readonly #stamps: Int32Array;
  readonly #settled: number;
  readonly #dataStart: number;

  /**
   * A new table, or a view of one that another thread made.
   * @param settled the least of the states in which a slot may make room
   * @param memory of a new one, at least {@link SlotTable.bytesFor}; what it held is forgotten
   */
  constructor(from: SlotTableSize | SharedArrayBuffer, settled: number, memory?: SharedArrayBuffer) {
    if (from instanceof SharedArrayBuffer) {
      this.buffer = from;
      this.words = wordsOf(from);
    } else {
      this.buffer = memory ?? new SharedArrayBuffer(SlotTable.bytesFor(from));
      this.words = wordsOf(this.buffer);
      this.words.fill(0, 0, HEADER_WORDS + COLUMNS * from.slots);
      this.words[SLOTS] = from.slots;
      this.words[SLOT_BYTES] = from.slotBytes;
    }
    this.mutex = new Futex(this.words, LOCK, () => this.isGivenUp);
    this.slots = this.words[SLOTS]!;
    this.slotBytes = this.words[SLOT_BYTES]!;
    const column = (i: number) =>
      this.words.subarray(HEADER_WORDS + i * this.slots, HEADER_WORDS + (i + 1) * this.slots);
    this.#keys = column(0);
    this.#groups = column(1);
    this.states = column(2);
    this.pins = column(3);
    this.#stamps = column(4);
    this.#settled = settled;
    this.#dataStart = dataStart(this.slots);
  }

  /** Bytes of shared memory that a table takes. */
  static bytesFor({ slots, slotBytes }: SlotTableSize): number {
    return dataStart(slots) + slots * aligned(slotBytes);
  }

  get isGivenUp(): boolean {
    return Atomics.load(this.words, GIVEN_UP) === 1;
  }

  /** Ends all waiting for the lock. */
  giveUp(): void {
    Atomics.store(this.words, GIVEN_UP, 1);
  }

  /** The slot that holds a key of a group; -1 where none does. */
  find(key: number, group = 0): number {
    for (let slot = this.#keys.indexOf(key); slot >= 0; slot = this.#keys.indexOf(key, slot + 1)) {
      if (this.#groups[slot] === group && this.states[slot] !== EMPTY) return slot;
    }
    return -1;
  }

  /** An empty slot, or the settled, unpinned one that was used longest ago; -1 where there is none. */
  victim(): number {
    let victim = -1;
    let oldest = -1;
    for (let slot = 0; slot < this.slots; slot++) {
      if (this.states[slot] === EMPTY) return slot;
      if (this.states[slot]! < this.#settled || this.pins[slot] !== 0) continue;
      const age = this.age(slot);
      if (age > oldest) {
        oldest = age;
        victim = slot;
      }
    }
    return victim;
  }

  /** From now on a slot is a key's, in a state and pinned by so many. */
  claim(slot: number, { key, group = 0 }: { readonly key: number; readonly group?: number }, pins: number): void {
    this.#keys[slot] = key;
    this.#groups[slot] = group;
    this.pins[slot] = pins;
    this.touch(slot);
  }

  keyOf(slot: number): number {
    return this.#keys[slot]!;
  }

  groupOf(slot: number): number {
    return this.#groups[slot]!;
  }

  /** The slot is used now. */
  touch(slot: number): void {
    this.words[CLOCK] = (this.words[CLOCK]! + 1) | 0;
    this.#stamps[slot] = this.words[CLOCK]!;
  }

  /** How many uses of any slot ago this one was used; differences of stamps stay right when the clock wraps. */
  age(slot: number): number {
    return (this.words[CLOCK]! - this.#stamps[slot]!) >>> 0;
  }

  /** The memory of a slot. */
  bytesOf(slot: number): Uint8Array {
    return new Uint8Array(this.buffer, this.#dataStart + slot * aligned(this.slotBytes), this.slotBytes);
  }
}

/** All whole words; a table's memory may end within one. */
function wordsOf(buffer: SharedArrayBuffer): Int32Array {
  return new Int32Array(buffer, 0, Math.floor(buffer.byteLength / Int32Array.BYTES_PER_ELEMENT));
}

function dataStart(slots: number): number {
  return aligned(4 * (HEADER_WORDS + COLUMNS * slots));
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGN) * ALIGN;
}
