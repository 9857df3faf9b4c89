import { PackedStrings, type PackedText } from './packed-strings.js';

/**
 * Plain objects as JSON texts in one buffer, read one at a time: hundreds of thousands cross to another thread in one
 * copy and are never objects all at once.
 */
export class PackedRecords<T extends object> implements Iterable<T> {
  readonly #texts: PackedStrings;

  /** @param packed what to begin with; nothing where absent */
  constructor(packed?: PackedText) {
    this.#texts = new PackedStrings(packed);
  }

  get length(): number {
    return this.#texts.length;
  }

  /** All of them, to be handed over. */
  get packed(): PackedText {
    return this.#texts.packed;
  }

  push(record: T): void {
    this.#texts.push(JSON.stringify(record));
  }

  at(place: number): T {
    return JSON.parse(this.#texts.get(place)) as T;
  }

  *[Symbol.iterator](): Generator<T> {
    for (let place = 0; place < this.length; place++) yield this.at(place);
  }
}
