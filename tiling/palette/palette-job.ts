import { z } from 'zod';
import { paletteOptionsSchema } from './palette-options.js';

const side = z.number().int().min(1).max(65535);

/** One palette job over a dataset as a user states it. Paths are local. */
export const paletteJobSchema = z.strictObject({
  /** A folder of character folders, a folder of frames, patterns, files, or one manifest (.csv, .yaml, .json). */
  frames: z.array(z.string().min(1)).min(1),
  /** Folder that gets one folder per character, and the report. */
  output: z.string().min(1),
  /** Size to downscale every frame to; its own where null. */
  size: z.strictObject({ width: side, height: side }).nullable().default(null),
  /** Palette file that remapped frames are mapped to in turn. */
  target: z.string().min(1).optional(),
  palette: paletteOptionsSchema.prefault({}),
  /** What an unreadable frame or a character without colours does: stop the job, or be reported. */
  onError: z.enum(['fail', 'skip']).default('fail'),
  /** Disk that downscaled frames may take between counting and remapping; beyond it frames are decoded twice. */
  spillBytes: z
    .number()
    .int()
    .min(0)
    .default(8 * 2 ** 30),
});

/** A checked palette job with every default filled in. */
export type PaletteJob = z.output<typeof paletteJobSchema>;
export type PaletteJobInput = z.input<typeof paletteJobSchema>;
