import type { ErrorRecord } from '../../tiling/errors.js';
import type { ByteRange, ObjectState } from '../../tiling/places/opener.js';
import type { PlaceSettings } from './settings.js';

/** What a fetching thread is started with. */
export interface FetchThreadData {
  /** Of its `ChunkStore`. */
  readonly store: SharedArrayBuffer;
  readonly settings: PlaceSettings;
}

/** Asks for the state of an object; `file` is the number under which its chunks are wanted from then on. */
export interface LookMessage {
  readonly url: string;
  readonly file: number;
  readonly reply: SharedArrayBuffer;
}

/** Asks for bytes of an object, which come back as a {@link FetchedMessage}. */
export interface FetchMessage {
  readonly id: number;
  readonly url: string;
  readonly part?: ByteRange;
  readonly maxBytes: number;
  /** No bytes are wanted, only how many there are. */
  readonly sizeOnly?: boolean;
}

/** The answer to a {@link FetchMessage}; without any of these the object is not there. */
export interface FetchedMessage {
  readonly id: number;
  readonly bytes?: Uint8Array;
  readonly size?: number;
  readonly error?: ErrorRecord;
}

/** What an object was found to be, or why it could not be looked at. */
export type LookAnswer = { readonly state: ObjectState } | { readonly error: ErrorRecord };

/** Int32 words of a reply: whether it is there, and its length; its text follows. */
const THERE = 0;
const LENGTH = 1;
const TEXT_AT = 8;
const REPLY_BYTES = 16 << 10;

/** One answer that passes through shared memory, so that a thread can wait for it. */
export class Reply {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array;

  constructor(buffer = new SharedArrayBuffer(REPLY_BYTES)) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer, 0, TEXT_AT / 4);
  }

  give(answer: LookAnswer): void {
    const text = new TextEncoder().encode(JSON.stringify(answer));
    new Uint8Array(this.buffer, TEXT_AT).set(text.subarray(0, REPLY_BYTES - TEXT_AT));
    this.words[LENGTH] = text.length;
    Atomics.store(this.words, THERE, 1);
    Atomics.notify(this.words, THERE);
  }

  /** The answer; undefined while there is none. */
  taken(): LookAnswer | undefined {
    if (Atomics.load(this.words, THERE) === 0) return undefined;
    // A decoder takes no shared memory.
    const text = new Uint8Array(this.buffer, TEXT_AT, this.words[LENGTH]).slice();
    return JSON.parse(new TextDecoder().decode(text)) as LookAnswer;
  }
}
