/** {@link PackedStrings} as data. */
export interface PackedText {
  readonly bytes: Uint8Array;
  /** Where each string ends. */
  readonly ends: Uint32Array;
}

/**
 * Strings one after the other in one buffer, as UTF-8: four bytes each beside their text, so that a million file
 * names are no burden, and cross to another thread in one copy. Holds 4 GiB of text.
 */
export class PackedStrings {
  #bytes: Buffer;
  #ends: Uint32Array;
  #length: number;

  /** @param packed what to begin with; nothing where absent */
  constructor({ bytes, ends }: PackedText = { bytes: new Uint8Array(1 << 10), ends: new Uint32Array() }) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#ends = ends;
    this.#length = ends.length;
  }

  get length(): number {
    return this.#length;
  }

  /** All of them, to be handed over. */
  get packed(): PackedText {
    const ends = this.#ends.slice(0, this.#length);
    return { bytes: new Uint8Array(this.#bytes.subarray(0, this.#start(this.#length))), ends };
  }

  /** Appends a string; its place is the length before. */
  push(text: string): void {
    const start = this.#start(this.#length);
    const bytes = Buffer.byteLength(text);
    if (start + bytes > this.#bytes.length) {
      const wider = Buffer.alloc(Math.max(start + bytes, this.#bytes.length * 2));
      this.#bytes.copy(wider);
      this.#bytes = wider;
    }
    if (this.#length === this.#ends.length) {
      const wider = new Uint32Array(Math.max(1 << 6, this.#length * 2));
      wider.set(this.#ends);
      this.#ends = wider;
    }
    this.#bytes.write(text, start);
    this.#ends[this.#length++] = start + bytes;
  }

  get(place: number): string {
    return this.#bytes.toString('utf8', this.#start(place), this.#ends[place]);
  }

  /** Order of two strings by code points: below 0 where the first comes first, 0 where they are equal. */
  compare(first: number, second: number): number {
    return this.#compareBytes(first, this.#bytes, this.#start(second), this.#ends[second]!);
  }

  /** {@link compare} with a string in UTF-8 that is not among them. */
  compareWith(place: number, text: Uint8Array): number {
    return this.#compareBytes(place, text, 0, text.length);
  }

  #start(place: number): number {
    return place === 0 ? 0 : this.#ends[place - 1]!;
  }

  #compareBytes(place: number, other: Uint8Array, from: number, to: number): number {
    const start = this.#start(place);
    const length = this.#ends[place]! - start;
    const common = Math.min(length, to - from);
    for (let at = 0; at < common; at++) {
      const difference = this.#bytes[start + at]! - other[from + at]!;
      if (difference !== 0) return difference;
    }
    return length - (to - from);
  }
}
