import { z } from 'zod';
import { badInput } from '../errors.js';
import { estimateBandwidth } from './bandwidth.js';
import { capColours } from './cap-colours.js';
import type { ColourCounts, CountedColour } from './colour-counts.js';
import { type Coordinates, pointsOf, toRgb, type WeightedPoints } from './colour-space.js';
import { gatherColours } from './gather.js';
import { meanShift } from './mean-shift.js';
import { NearestColour, packRgb, type Rgb } from './nearest-colour.js';
import { DEFAULT_THRESHOLD, type PaletteOptions } from './palette-options.js';
import { samplePixels } from './sample.js';
import { keepBeyondThreshold } from './threshold.js';

const channel = z.number().int().min(0).max(255);
const pixelCount = z.number().int().min(0);

/** The colours that represent a set of images, and how they were found. */
export const paletteSchema = z.object({
  /** In the order in which they were found: an index into it is what remapping gives. */
  colors: z
    .array(
      z.object({
        rgb: z.tuple([channel, channel, channel]).readonly(),
        /** Counted pixels whose nearest palette colour this is. */
        count: pixelCount,
      }),
    )
    .min(1)
    .max(65536)
    .readonly(),
  /** Radius of the flat kernel; null where the method has none. */
  bandwidth: z.number().nullable(),
  /** Root mean square distance in RGB between the counted pixels and their palette colours. */
  error: z.number(),
  /** Pixels counted: those whose alpha is not 0. */
  pixels: pixelCount,
  /** Unique colours counted, or occupied cells where there were more than 2^20. */
  uniqueColors: pixelCount,
  /** Bits a channel that colours were told apart by in the search; 8 unless there were too many. */
  gridBits: z.literal([8, 7, 6, 5, 4]),
});

/** See {@link paletteSchema}. */
export type Palette = Readonly<z.output<typeof paletteSchema>>;

/**
 * The palette of counted colours: the same for the same pixels, however they were counted and merged. Centres
 * become bytes by truncation or by rounding half up; equal ones are taken once. With `colors`, those are kept
 * that the pixels would miss most ({@link capColours}). Counts and `error` are those of the final colours.
 * @throws HalotileError bad-input where no pixel was counted
 */
export function findPalette(counts: ColourCounts, options: PaletteOptions): Palette {
  if (counts.pixels === 0) {
    throw badInput({ what: 'no opaque pixel to take colours from', expected: 'at least one pixel with alpha above 0' });
  }
  const entries = counts.entries();
  const searched = options.sample === undefined ? entries : samplePixels(entries, options.sample, options.seed);
  const { colours, gridBits } = gatherColours(searched, counts.cellBits);
  const { centres, bandwidth } = search(pointsOf(colours, options.space), options);
  let palette = asBytes(centres, options);
  let fit = assign(entries, palette);
  if (options.colors !== undefined && palette.length > options.colors) {
    palette = capColours(palette, fit.counts, options.colors);
    fit = assign(entries, palette);
  }
  return {
    colors: palette.map((rgb, index) => ({ rgb, count: fit.counts[index]! })),
    bandwidth,
    error: fit.error,
    pixels: counts.pixels,
    uniqueColors: counts.size,
    gridBits,
  };
}

function search(
  points: WeightedPoints,
  { method, bandwidth, quantile, threshold, space }: PaletteOptions,
): { readonly centres: readonly Coordinates[]; readonly bandwidth: number | null } {
  if (method === 'threshold') {
    return { centres: keepBeyondThreshold(points, threshold ?? DEFAULT_THRESHOLD[space]), bandwidth: null };
  }
  const radius = bandwidth ?? estimateBandwidth(points, quantile);
  return { centres: meanShift(points, radius).map(({ at }) => at), bandwidth: radius };
}

function asBytes(centres: readonly Coordinates[], { space, centres: rule }: PaletteOptions): Rgb[] {
  const toByte = (value: number) => Math.floor(rule === 'round' ? value + 0.5 : value + BYTE_SLACK[space]);
  const colours = new Map<number, Rgb>();
  for (const centre of centres) {
    const [red, green, blue] = toRgb(centre, space);
    const rgb: Rgb = [toByte(red), toByte(green), toByte(blue)];
    if (!colours.has(packRgb(rgb))) colours.set(packRgb(rgb), rgb);
  }
  return [...colours.values()];
}

/** The way to Oklab and back may leave a byte a little below itself; truncation must not take one off. */
const BYTE_SLACK = { rgb: 0, oklab: 1e-3 } as const;

function assign(
  entries: readonly CountedColour[],
  palette: readonly Rgb[],
): { readonly counts: Float64Array; readonly error: number } {
  const nearest = new NearestColour(palette);
  const counts = new Float64Array(palette.length);
  let squares = 0;
  let pixels = 0;
  for (const { count, red, green, blue } of entries) {
    const mean: Rgb = [Math.round(red / count), Math.round(green / count), Math.round(blue / count)];
    const index = nearest.indexOf(packRgb(mean));
    const [r, g, b] = palette[index]!;
    counts[index]! += count;
    squares += count * ((mean[0] - r) ** 2 + (mean[1] - g) ** 2 + (mean[2] - b) ** 2);
    pixels += count;
  }
  return { counts, error: Math.sqrt(squares / pixels) };
}
