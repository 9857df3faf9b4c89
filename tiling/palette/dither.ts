import { ColourTable } from './colour-table.js';
import type { NearestColour, Rgb } from './nearest-colour.js';

/** How pixels share a palette's colours out where none of them is near enough. */
export const DITHERS = ['none', 'floyd-steinberg', 'ordered'] as const;
/** One of {@link DITHERS}. */
export type Dither = (typeof DITHERS)[number];

/** Unique colours whose pair is remembered before the memory is emptied. */
const MEMORY_COLOURS = 2 ** 20;
/** The longest error that is passed on where no colour makes it good, in ways from a colour to the nearest other one. */
const LONGEST_ERROR = 1.5;
/** One over the cosine of the angle between an error and the way to a colour that makes it good: 78 degrees at most. */
const INVERSE_COSINE = 5;
/** Steps that a mixture is told in: as many as the matrix has places. */
const STEPS = 64;

/**
 * The place of a pixel in Bayer's 8×8 matrix, 0 to 63, turned so that the places of even column and row are 32 to 47:
 * an overview that takes every second pixel shows the nearest colours and no mixture by halves.
 */
export function bayerThreshold(x: number, y: number): number {
  let place = 0;
  for (let bit = 0; bit < 3; bit++) place = (place << 2) | ((((x ^ y) >> bit) & 1) << 1) | ((y >> bit) & 1);
  return place ^ 32;
}

/**
 * Ordered dithering to any palette: a colour is mixed of its nearest palette colour a and the colour b with which the
 * mixture comes nearest to it, and where the pixel's threshold lies below the share of b, the pixel is b. A mixture
 * (64 − k)·a + k·b, k from 0 to 32, costs 64 times its squared distance from the colour plus the variance of its
 * pixels, so that of two good mixtures the calmer one is taken; on a tie the lowest b. All in integers: a pixel follows
 * from its colour and its place alone. A colour of the palette stays.
 *
 * The idea of pairs by place is J. Yliluoma's (Arbitrary-palette positional dithering algorithm, 2011), the matrix that
 * of B. E. Bayer (An optimum method for two-level rendition of continuous-tone pictures, ICC 1973).
 */
export class OrderedDither {
  /** Of each colour seen, a in the high and b in the low 16 bits. */
  readonly #pairs = new ColourTable();

  constructor(
    readonly palette: readonly Rgb[],
    readonly nearest: NearestColour,
  ) {}

  /** The palette's index for a colour 0xRRGGBB at a pixel of the image. */
  indexOf(colour: number, x: number, y: number): number {
    let pair = this.#pairs.get(colour);
    if (pair < 0) {
      if (this.#pairs.size === MEMORY_COLOURS) this.#pairs.clear();
      pair = this.#search(colour);
      this.#pairs.add(colour, pair);
    }
    const [a, b] = [pair >>> 16, pair & 0xffff];
    if (a === b) return a;
    return bayerThreshold(x, y) < mixture(colour, this.palette[a]!, this.palette[b]!).share ? b : a;
  }

  #search(colour: number): number {
    const a = this.nearest.indexOf(colour);
    let best = a;
    let least = mixture(colour, this.palette[a]!, this.palette[a]!).cost;
    for (let b = 0; b < this.palette.length; b++) {
      const { cost } = mixture(colour, this.palette[a]!, this.palette[b]!);
      if (cost >= least) continue;
      least = cost;
      best = b;
    }
    return ((a << 16) | best) >>> 0;
  }
}

/** The share of b in 64 that brings the mixture nearest to a colour, and what the mixture costs. */
function mixture(colour: number, a: Rgb, b: Rgb): { readonly share: number; readonly cost: number } {
  const [red, green, blue] = [(colour >> 16) - a[0], ((colour >> 8) & 255) - a[1], (colour & 255) - a[2]];
  const [dr, dg, db] = [b[0] - a[0], b[1] - a[1], b[2] - a[2]];
  const length = dr * dr + dg * dg + db * db;
  const along = Math.max(0, red * dr + green * dg + blue * db);
  const share = length === 0 ? 0 : Math.floor((2 * STEPS * along + length) / (2 * length));
  const off = (STEPS * red - share * dr) ** 2 + (STEPS * green - share * dg) ** 2 + (STEPS * blue - share * db) ** 2;
  return { share, cost: STEPS * off + share * (STEPS - share) * length };
}

/** How much of an error goes on. */
class Reach {
  /** Squared distances from the palette's colours to their nearest others; found when they are needed. */
  readonly #squares: Float64Array;
  /** Of each colour, another that made an error good. */
  readonly #found: Uint16Array;

  constructor(readonly palette: readonly Rgb[]) {
    this.#squares = new Float64Array(palette.length);
    this.#found = new Uint16Array(palette.length);
  }

  /** What of an error goes on from a pixel that took the colour `index`. */
  share(index: number, error: Rgb): number {
    const square = error[0] ** 2 + error[1] ** 2 + error[2] ** 2;
    if (this.#squares[index] === 0) this.#squares[index] = this.#search(index);
    const longest = LONGEST_ERROR ** 2 * this.#squares[index]!;
    return square <= longest || this.#isMadeGood(index, error, square) ? 1 : Math.sqrt(longest / square);
  }

  #search(index: number): number {
    const [red, green, blue] = this.palette[index]!;
    let least = Number.POSITIVE_INFINITY;
    for (const [r, g, b] of this.palette) {
      const square = (r - red) ** 2 + (g - green) ** 2 + (b - blue) ** 2;
      if (square > 0 && square < least) least = square;
    }
    return least;
  }

  /** Whether another colour lies where the error points, so that later pixels can take it. */
  #isMadeGood(index: number, error: Rgb, square: number): boolean {
    // Mostly the one that made the last error good.
    if (this.#isAhead(index, this.#found[index]!, error, square)) return true;
    for (let other = 0; other < this.palette.length; other++) {
      if (!this.#isAhead(index, other, error, square)) continue;
      this.#found[index] = other;
      return true;
    }
    return false;
  }

  /** Whether the way to a colour lies within the angle of an error. In integers, so exact. */
  #isAhead(index: number, other: number, error: Rgb, square: number): boolean {
    const from = this.palette[index]!;
    const to = this.palette[other]!;
    const red = to[0] - from[0];
    const green = to[1] - from[1];
    const blue = to[2] - from[2];
    const along = red * error[0] + green * error[1] + blue * error[2];
    return along > 0 && (INVERSE_COSINE * along) ** 2 >= square * (red * red + green * green + blue * blue);
  }
}

/**
 * Floyd-Steinberg error diffusion over a whole image of interleaved 8-bit RGBA: the palette's index for each pixel, 0
 * where alpha is 0. Serpentine: even rows run to the right, odd ones to the left. A pixel wants its colour plus the
 * error it was given, rounded half up and cut to 0 … 255; what its palette colour leaves goes on, 7/16 to the next
 * pixel of the row, 3/16, 5/16 and 1/16 to those below behind, below and ahead. Where no other colour lies within 78
 * degrees of the way that it points, it points out of the palette: no later pixel can make it good, and it would pile up
 * and run through what follows. It is then shortened to one and a half times the way from its palette colour to the
 * nearest other one, towards 0 in each channel. Errors are
 * kept in sixteenths as integers. Clear pixels take no error and give none; what would go to one, or over the edge, is
 * dropped.
 *
 * R. W. Floyd, L. Steinberg: An adaptive algorithm for spatial greyscale. Proc. SID 17 (1976).
 */
export class FloydSteinberg {
  readonly #reach: Reach;

  constructor(
    readonly palette: readonly Rgb[],
    readonly nearest: NearestColour,
  ) {
    this.#reach = new Reach(palette);
  }

  indices(rgba: Uint8Array, width: number): Uint16Array {
    const indices = new Uint16Array(rgba.length >> 2);
    // One pixel more at both ends takes what goes over the edge.
    let here = new Int32Array((width + 2) * 3);
    let below = new Int32Array((width + 2) * 3);
    for (let row = 0, y = 0; row < indices.length; row += width, y++) {
      const step = y % 2 === 0 ? 1 : -1;
      for (let x = step > 0 ? 0 : width - 1; x >= 0 && x < width; x += step) {
        const at = (row + x) * 4;
        if (rgba[at + 3] === 0) continue;
        const given = (x + 1) * 3;
        const red = wanted(rgba[at]!, here[given]!);
        const green = wanted(rgba[at + 1]!, here[given + 1]!);
        const blue = wanted(rgba[at + 2]!, here[given + 2]!);
        const index = this.nearest.indexOf((red << 16) | (green << 8) | blue);
        indices[row + x] = index;
        const [r, g, b] = this.palette[index]!;
        const left: Rgb = [red - r, green - g, blue - b];
        const share = this.#reach.share(index, left);
        for (let c = 0; c < 3; c++) {
          const error = Math.trunc(left[c]! * share);
          if (error === 0) continue;
          here[given + c + 3 * step]! += 7 * error;
          below[given + c - 3 * step]! += 3 * error;
          below[given + c]! += 5 * error;
          below[given + c + 3 * step]! += error;
        }
      }
      [here, below] = [below, here.fill(0)];
    }
    return indices;
  }
}

function wanted(value: number, sixteenths: number): number {
  return Math.min(255, Math.max(0, value + ((sixteenths + 8) >> 4)));
}
