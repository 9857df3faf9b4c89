import type { ColourSpace } from './colour-space.js';
import { type Dither, FloydSteinberg, OrderedDither } from './dither.js';
import { NearestColour, packRgb, type Rgb } from './nearest-colour.js';

/** A frame in the colours of a palette. */
export interface RemappedFrame {
  /** One index into {@link Remap.colours} a pixel; 0 where alpha is 0. */
  readonly indices: Uint16Array;
  readonly hasTransparent: boolean;
  /** Whether some alpha is neither 0 nor 255. */
  readonly hasTranslucent: boolean;
}

/** How pixels find their colours. */
export interface RemapOptions {
  /** The palette whose colours stand for those of the first one. */
  readonly target?: readonly Rgb[] | null | undefined;
  readonly dither?: Dither;
  /** Where the nearest colour is. */
  readonly space?: ColourSpace;
}

/**
 * Maps pixels to the nearest colour of a palette, or dithers them in its colours, and then, where one is given, to a
 * target palette, whose colours stand for those of the first one.
 */
export class Remap {
  /** The colours that frames end in: the target's, or the palette's. */
  readonly colours: readonly Rgb[];
  /** For each colour of the palette its index in `colours`. */
  readonly via: Uint16Array;
  readonly dither: Dither;
  /** Red, green and blue of each of `colours`: a pixel painted from an array of its own takes ten times as long. */
  readonly #bytes: Uint8Array;
  readonly #nearest: NearestColour;
  readonly #ordered: OrderedDither | undefined;
  readonly #diffusion: FloydSteinberg | undefined;

  /** Both palettes hold 1 to 65536 colours. */
  constructor(palette: readonly Rgb[], { target, dither = 'none', space = 'rgb' }: RemapOptions = {}) {
    this.dither = dither;
    this.#nearest = new NearestColour(palette, space);
    this.#ordered = dither === 'ordered' ? new OrderedDither(palette, this.#nearest) : undefined;
    this.#diffusion = dither === 'floyd-steinberg' ? new FloydSteinberg(palette, this.#nearest) : undefined;
    this.colours = target ?? palette;
    this.#bytes = Uint8Array.from(this.colours.flat());
    const inTarget = target ? new NearestColour(target, space) : undefined;
    this.via = Uint16Array.from(palette, (rgb, index) => inTarget?.indexOf(packRgb(rgb)) ?? index);
  }

  /** The colour that a colour 0xRRGGBB becomes at a pixel of the image; without the errors of other pixels. */
  colour(rgb: number, x: number, y: number): Rgb {
    return this.colours[this.via[this.#indexOf(rgb, x, y)]!]!;
  }

  #indexOf(rgb: number, x: number, y: number): number {
    return this.#ordered?.indexOf(rgb, x, y) ?? this.#nearest.indexOf(rgb);
  }

  /** The colour of each pixel of a whole image of interleaved 8-bit RGBA by index. */
  frame(rgba: Uint8Array, width: number): RemappedFrame {
    const diffused = this.#diffusion?.indices(rgba, width);
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
      const index = diffused?.[pixel] ?? this.#indexOf(colour, pixel % width, Math.floor(pixel / width));
      indices[pixel] = this.via[index]!;
    }
    return { indices, hasTransparent, hasTranslucent };
  }

  /** Interleaved 8-bit RGBA in the colours that frames end in, alpha kept; a pixel of alpha 0 is all zeros. */
  painted(rgba: Uint8Array, { indices }: RemappedFrame): Uint8Array {
    const painted = new Uint8Array(rgba.length);
    for (let pixel = 0; pixel < indices.length; pixel++) {
      const at = pixel * 4;
      const alpha = rgba[at + 3]!;
      if (alpha === 0) continue;
      const from = indices[pixel]! * 3;
      painted[at] = this.#bytes[from]!;
      painted[at + 1] = this.#bytes[from + 1]!;
      painted[at + 2] = this.#bytes[from + 2]!;
      painted[at + 3] = alpha;
    }
    return painted;
  }
}
