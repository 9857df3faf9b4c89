import { ERROR_TABLE, type ErrorRecord, type ErrorTag } from '../../tiling/errors.js';
import type { halotile } from '../gen/messages.js';
import { cutText } from './bounded-text.js';

/** Bytes of each of a failure's texts. */
const MAX_TEXT_BYTES = 1000;

/** An error record as it travels: texts that are too long for a message are cut. */
export function writeFailure({ tag, detail }: ErrorRecord): halotile.v1.IFailure {
  const texts = Object.entries(detail).map(([field, text]: [string, string | undefined]) => [
    field,
    text && cutText(text, MAX_TEXT_BYTES),
  ]);
  return { tag, ...Object.fromEntries(texts) };
}

/** The inverse of {@link writeFailure}; a tag of another release counts as `tile-failed`. */
export function readFailure(failure: halotile.v1.IFailure): ErrorRecord {
  const tag: ErrorTag = failure.tag && failure.tag in ERROR_TABLE ? (failure.tag as ErrorTag) : 'tile-failed';
  return {
    tag,
    detail: {
      what: failure.what ? cutText(failure.what, MAX_TEXT_BYTES) : 'failed without a reason',
      ...(failure.where ? { where: cutText(failure.where, MAX_TEXT_BYTES) } : {}),
      ...(failure.expected ? { expected: cutText(failure.expected, MAX_TEXT_BYTES) } : {}),
      ...(failure.remedy ? { remedy: cutText(failure.remedy, MAX_TEXT_BYTES) } : {}),
    },
  };
}
