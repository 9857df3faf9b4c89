import { z } from 'zod';
import { byName } from './by-name.js';

/**
 * What a failure means to whoever asked for the job: one row per tag, so that the command line and the
 * gRPC API cannot disagree. `grpc` is the canonical status name; `retryable` says that the same request
 * may succeed later without a change.
 */
export const ERROR_TABLE = byName({
  'bad-usage': { exitCode: 2, grpc: 'INVALID_ARGUMENT', retryable: false },
  'bad-input': { exitCode: 2, grpc: 'INVALID_ARGUMENT', retryable: false },
  'partial-conflict': { exitCode: 2, grpc: 'FAILED_PRECONDITION', retryable: false },
  'already-exists': { exitCode: 2, grpc: 'ALREADY_EXISTS', retryable: false },
  'not-found': { exitCode: 2, grpc: 'NOT_FOUND', retryable: false },
  'not-allowed': { exitCode: 2, grpc: 'PERMISSION_DENIED', retryable: false },
  'not-ready': { exitCode: 1, grpc: 'FAILED_PRECONDITION', retryable: true },
  'data-loss': { exitCode: 1, grpc: 'DATA_LOSS', retryable: true },
  unreachable: { exitCode: 1, grpc: 'UNAVAILABLE', retryable: true },
  'input-changed': { exitCode: 1, grpc: 'ABORTED', retryable: true },
  'output-failed': { exitCode: 1, grpc: 'UNAVAILABLE', retryable: true },
  'tile-failed': { exitCode: 1, grpc: 'INTERNAL', retryable: true },
  'kernel-failed': { exitCode: 1, grpc: 'FAILED_PRECONDITION', retryable: false },
  'tile-poisoned': { exitCode: 1, grpc: 'INTERNAL', retryable: false },
  'over-limit': { exitCode: 2, grpc: 'RESOURCE_EXHAUSTED', retryable: false },
  interrupted: { exitCode: 130, grpc: 'CANCELLED', retryable: true },
});

/** A kind of failure, which decides exit code and gRPC status. */
export type ErrorTag = keyof typeof ERROR_TABLE;

/** The four things a user needs to hear, in the order in which the message gives them. */
export interface ErrorDetail {
  /** What was wrong, with the value met. */
  readonly what: string;
  /** File, tile, pixel, byte offset or option. */
  readonly where?: string;
  readonly expected?: string;
  readonly remedy?: string;
}

/** Every error that halotile raises on purpose; `message` is one sentence built from `detail`. */
export class HalotileError extends Error {
  readonly tag: ErrorTag;
  readonly detail: ErrorDetail;

  constructor(tag: ErrorTag, detail: ErrorDetail, options?: { cause?: unknown }) {
    const lines = oneLine(detail);
    super(sentence(lines), options);
    this.name = 'HalotileError';
    this.tag = tag;
    this.detail = lines;
  }
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

/** Of an {@link ErrorRecord} that comes from a file. */
export const errorRecordSchema = z.object({
  tag: z.enum(Object.keys(ERROR_TABLE) as ErrorTag[]),
  detail: z.object({
    what: z.string(),
    where: z.string().optional(),
    expected: z.string().optional(),
    remedy: z.string().optional(),
  }),
});

/** Turns anything thrown into a record; what is not ours becomes `fallback` with its message as `what`. */
export function toErrorRecord(error: unknown, fallback: ErrorTag, where?: string): ErrorRecord {
  if (error instanceof HalotileError) return { tag: error.tag, detail: error.detail };
  const what = error instanceof Error ? error.message : String(error);
  return { tag: fallback, detail: where === undefined ? { what } : { what, where } };
}

/** The inverse of {@link toErrorRecord}. */
export function fromErrorRecord(record: ErrorRecord): HalotileError {
  return new HalotileError(record.tag, record.detail);
}

/** Libraries' texts and names of files may have several lines; a sentence of ours has one. */
function oneLine(detail: ErrorDetail): ErrorDetail {
  const fields = Object.entries(detail).map(([field, text]) => [
    field,
    text?.replace(/\s*[\r\n\u2028\u2029]+\s*/g, ' '),
  ]);
  return Object.fromEntries(fields) as ErrorDetail;
}

function sentence({ what, where, expected, remedy }: ErrorDetail): string {
  let text = where === undefined ? what : `${where}: ${what}`;
  if (expected !== undefined) text += `; expected ${expected}`;
  if (remedy !== undefined) text += `; ${remedy}`;
  // What others say of a fault, and names of files, may break the line.
  return text.replace(/\s*[\r\n]+\s*/g, ' ');
}
