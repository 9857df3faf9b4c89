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

/** A frame in the colours of a palette. */
export interface RemappedFrame {
  /** One index into {@link Remap.colours} a pixel; 0 where alpha is 0. */
  readonly indices: Uint16Array;
  readonly hasTransparent: boolean;
  /** Whether some alpha is neither 0 nor 255. */
  readonly hasTranslucent: boolean;
}

/** Maps pixels to the nearest colour of a palette and then, where one is given, of a target palette. */
export class Remap {
  /** The colours that frames end in: the target's, or the palette's. */
  readonly colours: readonly Rgb[];
  /** For each colour of the palette its index in `colours`. */
  readonly via: Uint16Array;
  readonly #nearest: NearestColour;

  /** Both palettes hold 1 to 65536 colours. */
  constructor(palette: readonly Rgb[], target?: readonly Rgb[]) {
    this.#nearest = new NearestColour(palette);
    this.colours = target ?? palette;
    const inTarget = target === undefined ? undefined : new NearestColour(target);
    this.via = Uint16Array.from(palette, (rgb, index) => inTarget?.indexOf(packRgb(rgb)) ?? index);
  }

  /** The colour that a colour 0xRRGGBB becomes. */
  colour(rgb: number): Rgb {
    return this.colours[this.via[this.#nearest.indexOf(rgb)]!]!;
  }

  /** The colour of each pixel of interleaved 8-bit RGBA by index. */
  frame(rgba: Uint8Array): RemappedFrame {
    const indices = new Uint16Array(rgba.length >> 2);
    let hasTransparent = false;
    let hasTranslucent = false;
    for (let pixel = 0, at = 0; pixel < indices.length; pixel++, at += 4) {
      const alpha = rgba[at + 3]!;
      if (alpha === 0) {
        hasTransparent = true;
        continue;
      }
      if (alpha !== 255) hasTranslucent = true;
      const colour = (rgba[at]! << 16) | (rgba[at + 1]! << 8) | rgba[at + 2]!;
      indices[pixel] = this.via[this.#nearest.indexOf(colour)]!;
    }
    return { indices, hasTransparent, hasTranslucent };
  }

  /** Interleaved 8-bit RGBA in the colours that frames end in, alpha kept; a pixel of alpha 0 is all zeros. */
  painted(rgba: Uint8Array, { indices }: RemappedFrame = this.frame(rgba)): Uint8Array {
    const painted = new Uint8Array(rgba.length);
    for (let pixel = 0; pixel < indices.length; pixel++) {
      const at = pixel * 4;
      const alpha = rgba[at + 3]!;
      if (alpha === 0) continue;
      painted.set(this.colours[indices[pixel]!]!, at);
      painted[at + 3] = alpha;
    }
    return painted;
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
