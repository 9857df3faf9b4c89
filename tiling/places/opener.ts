import { HalotileError } from '../errors.js';
import type { RandomBytes } from '../tiff/random-bytes.js';

/** What tells one state of a remote object from another. */
export interface ObjectState {
  readonly size: number;
  /** As the store gives it, quotes included. */
  readonly etag?: string;
  /** Milliseconds since 1970, by the store's clock. */
  readonly modifiedMs?: number;
  /** What halotile wrote down beside an object that it made. */
  readonly about?: string;
}

/** A remote object, read by ranges. */
export interface RemoteBytes extends RandomBytes {
  /** These bytes are about to be read: they are asked for at once, in as few requests as possible. */
  expect(ranges: Iterable<ByteRange>): void;
  close(): void;
}

/** Bytes of a file or an object. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** Reads objects of places that are no file system, for a thread that waits until the bytes are there. */
export interface PlaceOpener {
  /**
   * The state of an object now, asked of its store.
   * @throws bad-input where it is not there or not to be read; unreachable where the store does not answer
   */
  state(url: string): ObjectState;
  /** The same, without holding the thread up; what is opened next is that state. */
  look(url: string): Promise<ObjectState>;
  /**
   * The bytes of an object, or a part of it, without holding the thread up; undefined where there is none. Fit for objects
   * that are read once: nothing of them is kept.
   * @throws bad-input where they are more than `maxBytes`; otherwise as {@link PlaceOpener.state}
   */
  fetch(url: string, what: { readonly part?: ByteRange; readonly maxBytes: number }): Promise<Uint8Array | undefined>;
  /** The bytes that an object has; undefined where there is none. @throws as {@link PlaceOpener.state} */
  size(url: string): Promise<number | undefined>;
  /** The object in the state in which it was last looked at. @throws as {@link PlaceOpener.state} */
  open(url: string): RemoteBytes;
}

let registered: PlaceOpener | undefined;

/** What reads URLs in this thread: said once by whatever the thread begins with, since this library starts no threads. */
export function registerPlaces(opener: PlaceOpener): void {
  registered = opener;
}

/** @throws not-ready where nothing was registered */
export function places(): PlaceOpener {
  if (registered !== undefined) return registered;
  throw new HalotileError('not-ready', { what: 'this thread reads files of its machine alone' });
}
