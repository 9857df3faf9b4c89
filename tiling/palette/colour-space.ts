import type { CountedColour } from './colour-counts.js';

/** Where distances between colours are measured while a palette is searched. */
export const COLOUR_SPACES = ['rgb', 'oklab'] as const;
export type ColourSpace = (typeof COLOUR_SPACES)[number];

/** Three coordinates of a colour: R, G, B from 0 to 255, or Oklab's L (0 to 1), a, b. */
export type Coordinates = readonly [number, number, number];

/** Weighted points of three coordinates, in one fixed order. */
export interface WeightedPoints {
  readonly length: number;
  /** 3 × length, interleaved. */
  readonly coordinates: Float64Array;
  /** Pixels that each point stands for: integers ≥ 1. */
  readonly weights: Float64Array;
  /** weight × coordinate, 3 × length; in RGB exact integers. */
  readonly sums: Float64Array;
}

/** The colours' means as points of a space, in the given order. */
export function pointsOf(colours: readonly CountedColour[], space: ColourSpace): WeightedPoints {
  const length = colours.length;
  const coordinates = new Float64Array(length * 3);
  const sums = new Float64Array(length * 3);
  const weights = new Float64Array(length);
  colours.forEach(({ count, red, green, blue }, point) => {
    weights[point] = count;
    const rgb: Coordinates = [red / count, green / count, blue / count];
    if (space === 'rgb') {
      coordinates.set(rgb, point * 3);
      sums.set([red, green, blue], point * 3);
    } else {
      const lab = rgbToOklab(rgb);
      coordinates.set(lab, point * 3);
      sums.set([lab[0] * count, lab[1] * count, lab[2] * count], point * 3);
    }
  });
  return { length, coordinates, weights, sums };
}

/** A point of a space as R, G, B from 0 to 255, not rounded; out-of-gamut Oklab is cut to the range. */
export function toRgb(coordinates: Coordinates, space: ColourSpace): Coordinates {
  return space === 'rgb' ? coordinates : oklabToRgb(coordinates);
}

/**
 * Oklab of an sRGB colour (0 to 255 a channel): B. Ottosson, "A perceptual color space for image processing",
 * 2020, with the matrices of 2021-01-25 and the sRGB transfer curve of IEC 61966-2-1.
 */
export function rgbToOklab([red, green, blue]: Coordinates): Coordinates {
  const r = linear(red / 255);
  const g = linear(green / 255);
  const b = linear(blue / 255);
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

/** The inverse of {@link rgbToOklab}, cut to 0 … 255. */
export function oklabToRgb([lightness, a, b]: Coordinates): Coordinates {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    encoded(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    encoded(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    encoded(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

function linear(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

function encoded(value: number): number {
  const curve = value <= 0.0031308 ? value * 12.92 : 1.055 * value ** (1 / 2.4) - 0.055;
  return Math.min(255, Math.max(0, curve * 255));
}
