import { setTimeout as pause } from 'node:timers/promises';
import { HalotileError } from '../../tiling/errors.js';
import type { ByteRange, ObjectState } from '../../tiling/places/opener.js';
import { changed, type ObjectClient, TransientFault } from './client.js';

/** Tries in a row that bring no byte. */
const TRIES = 6;
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 10_000;

/** How a range is read. */
export interface ReadRange {
  readonly client: ObjectClient;
  readonly url: string;
  /** The state that it must be in; any where absent. */
  readonly state?: ObjectState;
  readonly range: ByteRange;
  /** A connection that brings nothing for so long is given up. */
  readonly stallMs: number;
  /** Gets the bytes in order, each once; they are its own for the call. */
  readonly onBytes: (bytes: Uint8Array) => void;
}

/**
 * Reads a part of an object, or what there is of it; what breaks off is continued where it broke off, after a pause that
 * doubles. Returns the state that the object is in.
 * @throws input-changed where that is another one than it should be, or was a moment ago; unreachable where tries bring
 *   nothing any more; as {@link ObjectClient.get}
 */
export async function readRange(read: ReadRange): Promise<ObjectState> {
  const { range } = read;
  let { state } = read;
  let done = 0;
  let failures = 0;
  for (;;) {
    const rest = { offset: range.offset + done, length: range.length - done };
    const before = done;
    try {
      return await readOnce(
        { ...read, range: rest, ...(state && { state }) },
        {
          onState: (found) => {
            state = found;
          },
          onCount: (bytes) => {
            done += bytes;
          },
        },
      );
    } catch (cause) {
      if (!(cause instanceof TransientFault)) throw cause;
      // What came is kept only of an object that is known not to change under it.
      if (done > 0 && !tellsChanges(state)) throw unreachable(read.url, cause);
      failures = done > before ? 1 : failures + 1;
      if (failures >= TRIES) throw unreachable(read.url, cause);
      const backOff = FIRST_PAUSE_MS * 2 ** (failures - 1) * (0.5 + Math.random());
      await pause(Math.min(MAX_PAUSE_MS, Math.max(cause.pauseMs ?? 0, backOff)));
    }
  }
}

async function readOnce(
  { client, url, state: known, range, stallMs, onBytes }: ReadRange,
  { onState, onCount }: { readonly onState: (state: ObjectState) => void; readonly onCount: (bytes: number) => void },
): Promise<ObjectState> {
  const stall = new AbortController();
  const timer = setTimeout(() => stall.abort(), stallMs);
  try {
    const { state, body } = await client.get(url, range, known?.etag, stall.signal);
    if (known !== undefined) assertSame(url, known, state);
    onState(state);
    const expected = Math.max(0, Math.min(range.length, state.size - range.offset));
    let got = 0;
    for await (const bytes of body) {
      timer.refresh();
      const wanted = bytes.length > expected - got ? bytes.subarray(0, expected - got) : bytes;
      got += wanted.length;
      onBytes(wanted);
      onCount(wanted.length);
      if (got === expected) return state;
    }
    if (got < expected) throw new TransientFault(`the connection ended after ${got} of ${expected} bytes`);
    return state;
  } catch (cause) {
    if (cause instanceof HalotileError || cause instanceof TransientFault) throw cause;
    if (stall.signal.aborted) throw new TransientFault(`nothing came for ${stallMs / 1000} s`, { cause });
    throw new TransientFault(cause instanceof Error ? cause.message || cause.name : String(cause), { cause });
  } finally {
    clearTimeout(timer);
    // Whatever still flows is not wanted.
    stall.abort();
  }
}

function tellsChanges(state: ObjectState | undefined): boolean {
  return state?.etag !== undefined || state?.modifiedMs !== undefined;
}

/** @throws input-changed */
function assertSame(url: string, known: ObjectState, now: ObjectState): void {
  if (known.size !== now.size) throw changed(url, `${known.size} bytes before, ${now.size} now`);
  if (known.etag !== now.etag) throw changed(url, `ETag ${known.etag ?? 'none'} before, ${now.etag ?? 'none'} now`);
  if (known.etag === undefined && known.modifiedMs !== now.modifiedMs) throw changed(url, 'Last-Modified');
}

function unreachable(url: string, cause: TransientFault): HalotileError {
  return new HalotileError(
    'unreachable',
    { what: `cannot be read: ${cause.message}`, file: url, remedy: 'run the same command again to continue' },
    { cause },
  );
}
