import { PackedStrings, type PackedText } from './packed-strings.js';

/** {@link SharedStrings} as data. */
export interface PackedShared {
  readonly texts: PackedText;
  /** For each string its place in `texts`. */
  readonly which: Uint32Array;
}

/** Strings of which few differ: each of those is kept once. */
export class SharedStrings {
  readonly #texts: PackedStrings;
  #places: Map<string, number> | undefined;
  #which: Uint32Array;
  #length: number;

  /** @param packed what to begin with; nothing where absent */
  constructor(packed?: PackedShared) {
    this.#texts = new PackedStrings(packed?.texts);
    this.#which = packed?.which ?? new Uint32Array(1 << 6);
    this.#length = packed?.which.length ?? 0;
  }

  get length(): number {
    return this.#length;
  }

  /** Those that differ, in the order in which they first came. */
  get distinct(): readonly string[] {
    return Array.from({ length: this.#texts.length }, (_, place) => this.#texts.get(place));
  }

  /** All of them, to be handed over. */
  get packed(): PackedShared {
    return { texts: this.#texts.packed, which: this.#which.slice(0, this.#length) };
  }

  /** Appends a string; tells whether it differs from all before. */
  push(text: string): boolean {
    if (this.#length === this.#which.length) {
      const wider = new Uint32Array(Math.max(1 << 6, this.#length * 2));
      wider.set(this.#which);
      this.#which = wider;
    }
    this.#places ??= new Map(this.distinct.map((each, place) => [each, place]));
    let place = this.#places.get(text);
    const isNew = place === undefined;
    if (place === undefined) {
      place = this.#texts.length;
      this.#texts.push(text);
      this.#places.set(text, place);
    }
    this.#which[this.#length++] = place;
    return isNew;
  }

  /** Place of a string among those that differ. */
  placeOf(index: number): number {
    return this.#which[index]!;
  }

  get(index: number): string {
    return this.#texts.get(this.#which[index]!);
  }
}
