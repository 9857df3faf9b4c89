import { type ColourSpace, rgbToOklab } from './colour-space.js';
import { ColourTable } from './colour-table.js';

/** A colour as bytes. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** Unique colours whose answer is remembered before the memory is emptied. */
const MEMORY_COLOURS = 2 ** 20;

/**
 * The nearest colour of a palette: Euclidean in RGB, exact in integers, or in Oklab, the lowest index on a tie. Each
 * unique colour is searched once and remembered.
 */
export class NearestColour {
  /** One coordinate of each colour, three times. */
  readonly #coordinates: readonly [Float64Array, Float64Array, Float64Array];
  readonly #memory = new ColourTable();

  /** @param palette at least one colour */
  constructor(
    palette: readonly Rgb[],
    readonly space: ColourSpace = 'rgb',
  ) {
    const places = palette.map((rgb) => this.#placeOf(rgb));
    const of = (axis: 0 | 1 | 2) => Float64Array.from(places, (place) => place[axis]);
    this.#coordinates = [of(0), of(1), of(2)];
  }

  #placeOf(rgb: Rgb): Rgb {
    return this.space === 'rgb' ? rgb : rgbToOklab(rgb);
  }

  /** The palette's index for a colour 0xRRGGBB. */
  indexOf(colour: number): number {
    const known = this.#memory.get(colour);
    if (known >= 0) return known;
    if (this.#memory.size === MEMORY_COLOURS) this.#memory.clear();
    const index = this.#search(this.#placeOf(unpackRgb(colour)));
    this.#memory.add(colour, index);
    return index;
  }

  #search([x, y, z]: Rgb): number {
    const [xs, ys, zs] = this.#coordinates;
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let index = 0; index < xs.length; index++) {
      const dx = xs[index]! - x;
      const dy = ys[index]! - y;
      const dz = zs[index]! - z;
      const distance = dx * dx + dy * dy + dz * dz;
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
