import { z } from 'zod';
import { BORDERS } from '../operations/descriptor.js';
import { DTYPES } from '../raster/dtype.js';
import { outputFormatOf, TABLE_ENDINGS, tableFormatOf, WRITTEN_ENDINGS } from './output-format.js';
import { pathText } from './path-text.js';

/** Encodings of output blocks. JPEG and WebP are for 8-bit images only. */
export const OUTPUT_CODECS = ['none', 'deflate', 'zstd', 'jpeg', 'webp'] as const;

/** Plain numbers are finite to zod. */
const infinite = z.custom<number>((value) => value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY);

/** Endings of pictures that people ask for. */
const PICTURE_NAME = /\.(?:png|jpe?g|webp|gif|bmp|avif|hei[cf]|jp2|jxl|svs|dzi|zarr|tiff?|gtiff?|btf|tf8)[/\\]*$/i;

/** Whether pixels are taken as they are stored, or upright as the orientation tag says. */
export const ORIENTS = ['as-stored', 'apply'] as const;
/** One of {@link ORIENTS}. */
export type Orient = (typeof ORIENTS)[number];

/** What becomes of colours that are neither grey nor RGB: CMYK and L*a*b*. */
export const COLOURS = ['as-stored', 'rgb'] as const;
/** One of {@link COLOURS}. */
export type Colour = (typeof COLOURS)[number];

type Parameters = Record<string, string | number | boolean>;

const parameterText = z.string().refine((text) => !text.includes('\0'), { error: 'a zero byte' });

/** A record of zod's own leaves a key called `__proto__` out without a word. */
const parameters = z
  .custom<Parameters>((value) => typeof value !== 'object' || value === null || !Object.hasOwn(value, '__proto__'), {
    error: "there is no parameter '__proto__'",
  })
  .pipe(z.record(z.string(), z.union([parameterText, z.number(), z.boolean()])));

const operation = z.strictObject({
  name: z.string().min(1),
  /** As in the operation's formula; see docs/operations.md. */
  params: parameters.default({}),
  border: z.enum(BORDERS).optional(),
  /** What `border: constant` extends the image by. */
  constant: z.number().default(0),
});

/** Where a job writes. Outputs are put together in places of their own: what the command sends to a pipe is a file first. */
export const outputName = pathText.refine((name) => name !== '-', {
  error: 'only blur, process, preview and measure write to standard output (-o -): give a file name',
});

/** A folder is no picture: who names one so wants something else. */
export const outputFolder = outputName.refine((name) => !PICTURE_NAME.test(name), {
  error: 'the output of many images is a folder: leave out the ending of a picture',
});

/** Measurements of labels, as a job of one or of many images asks for them. */
interface Measured {
  readonly operations: readonly unknown[];
  readonly measure?: object | undefined;
}

/**
 * Refuses a job whose output is not what it asks for: a table is made of measurements, and only those do without an
 * operation.
 * @param isTable whether the outputs' names are those of tables
 */
export function checkMeasured<S extends Measured>(isTable: (spec: S) => boolean) {
  return ({ value, issues }: z.core.ParsePayload<S>): void => {
    const refuse = (path: string, message: string) =>
      issues.push({ code: 'custom', path: [path], message, input: value });
    const wantsTable = value.measure !== undefined;
    if (isTable(value) && !wantsTable) refuse('output', 'a table is of measurements: say what is measured');
    if (!isTable(value) && wantsTable) {
      refuse('output', `measurements are a table: end its name in ${TABLE_ENDINGS}`);
    }
    if (value.operations.length > 0 || wantsTable) return;
    const none = { origin: 'array', minimum: 1, inclusive: true } as const;
    issues.push({ code: 'too_small', ...none, path: ['operations'], input: value.operations });
  };
}

/**
 * One job as a user states it, from command-line flags, a YAML or JSON file or the library. Paths are local.
 * Everything but `image`, `output` and `operations` has a default.
 */
export const jobSpecSchema = z
  .strictObject({
    image: pathText,
    /** Which image of a file of several, from 1, as `halotile inspect` numbers them. */
    page: z.number().int().min(1).max(65_536).optional(),
    /** `apply` turns the image upright first, so that map and mask have that size, and the output no orientation. */
    orient: z.enum(ORIENTS).default('as-stored'),
    /** `rgb` makes RGB of CMYK and L*a*b* first; `as-stored` filters their channels, and the output has the same colours. */
    colour: z.enum(COLOURS).default('as-stored'),
    map: pathText.optional(),
    output: outputName.refine((name) => outputFormatOf(name) !== undefined || tableFormatOf(name) !== undefined, {
      error: `the ending of an output names its format: end its name in ${WRITTEN_ENDINGS}, that of a table in ${TABLE_ENDINGS}`,
    }),
    /** At least one, but where labels are measured as they are. */
    operations: z.array(operation).max(64),
    /** Writes, in place of an image, a table of the labels that the operations give, or that the image holds. */
    measure: z
      .strictObject({
        /** Images of the same size, whose samples are measured under each label. */
        images: z.array(pathText).max(64).default([]),
        /** What their columns are called by, one each; their own file names where absent. */
        names: z.array(pathText).max(64).optional(),
      })
      .optional(),
    /** What makes the map: run over the file that `map` names, or over the image itself; the file as it is where absent. */
    mapOperations: z.array(operation).min(1).max(64).optional(),
    /** v = scale·value + offset; value' = min(v, max). */
    mapping: z
      .strictObject({
        scale: z.number().default(1),
        offset: z.number().default(0),
        max: z.number().min(0).optional(),
        /** What a non-finite or negative v does: fail the job, or count as 0. */
        invalid: z.enum(['error', 'clamp']).default('error'),
      })
      .prefault({}),
    /** Output sample type; the input's where absent. */
    dtype: z.enum(DTYPES).optional(),
    /** One value for all channels or one each; replaces what the file says. `none` ignores the file's. */
    nodata: z.union([z.literal('none'), z.array(z.union([z.number(), z.nan(), infinite])).min(1)]).optional(),
    /** `weighted` averages colour by unassociated alpha; `channel` treats alpha as one more channel. */
    alpha: z.enum(['weighted', 'channel']).default('weighted'),
    /** `use` leaves the pixels that a mask inside the image's file hides out of every window; `ignore` reads over it. */
    mask: z.enum(['use', 'ignore']).default('use'),
    halo: z.enum(['adaptive', 'max']).default('adaptive'),
    compression: z
      .strictObject({
        codec: z.enum(OUTPUT_CODECS).default('deflate'),
        /** Deflate 1 to 9, ZSTD 1 to 19; the codec's fast level where absent. */
        level: z.number().int().min(1).max(19).optional(),
        /** JPEG and WebP, 1 to 100. */
        quality: z.number().int().min(1).max(100).default(90),
        predictor: z.boolean().default(true),
      })
      .prefault({}),
    overviews: z.boolean().default(true),
    /** Tile side in pixels, a multiple of the output block; chosen by the planner where absent. */
    tile: z.number().int().min(16).max(32768).optional(),
    /** Output block side in pixels, a multiple of 16. */
    block: z.number().int().min(16).max(4096).multipleOf(16).default(512),
  })
  .check(checkMeasured(({ output }) => tableFormatOf(output) !== undefined));

/** A checked job with every default filled in. */
export type JobSpec = z.output<typeof jobSpecSchema>;
/** A job as written: only what differs from the defaults. */
export type JobSpecInput = z.input<typeof jobSpecSchema>;
