/**
 * Strings one after the other in one buffer, as UTF-8: four bytes each beside their text, so that a million file
 * names are no burden. Holds 4 GiB of text.
 */
export class PackedStrings {
  #bytes = Buffer.alloc(1 << 10);
  /** Where each string ends. */
  #ends = new Uint32Array(1 << 6);
  #length = 0;

  get length(): number {
    return this.#length;
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
      const wider = new Uint32Array(this.#length * 2);
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
