import { ERROR_TABLE, type ErrorRecord, type ErrorTag } from '../../tiling/errors.js';
import type { halotile } from '../gen/messages.js';

/** An error record as it travels. */
export function writeFailure({ tag, detail }: ErrorRecord): halotile.v1.IFailure {
  return { tag, ...detail };
}

/** The inverse of {@link writeFailure}; a tag of another release counts as `tile-failed`. */
export function readFailure(failure: halotile.v1.IFailure): ErrorRecord {
  const tag: ErrorTag = failure.tag && failure.tag in ERROR_TABLE ? (failure.tag as ErrorTag) : 'tile-failed';
  return {
    tag,
    detail: {
      what: failure.what || 'failed without a reason',
      ...(failure.where ? { where: failure.where } : {}),
      ...(failure.expected ? { expected: failure.expected } : {}),
      ...(failure.remedy ? { remedy: failure.remedy } : {}),
    },
  };
}
