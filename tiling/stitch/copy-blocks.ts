import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { HalotileError } from '../errors.js';
import type { BlockCopies } from '../work/copy.js';

const BUFFER_BYTES = 2 << 20;

/**
 * Copies blocks into `target` at their places, which must ascend. Blocks that follow each other in the
 * target leave in one write. Repeating it gives the same file.
 * @throws output-failed where a part file no longer holds what was committed
 */
export function copyBlocks(target: string, { parts, partOf, from, to, lengths, crcs }: BlockCopies): void {
  const out = openSync(target, constants.O_RDWR | constants.O_NOFOLLOW);
  const sources = parts.map((part) => openSync(part, constants.O_RDONLY | constants.O_NOFOLLOW));
  try {
    const largest = lengths.reduce((most, length) => Math.max(most, length), 0);
    const buffer = Buffer.alloc(Math.max(Math.min(BUFFER_BYTES, spanOf({ to, lengths })), largest));
    let startsAt = 0;
    let held = 0;
    const flush = () => {
      writeFully(out, buffer.subarray(0, held), startsAt);
      held = 0;
    };
    for (let block = 0; block < to.length; block++) {
      const place = to[block]!;
      const end = place + lengths[block]!;
      if (held > 0 && (place < startsAt + held || end - startsAt > buffer.length)) flush();
      if (held === 0) startsAt = place;
      // Alignment gaps between blocks are zeros.
      buffer.fill(0, held, place - startsAt);
      const bytes = buffer.subarray(place - startsAt, end - startsAt);
      readFully(sources[partOf[block]!]!, bytes, from[block]!);
      if (crc32(bytes) !== crcs[block]) throw damaged(parts[partOf[block]!]!, from[block]!);
      held = end - startsAt;
    }
    flush();
  } finally {
    for (const fd of [out, ...sources]) closeSync(fd);
  }
}

/** Bytes of the target from the first block to the end of the last one. */
export function spanOf({ to, lengths }: Pick<BlockCopies, 'to' | 'lengths'>): number {
  const last = to.length - 1;
  return last < 0 ? 0 : to[last]! + lengths[last]! - to[0]!;
}

/** Writes all bytes at a position, however many calls that takes. */
export function writeFully(fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(fd, bytes, done, bytes.length - done, position + done);
  }
}

/** A piece of a file; undefined where the file is gone or ends before it. */
export function readPiece(path: string, offset: number, length: number): Uint8Array | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    const bytes = new Uint8Array(length);
    return readFully(fd, bytes, offset) === length ? bytes : undefined;
  } finally {
    closeSync(fd);
  }
}

/** Reads until `into` is full or the file ends; bytes beyond its end stay as they were. */
export function readFully(fd: number, into: Uint8Array, position: number): number {
  let done = 0;
  while (done < into.length) {
    const count = readSync(fd, into, done, into.length - done, position + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

/** A part file that no longer holds what was committed. */
export function damaged(part: string, offset: number): HalotileError {
  return new HalotileError('output-failed', {
    what: 'a committed block does not have its CRC any more',
    file: part,
    where: `at byte ${offset}`,
    remedy: 'use --restart to begin anew',
  });
}
