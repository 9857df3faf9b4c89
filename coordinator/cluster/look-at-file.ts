import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { type ErrorRecord, toErrorRecord } from '../../tiling/errors.js';
import { outputFault } from '../../tiling/stitch/output-fault.js';

/** An error comes back as data, since a thrown one would lose its class on the way. */
export type ThreadAnswer<T> = { readonly value: T } | { readonly error: ErrorRecord };

/** A file that somebody else wrote, to be looked at. */
export interface LookRequest {
  readonly path: string;
  /** Bytes that it must have. */
  readonly bytes: number;
  /** A piece of it to be read. */
  readonly piece?: { readonly offset: number; readonly length: number; readonly crc: number };
}

/** What a look found: `foreign` is no regular file, `short` has fewer bytes or is not there, `damaged` others. */
export type Look = 'fine' | 'foreign' | 'short' | 'long' | 'damaged';

/** Looks whether a file is there and holds what its writer says. */
export function look({ path, bytes, piece }: LookRequest): ThreadAnswer<Look> {
  let fd: number;
  try {
    // Neither a link nor a pipe is followed or waited for.
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { value: 'short' };
    if (code === 'ELOOP') return { value: 'foreign' };
    return { error: toErrorRecord(outputFault(error, path), 'output-failed', { file: path }) };
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) return { value: 'foreign' };
    if (stats.size < bytes) return { value: 'short' };
    if (piece !== undefined && crcOf(fd, piece) !== piece.crc) return { value: 'damaged' };
    return { value: stats.size > bytes ? 'long' : 'fine' };
  } catch (error) {
    return { error: toErrorRecord(outputFault(error, path), 'output-failed', { file: path }) };
  } finally {
    closeSync(fd);
  }
}

/** The same of several files; an answer to each. */
export function lookAll(requests: readonly LookRequest[]): ThreadAnswer<readonly ThreadAnswer<Look>[]> {
  return { value: requests.map(look) };
}

const LOOK_BYTES = 1 << 20;

function crcOf(fd: number, { offset, length }: { readonly offset: number; readonly length: number }): number {
  const buffer = Buffer.allocUnsafe(Math.min(length, LOOK_BYTES));
  let crc = 0;
  for (let done = 0; done < length; ) {
    const read = readSync(fd, buffer, 0, Math.min(buffer.length, length - done), offset + done);
    if (read === 0) break;
    crc = crc32(buffer.subarray(0, read), crc);
    done += read;
  }
  return crc;
}
