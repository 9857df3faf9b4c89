import { ciede2000, rgbToLab } from './colour-difference.js';
import type { Coordinates } from './colour-space.js';
import { packRgb, type Rgb } from './nearest-colour.js';

/**
 * Pixels of a frame whose colour difference is computed; of more, so many are spread evenly over it. All pixels of a
 * noisy frame would take as long as its remapping.
 */
const MEASURED_PIXELS = 2 ** 14;
/** Differences are summed as whole ten-thousandths: sums are the same in any order. */
const DIFFERENCE_UNIT = 1e-4;
/** Pairs of colours whose difference is remembered. */
const MEMORY_PAIRS = 2 ** 16;

/** How far written pixels lie from what they were, as sums; pixels of alpha 0 take no part. */
export interface FitSums {
  readonly pixels: number;
  /** Of the differences of R, G and B squared. */
  readonly squares: number;
  /** Pixels whose colour difference is in `differences`. */
  readonly measured: number;
  /** Of CIEDE2000, in ten-thousandths. */
  readonly differences: number;
}

/** How well the written frames of a character show what they were. */
export interface Quality {
  /** Peak signal-to-noise ratio over R, G and B in decibels, to four places; null where no pixel has changed. */
  readonly psnr: number | null;
  /** Mean colour difference, to four places. */
  readonly meanDeltaE: number;
  /** Its formula. */
  readonly deltaE: 'CIEDE2000';
}

/** Nothing measured. */
export const NO_FIT: FitSums = { pixels: 0, squares: 0, measured: 0, differences: 0 };

/** Sums over both. */
export function addFit(a: FitSums, b: FitSums): FitSums {
  return {
    pixels: a.pixels + b.pixels,
    squares: a.squares + b.squares,
    measured: a.measured + b.measured,
    differences: a.differences + b.differences,
  };
}

/** The figures of sums; null where no pixel was measured. */
export function qualityOf({ pixels, squares, measured, differences }: FitSums): Quality | null {
  if (measured === 0) return null;
  const psnr = squares === 0 ? null : toPlaces(10 * Math.log10((255 ** 2 * 3 * pixels) / squares));
  return { psnr, meanDeltaE: toPlaces((differences * DIFFERENCE_UNIT) / measured), deltaE: 'CIEDE2000' };
}

/** Measures frames against what they become in given colours. */
export class FitMeter {
  readonly #colours: readonly Rgb[];
  readonly #labs: Coordinates[] = [];
  /** A cell remembers the last pair that fell to it: its colour, its index + 1, its difference. */
  readonly #memory = {
    colours: new Uint32Array(MEMORY_PAIRS),
    indices: new Uint32Array(MEMORY_PAIRS),
    differences: new Uint32Array(MEMORY_PAIRS),
  };

  constructor(colours: readonly Rgb[]) {
    this.#colours = colours;
  }

  /** Sums over a frame of interleaved 8-bit RGBA whose pixels become the colours of `indices`. */
  measure(rgba: Uint8Array, width: number, indices: Uint16Array): FitSums {
    const step = stepOf(indices.length, width);
    let [pixels, squares, measured, differences] = [0, 0, 0, 0];
    for (let pixel = 0, next = 0; pixel < indices.length; pixel++) {
      const at = pixel * 4;
      const isNext = pixel === next;
      if (isNext) next += step;
      if (rgba[at + 3] === 0) continue;
      const [red, green, blue] = this.#colours[indices[pixel]!]!;
      pixels++;
      squares += (rgba[at]! - red) ** 2 + (rgba[at + 1]! - green) ** 2 + (rgba[at + 2]! - blue) ** 2;
      if (!isNext) continue;
      measured++;
      differences += this.#difference(packRgb([rgba[at]!, rgba[at + 1]!, rgba[at + 2]!]), indices[pixel]!);
    }
    return { pixels, squares, measured, differences };
  }

  #difference(colour: number, index: number): number {
    const { colours, indices, differences } = this.#memory;
    const cell = (Math.imul(colour ^ (index << 8), 0x9e3779b1) >>> 16) & (MEMORY_PAIRS - 1);
    if (indices[cell] === index + 1 && colours[cell] === colour) return differences[cell]!;
    this.#labs[index] ??= rgbToLab(this.#colours[index]!);
    const lab = rgbToLab([colour >> 16, (colour >> 8) & 255, colour & 255]);
    const difference = Math.round(ciede2000(lab, this.#labs[index]) / DIFFERENCE_UNIT);
    colours[cell] = colour;
    indices[cell] = index + 1;
    differences[cell] = difference;
    return difference;
  }
}

/** So many pixels on, and to other columns in each row. */
function stepOf(pixels: number, width: number): number {
  let step = Math.max(1, Math.ceil(pixels / MEASURED_PIXELS));
  while (commonDivisor(step, width) > 1) step++;
  return step;
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

function toPlaces(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
