import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { badInput, HalotileError } from '../errors.js';
import { systemWords } from '../system-fault.js';

/** Opening a pipe to read waits for a writer unless told not to; files know no difference, Windows no such flag. */
export const READ_AT_ONCE = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Bytes that can be read at any place: a file, or a block of memory that holds one. */
export interface RandomBytes {
  /** What messages call it: a path. */
  readonly name: string;
  readonly size: number;
  /**
   * Fills `into` from `offset` on; `what` names the structure for the message.
   * @throws bad-input where the file ends before
   */
  readInto(into: Uint8Array, offset: number, what: string): void;
}

/** A new array of `length` bytes at `offset`; the length must have been bounded before. */
export function readBytes(from: RandomBytes, offset: number, length: number, what: string): Uint8Array {
  if (offset < 0 || offset + length > from.size) throw pastTheEnd(from, offset, length, what);
  const bytes = new Uint8Array(length);
  from.readInto(bytes, offset, what);
  return bytes;
}

/** The error for a structure that does not lie in the file. */
export function pastTheEnd(from: RandomBytes, offset: number, length: number, what: string) {
  return badInput({
    what: `${what} at byte ${offset} of ${length} bytes ends past the end of the file (${from.size} bytes)`,
    file: from.name,
    remedy: 'the file is truncated or damaged: copy it again',
  });
}

/**
 * The small structures of a header lie side by side: one read fetches this much from the page in which the first of
 * them begins, and the next ones are found there.
 */
const NEAR_BYTES = 8192;
const NEAR_PAGE = 4096;
/** Structures above this are read by themselves. */
const SMALL_BYTES = 1024;

/** What this thread read last around a small structure, and of which file. */
const near = { bytes: new Uint8Array(NEAR_BYTES), start: 0, end: 0, of: undefined as FileBytes | undefined };

/** A file opened for reading; closed by whoever opened it. */
export class FileBytes implements RandomBytes {
  readonly name: string;
  readonly size: number;
  /** For threads of this process that read the file too, as {@link descriptorBytes}; never to be closed by them. */
  readonly fd: number;

  /** @throws bad-input where the path cannot be opened or is no regular file */
  constructor(path: string) {
    this.name = path;
    try {
      this.fd = openSync(path, READ_AT_ONCE);
    } catch (cause) {
      throw unreadable(path, cause);
    }
    const stat = fstatSync(this.fd);
    this.size = stat.size;
    if (!stat.isFile()) {
      closeSync(this.fd);
      throw badInput({
        what: 'not a regular file',
        file: path,
        expected: 'an image file',
        remedy: 'copy a pipe to a file first',
      });
    }
  }

  readInto(into: Uint8Array, offset: number, what: string): void {
    if (into.length > SMALL_BYTES || !this.#readNear(into, offset)) readDescriptor(this, this.fd, into, offset, what);
  }

  close(): void {
    if (near.of === this) near.of = undefined;
    closeSync(this.fd);
  }

  /** False where the bytes cannot be had so: whoever reads them by themselves says why. */
  #readNear(into: Uint8Array, offset: number): boolean {
    const end = offset + into.length;
    if (near.of !== this || offset < near.start || end > near.end) {
      near.of = undefined;
      near.start = offset - (offset % NEAR_PAGE);
      try {
        near.end = near.start + readSync(this.fd, near.bytes, 0, NEAR_BYTES, near.start);
      } catch {
        return false;
      }
      if (end > near.end) return false;
      near.of = this;
    }
    into.set(near.bytes.subarray(offset - near.start, end - near.start));
    return true;
  }
}

/** A file that somebody else opened and keeps open. */
export function descriptorBytes(fd: number, name: string): RandomBytes {
  const source: RandomBytes = {
    name,
    get size() {
      return fstatSync(fd).size;
    },
    readInto: (into, offset, what) => readDescriptor(source, fd, into, offset, what),
  };
  return source;
}

function readDescriptor(from: RandomBytes, fd: number, into: Uint8Array, offset: number, what: string): void {
  let done = 0;
  while (done < into.length) {
    let got: number;
    try {
      got = readSync(fd, into, done, into.length - done, offset + done);
    } catch (cause) {
      // Not the file's fault: a disk or a network that may be back later.
      const detail = { what: `${what} at byte ${offset} cannot be read: ${systemWords(cause)}`, file: from.name };
      throw new HalotileError('data-loss', { ...detail, remedy: 'run the same command again to continue' }, { cause });
    }
    if (got === 0) throw pastTheEnd(from, offset, into.length, what);
    done += got;
  }
}

/** The same over memory: an EXIF block, a file in a test. */
export function memoryBytes(name: string, bytes: Uint8Array): RandomBytes {
  const source: RandomBytes = {
    name,
    size: bytes.length,
    readInto(into, offset, what) {
      if (offset + into.length > bytes.length) throw pastTheEnd(source, offset, into.length, what);
      into.set(bytes.subarray(offset, offset + into.length));
    },
  };
  return source;
}

/** The error for a path that cannot be opened. */
export function unreadable(path: string, cause: unknown) {
  return badInput({ what: `cannot be opened: ${systemWords(cause)}`, file: path, expected: 'a readable file' }, cause);
}
