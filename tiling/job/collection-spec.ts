import { z } from 'zod';
import type { DatasetSpec } from './dataset-spec.js';
import { checkMeasured, type JobSpec, jobSpecSchema, outputFolder, outputName } from './job-spec.js';
import { isTemplate, TEMPLATE_WORDS, tellsImagesApart, unknownWord } from './name-template.js';
import { endingFormatOf, tableFormatOf, WRITTEN_ENDINGS } from './output-format.js';
import { PAGE_RANGE } from './page-range.js';
import { pathText } from './path-text.js';

const { image, page, output, map: _, ...chain } = jobSpecSchema.shape;

const isWritten = (name: string) => endingFormatOf(name) !== undefined || tableFormatOf(name) !== undefined;
const knownWords = (text: string) => unknownWord(text) === undefined;
const KNOWN = { error: `a name's words in braces are ${TEMPLATE_WORDS.map((word) => `{${word}}`).join(', ')}` };

/** One image of a collection by its name, with a map and an output of its own where wanted. */
const collectionImage = z.strictObject({
  image,
  page,
  map: pathText.optional(),
  output: output.optional(),
});

/**
 * One job over many images, each with its own map and output, as a user states it: from command-line flags, a YAML or
 * JSON file or the library. Every image is the image job of the same fields; only the output's pixels are promised, in
 * whatever order they come. Paths are local.
 */
export const collectionSpecSchema = z
  .strictObject({
    /** Folders, patterns, manifests (.csv, .yaml, .json), files, and images named one by one. */
    images: z.union(
      [
        z.array(z.union([pathText, collectionImage])).min(1),
        pathText.transform((name): (string | z.output<typeof collectionImage>)[] => [name]),
      ],
      { error: 'images are a file, pattern, folder or manifest, or a list of these and of {image, map, output}' },
    ),
    /** Name of the map of an image that has none of its own, with words of TEMPLATE_WORDS in braces. */
    map: pathText.refine(knownWords, KNOWN).optional(),
    /** A folder, which gets DIR/NAME.tif of each image, or a name with words in braces. */
    output: outputName
      .refine(knownWords, KNOWN)
      .refine(
        (name) => !isTemplate(name) || (tellsImagesApart(name) && (isWritten(name) || /\.\{ext\}$/i.test(name))),
        {
          error: `the output of many images holds {name} or {stem} and ends in .{ext}, ${WRITTEN_ENDINGS}`,
        },
      )
      .refine((name) => isTemplate(name) || outputFolder.safeParse(name).success, {
        error: 'the output of many images is a folder, or a name like out/{name}.tif',
      }),
    page,
    ...chain,
    /** The pages of each image of which a job is made: `all`, or numbers and ranges from 1, in place of `page`. */
    pages: z.string().regex(PAGE_RANGE, { error: 'pages are `all`, or numbers and ranges like 1-3,7' }).optional(),
    /** What an image that cannot be processed does: stop the job, or be reported while the others go on. */
    onError: z.enum(['stop', 'skip']).default('stop'),
    /** As of one image; names may hold words in braces. */
    measure: chain.measure.refine((measure) => measure?.images.every(knownWords) !== false, KNOWN),
  })
  .check(checkMeasured(({ output }) => tableFormatOf(output) !== undefined));

/** A checked collection with every default filled in. */
export type CollectionSpec = z.output<typeof collectionSpecSchema>;
/** A collection as written: only what differs from the defaults. */
export type CollectionSpecInput = z.input<typeof collectionSpecSchema>;

/** Any job as a user states it. */
export type AnyJobSpec = JobSpec | DatasetSpec | CollectionSpec;

/** Whether a job is one over many images, each with an output of its own. */
export function isCollectionSpec(spec: AnyJobSpec): spec is CollectionSpec {
  return 'images' in spec && !('palette' in spec);
}

/** Keys that only a job of palettes has. */
const PALETTE_KEYS = ['frames', 'palette', 'target', 'size', 'spillBytes', 'wholePixels', 'largeFormat'] as const;

/**
 * What a job file describes: many images with operations and without anything about palettes are a collection, other
 * jobs of many images a dataset.
 */
export function kindOfDocument(document: unknown): 'image' | 'dataset' | 'collection' {
  if (typeof document !== 'object' || document === null) return 'image';
  if (PALETTE_KEYS.some((key) => key in document)) return 'dataset';
  if (!('images' in document)) return 'image';
  const { images } = document as { readonly images: unknown };
  const ofCharacters =
    Array.isArray(images) && images.some((each) => hasKey(each, 'character') || hasKey(each, 'name'));
  return 'operations' in document && !ofCharacters ? 'collection' : 'dataset';
}

function hasKey(value: unknown, key: string): boolean {
  return typeof value === 'object' && value !== null && key in value;
}

/** The files of one image of a collection. */
export interface ImageFiles {
  readonly image: string;
  /** Which of its pages, where the job takes several. */
  readonly page?: number;
  readonly map?: string;
  /** What is measured under its labels, where a table is wanted. */
  readonly measured?: readonly string[];
  readonly output: string;
}

/** The image job that one image of a collection is. */
export function imageJobOf(
  { images: _, map: __, onError: ___, pages: ____, measure: _____, ...job }: CollectionSpec,
  { image, page, map, measured, output }: ImageFiles,
): JobSpec {
  return {
    ...{ ...job, image, output, ...(page !== undefined && { page }), ...(map !== undefined && { map }) },
    ...(measured !== undefined && { measure: { images: [...measured] } }),
  };
}
