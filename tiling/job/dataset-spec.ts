import { z } from 'zod';
import { paletteOptionsSchema } from '../palette/palette-options.js';
import { type JobSpec, jobSpecSchema, outputFolder } from './job-spec.js';
import { pathText } from './path-text.js';

const side = z.number().int().min(1).max(65535);
const sizeText = z
  .string()
  .regex(/^\d{1,5}[x×]\d{1,5}$/, { error: 'size is WIDTHxHEIGHT' })
  .transform((text) => {
    const [width, height] = text.split(/[x×]/).map(Number);
    return { width: width!, height: height! };
  })
  .pipe(z.strictObject({ width: side, height: side }));

/** One image of a dataset, with its distance map and the character it belongs to. */
const datasetImage = z.strictObject({
  image: pathText,
  map: pathText.optional(),
  /** The image's folder where absent. */
  character: z.string().min(1).optional(),
  /** Path of its output in the character's folder, the ending aside; the image's own file name where absent. */
  name: z
    .string()
    .regex(/^[^/\\\0.][^\\\0]*$/, { error: 'name is a relative path' })
    .refine((name) => !name.split('/').some((part) => part === '' || part.startsWith('.')), {
      error: 'name is a relative path without empty or hidden parts',
    })
    .optional(),
});

const { operations, mapping, dtype, nodata, alpha } = jobSpecSchema.shape;

/**
 * One job over many images as a user states it, from command-line flags, a YAML or JSON file or the library:
 * every image passes the chain, then all images of a character get one palette. Paths are local.
 */
export const datasetSpecSchema = z
  .strictObject({
    /** Folders of character folders, folders of frames, patterns, files, or manifests (.csv, .yaml, .json). */
    frames: z.array(pathText).default([]),
    /** Images named one by one, beside or instead of `frames`. */
    images: z.array(datasetImage).default([]),
    /** Folder that gets one folder per character, and the report. */
    output: outputFolder,
    /** The chain that every image passes first; as in an image job. */
    operations: z.array(operations.element).max(64).default([]),
    /** How map values become radii or sigmas; as in an image job. */
    mapping,
    /** Sample type that the chain ends in; as in an image job, but colours have 8 or 16 bits. */
    dtype: dtype.unwrap().exclude(['float32']).optional(),
    nodata,
    alpha,
    /** Size to downscale every image to after its chain; its own where null. */
    size: z
      .union([z.strictObject({ width: side, height: side }), sizeText])
      .nullable()
      .default(null),
    /** Palette file that remapped frames are mapped to in turn. */
    target: pathText.optional(),
    palette: paletteOptionsSchema.prefault({}),
    /** What an unreadable image or a character without colours does: stop the job, or be reported. */
    onError: z.enum(['fail', 'skip']).default('fail'),
    /** Disk that downscaled frames may take between counting and remapping; beyond it frames are decoded twice. */
    spillBytes: z
      .number()
      .int()
      .min(0)
      .default(8 * 2 ** 30),
    /** Images of more pixels are never held whole: they are filtered by tiles and written by bands. */
    wholePixels: z
      .number()
      .int()
      .min(1)
      .max(2 ** 27)
      .default(2 ** 24),
    /** How images of more pixels at their final size are written: as tiled BigTIFF with overviews, or as one PNG. */
    largeFormat: z.enum(['tif', 'png']).default('tif'),
  })
  .refine(({ frames, images }) => frames.length + images.length > 0, {
    error: 'no images: give frames or images',
  });

/** A checked dataset job with every default filled in. */
export type DatasetSpec = z.output<typeof datasetSpecSchema>;
/** A dataset job as written: only what differs from the defaults. */
export type DatasetSpecInput = z.input<typeof datasetSpecSchema>;

/** Whether a job is one over many images, whose colours become palettes. */
export function isDatasetSpec(spec: object): spec is DatasetSpec {
  return 'palette' in spec;
}

/** What of a dataset job decides an image's pixels before its palette: data that goes to every thread. */
export type ImageChain = Pick<DatasetSpec, 'operations' | 'mapping' | 'dtype' | 'nodata' | 'alpha'>;

/** The chain of a dataset job. */
export function chainOf({ operations, mapping, dtype, nodata, alpha }: DatasetSpec): ImageChain {
  return { operations, mapping, dtype, nodata, alpha };
}

/**
 * The image job that one image of a dataset stands for: an uncompressed file without overviews, which is read
 * once and thrown away. Colours are counted with alpha but without masks, so masks are not read.
 */
export function imageJobOf(
  chain: ImageChain,
  files: { readonly image: string; readonly map?: string; readonly output: string },
): JobSpec {
  const compression = { codec: 'none', quality: 90, predictor: true } as const;
  return {
    ...chain,
    ...files,
    orient: 'as-stored',
    colour: 'rgb',
    mask: 'ignore',
    halo: 'adaptive',
    compression,
    overviews: false,
    block: 512,
  };
}
