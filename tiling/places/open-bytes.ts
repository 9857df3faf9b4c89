import { FileBytes, type RandomBytes } from '../tiff/random-bytes.js';
import { type ByteRange, places } from './opener.js';
import { isUrl } from './url.js';

/** A file or an object, opened for reading. */
export interface OpenBytes extends RandomBytes {
  /** See {@link FileBytes.fd}; objects have none. */
  readonly fd?: number;
  /** See `RemoteBytes`; files of this machine need no such warning. */
  expect?(ranges: Iterable<ByteRange>): void;
  close(): void;
}

/**
 * The bytes of what an input names, wherever it lies.
 * @throws bad-input where it cannot be opened; unreachable where its store does not answer
 */
export function openBytes(name: string): OpenBytes {
  return isUrl(name) ? places().open(name) : new FileBytes(name);
}
