import { z } from 'zod';
import { errorRecordSchema } from '../../tiling/errors.js';
import { paletteSchema } from '../../tiling/palette/palette.js';
import { innerName, innerPath } from '../../tiling/stitch/ledger.js';

/** What the ledger of a character says: which frames are counted, which palette they have, which are written. */

const whole = z.number().int().min(0);
const checksum = whole.max(0xffff_ffff);
const side = z.number().int().min(1).max(65535);
const base64 = z.base64();
const digits = z.string().regex(/^\d{1,24}$/);

/** Size, modification time and inode of a file. */
const print = z.tuple([digits, digits, digits]).readonly();

/** Of an image, and of its map where it has one. */
const framePrint = z.tuple([print, print.nullable()]).readonly();

/** `[file, offset, width, height, crc]`, the file without its directory. */
const spillRecord = z.tuple([innerName, whole, side, side, checksum]).readonly();

/** `[width, height, base64 of RGBA]` */
const previewRecord = z
  .tuple([side.max(128), side.max(128), base64])
  .refine(([width, height, rgba]) => Buffer.byteLength(rgba, 'base64') === width * height * 4)
  .readonly();

const largeImage = z.object({ atFinalSize: z.boolean(), transparent: z.boolean(), translucent: z.boolean() });

const fit = z.object({ pixels: whole, squares: whole, measured: whole, differences: whole });

const quality = z.object({ psnr: z.number().nullable(), meanDeltaE: z.number(), deltaE: z.literal('CIEDE2000') });

const sample = z.object({ frame: z.string(), before: base64, after: base64 });

const rgb = paletteSchema.shape.colors.unwrap().element.shape.rgb;

const summary = z.object({
  character: z.string(),
  frames: whole,
  written: whole,
  palette: paletteSchema,
  target: z.array(rgb).readonly().nullable(),
  failures: z.array(z.object({ frame: z.string(), message: z.string() })).readonly(),
  quality: quality.nullable(),
  sourceSizes: z.array(z.string()).readonly(),
  samples: z.array(sample).readonly(),
});

const beginRecord = z.object({ type: z.literal('begin'), digest: z.string().regex(/^[0-9a-f]{64}$/) });

const frameRecord = z.object({
  type: z.literal('frame'),
  name: z.string(),
  print: framePrint,
  hash: z.string().regex(/^(?:[0-9a-f]{32})?$/),
  source: z.string(),
  spilled: spillRecord.nullable(),
  large: largeImage.optional(),
  /** Of an image that is large at its final size: a small one of it, RGBA as base64. */
  preview: previewRecord.optional(),
});

const failedRecord = z.object({
  type: z.literal('failed'),
  name: z.string(),
  print: framePrint.nullable(),
  error: errorRecordSchema,
});

const paletteRecord = z.object({ type: z.literal('palette'), palette: paletteSchema });

const writtenRecord = z.object({
  type: z.literal('written'),
  name: z.string(),
  /** Relative to the character's folder. */
  file: innerPath.regex(/\.(?:png|tif)$/),
  bytes: whole,
  /** Of images that are large at their final size none is measured. */
  fit: fit.nullable(),
  sample: sample.nullable(),
});

const doneRecord = z.object({ type: z.literal('done'), summary });

/** What the ledger of a character holds, in the order of its life. */
export const characterRecordSchema = z.discriminatedUnion('type', [
  beginRecord,
  frameRecord,
  failedRecord,
  paletteRecord,
  writtenRecord,
  doneRecord,
]);

/** One line of a character's ledger. */
export type CharacterRecord = z.output<typeof characterRecordSchema>;
/** By what a frame's file is known to be the one of before. */
export type FramePrint = z.output<typeof framePrint>;
/** Where a frame's decoded pixels were put for the remapping. */
export type SpillRecord = z.output<typeof spillRecord>;
/** The small picture of a large image that the report shows. */
export type PreviewRecord = z.output<typeof previewRecord>;
