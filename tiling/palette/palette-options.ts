import { z } from 'zod';
import { COLOUR_SPACES } from './colour-space.js';
import { DITHERS } from './dither.js';

/** Forms of a palette that are written on demand, beside .json, .gpl and .png. */
export const PALETTE_FORMATS = ['hex', 'pal', 'act', 'txt'] as const;

/** How a palette is found from counted colours and written. Everything has a default. */
export const paletteOptionsSchema = z
  .strictObject({
    method: z.enum(['mean-shift', 'threshold']).default('mean-shift'),
    /** Share of all pixels among which the bandwidth's neighbour is sought. */
    quantile: z.number().gt(0).max(1).default(0.1),
    /** Radius of the flat kernel in units of `space`; estimated by `quantile` where absent. */
    bandwidth: z.number().min(0).optional(),
    /** Threshold method: colours nearer than this to a kept one are not kept. Units of `space`. */
    threshold: z.number().min(0).optional(),
    /** Search in this many pixels drawn at random instead of all. */
    sample: z.number().int().min(1).optional(),
    seed: z.number().int().min(0).max(0xffffffff).default(0),
    /** At most this many colours: those that the pixels would miss most. */
    colors: z.number().int().min(1).max(65536).optional(),
    space: z.enum(COLOUR_SPACES).default('rgb'),
    /** Where a pixel's nearest colour is. */
    remapSpace: z.enum(COLOUR_SPACES).default('rgb'),
    /** How a centre becomes bytes. */
    centres: z.enum(['truncate', 'round']).default('truncate'),
    /** How pixels share the colours out; Floyd-Steinberg takes images that are held whole. */
    dither: z.enum(DITHERS).default('none'),
    /** Further files that each palette is written to: `palette.hex` and so on. */
    formats: z.array(z.enum(PALETTE_FORMATS)).max(PALETTE_FORMATS.length).default([]),
  })
  .refine(({ formats, colors }) => !formats.includes('act') || (colors !== undefined && colors <= 256), {
    path: ['formats'],
    error: '.act holds at most 256 colours: give colors, at most 256',
  })
  .refine(({ dither, remapSpace }) => dither !== 'ordered' || remapSpace === 'rgb', {
    path: ['remapSpace'],
    error: 'ordered dithering mixes colours in RGB: give rgb, or another dither',
  });

/** Checked options with every default filled in. */
export type PaletteOptions = z.output<typeof paletteOptionsSchema>;

/** What `threshold` is where the options leave it open. */
export const DEFAULT_THRESHOLD = { rgb: 32, oklab: 0.08 } as const;
