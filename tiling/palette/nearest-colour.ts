import { ColourTable } from './colour-table.js';

/** A colour as bytes. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** Unique colours whose answer is remembered before the memory is emptied. */
const MEMORY_COLOURS = 2 ** 20;

/**
 * The nearest colour of a palette: Euclidean in RGB, exact in integers, the lowest index on a tie. Each unique
 * colour is searched once and remembered.
 */
export class NearestColour {
  readonly #red: Int32Array;
  readonly #green: Int32Array;
  readonly #blue: Int32Array;
  readonly #memory = new ColourTable();

  /** @param palette at least one colour */
  constructor(palette: readonly Rgb[]) {
    this.#red = Int32Array.from(palette, ([red]) => red);
    this.#green = Int32Array.from(palette, ([, green]) => green);
    this.#blue = Int32Array.from(palette, ([, , blue]) => blue);
  }

  /** The palette's index for a colour 0xRRGGBB. */
  indexOf(colour: number): number {
    const known = this.#memory.get(colour);
    if (known >= 0) return known;
    if (this.#memory.size === MEMORY_COLOURS) this.#memory.clear();
    const index = this.#search(colour >> 16, (colour >> 8) & 255, colour & 255);
    this.#memory.add(colour, index);
    return index;
  }

  #search(red: number, green: number, blue: number): number {
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.#red.length; index++) {
      const dr = this.#red[index]! - red;
      const dg = this.#green[index]! - green;
      const db = this.#blue[index]! - blue;
      const distance = dr * dr + dg * dg + db * db;
      if (distance < least) {
        least = distance;
        best = index;
      }
    }
    return best;
  }
}

/** A colour as 0xRRGGBB. */
export function packRgb([red, green, blue]: Rgb): number {
  return (red << 16) | (green << 8) | blue;
}

/** The inverse of {@link packRgb}. */
export function unpackRgb(colour: number): Rgb {
  return [colour >> 16, (colour >> 8) & 255, colour & 255];
}
