import { HalotileError } from '../../tiling/errors.js';
import type { ByteRange, ObjectState } from '../../tiling/places/opener.js';

/** A part of an object as its store sends it. */
export interface RangeAnswer {
  /** The object that it is a part of. */
  readonly state: ObjectState;
  /** From the beginning of the range that was asked for, to its end or to that of the object. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** One kind of store. Tries once; who calls it tries again. */
export interface ObjectClient {
  /**
   * @param etag refuses an object in another state
   * @throws TransientFault for what may pass; input-changed; bad-input or not-allowed where the object is not to be had
   */
  get(url: string, range: ByteRange, etag: string | undefined, signal: AbortSignal): Promise<RangeAnswer>;
}

/** There is no object of that name. */
export class MissingObject extends HalotileError {
  constructor(url: string, what = 'there is no such object', cause?: unknown) {
    super('bad-input', { what, file: url }, { cause });
  }
}

/** What may pass when it is tried again. */
export class TransientFault extends Error {
  /** The store asks for this pause. */
  readonly pauseMs: number | undefined;

  constructor(what: string, { pauseMs, cause }: { readonly pauseMs?: number; readonly cause?: unknown } = {}) {
    super(what, { cause });
    this.pauseMs = pauseMs;
  }
}

/** The error of an object that is another one than before; `how` names what differs. */
export function changed(url: string, how: string): HalotileError {
  return new HalotileError('input-changed', {
    what: `the object changed while it was read (${how})`,
    file: url,
    remedy: 'run the job again once nothing writes to it',
  });
}

/** Statuses of HTTP that another try may not see. */
export function isTransient(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}
