import { z } from 'zod';
import { ERROR_TABLE, type ErrorTag } from './error-table.js';
import { isSystemFault, systemWords } from './system-fault.js';
import { asOneLine, type FileName, inNames, joined, type NameOfFile, textOf, type Words } from './words.js';

/** What a user needs to hear, in the order in which the message gives it: where, what, what instead, what to do. */
export interface ErrorDetail {
  /** What was wrong, with the value met. */
  readonly what: Words;
  /** The file, folder or object at fault, by the path or URL under which it was met. */
  readonly file?: string;
  readonly job?: string;
  readonly tile?: { readonly stage: number; readonly index: number };
  /** Where in the file, or an option, a byte offset or whatever else is no file. */
  readonly where?: Words;
  readonly pixel?: { readonly x: number; readonly y: number };
  readonly expected?: Words;
  readonly remedy?: Words;
}

/**
 * Every error that halotile raises on purpose. `message` is one sentence built from `detail`, with files as they were
 * met; {@link calledBy} gives the detail in the names of somebody else.
 */
export class HalotileError extends Error {
  readonly tag: ErrorTag;
  readonly detail: ErrorDetail;

  constructor(tag: ErrorTag, detail: ErrorDetail, options?: { cause?: unknown }) {
    const lines = oneLine(detail);
    super(textOf(sentenceOf(lines)), options);
    this.name = 'HalotileError';
    this.tag = tag;
    this.detail = lines;
  }
}

/** The one sentence of a failure. */
export function sentenceOf(detail: ErrorDetail): Words {
  const { what, expected, remedy } = detail;
  const place = placeOf(detail);
  return joined([
    ...(place === '' ? [what] : [place, ': ', what]),
    ...(expected === undefined ? [] : ['; expected ', expected]),
    ...(remedy === undefined ? [] : ['; ', remedy]),
  ]);
}

/** The detail as somebody calls the files in it. */
export function calledBy(detail: ErrorDetail, nameOf: NameOfFile): ErrorDetail {
  const texts = TEXTS.flatMap((field) =>
    detail[field] === undefined ? [] : [[field, inNames(detail[field], nameOf)]],
  );
  return {
    ...detail,
    ...Object.fromEntries(texts),
    ...(detail.file !== undefined && { file: nameOf(detail.file) }),
  };
}

/** A detail that says which file it is about, whatever it said before. */
export function aboutFile(detail: ErrorDetail, file: string): ErrorDetail {
  const isNamed = ({ file: named }: FileName) => named === file;
  const isAbout = TEXTS.some((field) => {
    const words = detail[field] ?? '';
    return typeof words !== 'string' && words.some((part) => typeof part !== 'string' && isNamed(part));
  });
  if (detail.file === file || isAbout) return detail;
  return { what: sentenceOf(detail), file };
}

/** The texts of a detail. */
export const TEXTS = ['what', 'where', 'expected', 'remedy'] as const;

function placeOf({ job, tile, file, where, pixel }: ErrorDetail): Words {
  const words: (Words | FileName)[] = [
    ...(job === undefined ? [] : [`job ${job}`]),
    ...(tile === undefined ? [] : [`tile ${tile.index} of stage ${tile.stage}`]),
    ...(file === undefined ? [] : [{ file }]),
    ...(where === undefined ? [] : [where]),
    ...(pixel === undefined ? [] : [`pixel ${pixel.x},${pixel.y}`]),
  ];
  return joined(words.flatMap((part, index) => (index === 0 || beginsApart(part) ? [part] : [' ', part])));
}

/** Whether a place goes on without a space: `, line 3`. */
function beginsApart(part: Words | FileName): boolean {
  return typeof part === 'string' && /^[,:]/.test(part);
}

/** A fault of the file or values that a user gave; raised before any work starts where that is possible. */
export function badInput(detail: ErrorDetail, cause?: unknown): HalotileError {
  return new HalotileError('bad-input', detail, { cause });
}

/** A fault of the options that a user gave. */
export function badUsage(detail: ErrorDetail): HalotileError {
  return new HalotileError('bad-usage', detail);
}

/**
 * The error as it crosses a thread or a process: structured clone keeps an Error's message but drops its
 * class and fields.
 */
export interface ErrorRecord {
  readonly tag: ErrorTag;
  readonly detail: ErrorDetail;
}

const wordsSchema = z.union([
  z.string(),
  z.array(z.union([z.string(), z.strictObject({ file: z.string() })])).readonly(),
]);
const wholeSchema = z.number().int().min(0);

/** Of an {@link ErrorRecord} that comes from a file. */
export const errorRecordSchema = z.object({
  tag: z.enum(Object.keys(ERROR_TABLE) as ErrorTag[]),
  detail: z.object({
    what: wordsSchema,
    file: z.string().optional(),
    job: z.string().optional(),
    tile: z.object({ stage: wholeSchema, index: wholeSchema }).optional(),
    where: wordsSchema.optional(),
    pixel: z.object({ x: wholeSchema, y: wholeSchema }).optional(),
    expected: wordsSchema.optional(),
    remedy: wordsSchema.optional(),
  }),
});

/**
 * Turns anything thrown into a record; what is not ours becomes `fallback` with its own words as `what`, an answer of
 * the operating system in words that name no file.
 */
export function toErrorRecord(error: unknown, fallback: ErrorTag, place: ErrorPlace = {}): ErrorRecord {
  if (error instanceof HalotileError) return { tag: error.tag, detail: error.detail };
  const what = isSystemFault(error) ? systemWords(error) : error instanceof Error ? error.message : String(error);
  const { path } = (error ?? {}) as NodeJS.ErrnoException;
  const file = isSystemFault(error) && typeof path === 'string' ? { file: path } : {};
  return { tag: fallback, detail: { what, ...file, ...place } };
}

/** Where a failure met whoever did not raise it. */
export type ErrorPlace = Pick<ErrorDetail, 'file' | 'job' | 'tile' | 'where' | 'pixel'>;

/** The inverse of {@link toErrorRecord}. */
export function fromErrorRecord(record: ErrorRecord): HalotileError {
  return new HalotileError(record.tag, record.detail);
}

/** Libraries' texts and names of files may have several lines; a sentence of ours has one. */
function oneLine(detail: ErrorDetail): ErrorDetail {
  const texts = TEXTS.flatMap((field) => {
    const words = detail[field];
    if (words === undefined) return [];
    return [
      [
        field,
        typeof words === 'string'
          ? asOneLine(words)
          : words.map((part) => (typeof part === 'string' ? asOneLine(part) : part)),
      ],
    ];
  });
  return { ...detail, ...Object.fromEntries(texts) };
}
