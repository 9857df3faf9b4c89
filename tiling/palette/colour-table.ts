const FIRST_SLOTS = 1 << 10;
/** Knuth's multiplicative hash: neighbouring colours land far apart. */
const HASH = 0x9e3779b1;

/**
 * A hash table from 24-bit colours to small integers, without an object a colour. Key and value lie in typed
 * arrays with linear probing; it is at most half full.
 */
export class ColourTable {
  /** Colour + 1, so that 0 means free. */
  #keys = new Uint32Array(FIRST_SLOTS);
  #values = new Uint32Array(FIRST_SLOTS);
  #shift = 32 - Math.log2(FIRST_SLOTS);
  #size = 0;

  /** How many colours it holds. */
  get size(): number {
    return this.#size;
  }

  /** The value of a colour 0xRRGGBB, −1 where it has none. */
  get(colour: number): number {
    const mask = this.#keys.length - 1;
    for (let slot = Math.imul(colour, HASH) >>> this.#shift; ; slot = (slot + 1) & mask) {
      const key = this.#keys[slot]!;
      if (key === colour + 1) return this.#values[slot]!;
      if (key === 0) return -1;
    }
  }

  /** Gives a colour that has none yet a value from 0 to 2^32 − 1. */
  add(colour: number, value: number): void {
    if ((this.#size + 1) * 2 > this.#keys.length) this.#grow();
    this.#insert(colour + 1, value);
    this.#size++;
  }

  clear(): void {
    this.#keys.fill(0);
    this.#size = 0;
  }

  #insert(key: number, value: number): void {
    const mask = this.#keys.length - 1;
    let slot = Math.imul(key - 1, HASH) >>> this.#shift;
    while (this.#keys[slot] !== 0) slot = (slot + 1) & mask;
    this.#keys[slot] = key;
    this.#values[slot] = value;
  }

  #grow(): void {
    const keys = this.#keys;
    const values = this.#values;
    this.#keys = new Uint32Array(keys.length * 2);
    this.#values = new Uint32Array(keys.length * 2);
    this.#shift--;
    for (let slot = 0; slot < keys.length; slot++) if (keys[slot] !== 0) this.#insert(keys[slot]!, values[slot]!);
  }
}
