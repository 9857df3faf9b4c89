import { fdatasyncSync, writevSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { readPlaces } from '../../threads/places/place-reader.js';
import { HalotileError, toErrorRecord } from '../../tiling/errors.js';
import { openBytes } from '../../tiling/places/open-bytes.js';
import { readRuns } from '../../tiling/sources/raw-rect.js';
import type { RawRun } from '../../tiling/sources/raw-runs.js';
import { outputFault } from '../../tiling/stitch/output-fault.js';
import { descriptorBytes, type RandomBytes } from '../../tiling/tiff/random-bytes.js';
import { type MessagePart, putCrc } from './block-message.js';
import type { ThreadAnswer } from './look-at-file.js';

export { lookAll } from './look-at-file.js';

readPlaces();

/** A file that the main thread holds open while a thread works on it. */
export interface ThreadFile {
  readonly fd: number;
  /** For messages. */
  readonly name: string;
}

/** The same of what is only read; of a remote object, which a thread opens for itself, the name alone. */
export type ReadFile = ThreadFile | { readonly fd?: undefined; readonly name: string };

/** Fills the parts of a message from files. */
export interface FillRequest {
  /** Handed over, and handed back with the answer. */
  readonly memory: ArrayBuffer;
  readonly parts: readonly MessagePart[];
  /** What to read from each file, `at` counted in the message. */
  readonly reads: readonly { readonly file: ReadFile; readonly runs: readonly RawRun[] }[];
  /** From one row of pixels to the next in the message. */
  readonly strideBytes: number;
  /** Nodata for rows that were never written. */
  readonly blank: Uint8Array;
}

/** Blocks to check and to write. */
export interface StoreRequest {
  readonly file: ThreadFile;
  /** The bytes of all blocks, one behind the other, in pieces of any size. */
  readonly pieces: readonly Uint8Array[];
  readonly blocks: readonly { readonly offset: number; readonly length: number; readonly crc: number }[];
  /** Whether the file must be on the disk when it is done. */
  readonly sync: boolean;
}

/** A message's memory, handed back with the parts in their places. */
export interface Filled {
  readonly memory: ArrayBuffer;
  /** Of the parts' data. */
  readonly crcs: readonly number[];
}

/** Reads what a message consists of and writes the CRC behind each part. */
export function fill(request: FillRequest): unknown {
  const answer = fillMemory(request);
  if ('error' in answer) return answer;
  // Goes back as it is, the memory without a copy.
  return move({ [transferableSymbol]: answer.value.memory, [valueSymbol]: answer });
}

function fillMemory({ memory, parts, reads, strideBytes, blank }: FillRequest): ThreadAnswer<Filled> {
  try {
    const bytes = new Uint8Array(memory);
    for (const { file, runs } of reads) {
      readRuns(bytesOf(file), runs, bytes, strideBytes, (length) => blank.subarray(0, length));
    }
    const crcs = parts.map((part) => {
      const crc = crc32(bytes.subarray(part.at, part.at + part.length));
      putCrc(bytes, part, crc);
      return crc;
    });
    return { value: { memory, crcs } };
  } catch (error) {
    return { error: toErrorRecord(error, 'data-loss') };
  }
}

function bytesOf({ fd, name }: ReadFile): RandomBytes {
  return fd === undefined ? openBytes(name) : descriptorBytes(fd, name);
}

/** Answers each of several requests for itself. */
export function storeAll(requests: readonly StoreRequest[]): ThreadAnswer<readonly ThreadAnswer<number | undefined>[]> {
  return { value: requests.map(store) };
}

/**
 * Checks blocks, then writes those that follow each other in the file in one go. The number of the first damaged
 * block, of which and of whose companions nothing is written; undefined where all are in the file.
 */
function store({ file, pieces, blocks, sync }: StoreRequest): ThreadAnswer<number | undefined> {
  try {
    const cut = cutter(pieces);
    const cuts = blocks.map(({ length }) => cut(length));
    const damaged = cuts.findIndex((block, i) => block.reduce((sum, piece) => crc32(piece, sum), 0) !== blocks[i]!.crc);
    if (damaged >= 0) return { value: damaged };
    for (let first = 0; first < blocks.length; ) {
      let next = first;
      let end = blocks[first]!.offset;
      for (; next < blocks.length && blocks[next]!.offset === end; next++) end += blocks[next]!.length;
      writeAll(file.fd, cuts.slice(first, next).flat(), blocks[first]!.offset);
      first = next;
    }
    if (sync) fdatasyncSync(file.fd);
    return { value: undefined };
  } catch (error) {
    return { error: toErrorRecord(outputFault(error, file.name), 'output-failed', { file: file.name }) };
  }
}

/** Takes so many bytes off the front of pieces; nothing is copied. */
function cutter(pieces: readonly Uint8Array[]): (length: number) => Uint8Array[] {
  let piece = 0;
  let used = 0;
  return (length) => {
    const taken: Uint8Array[] = [];
    for (let missing = length; missing > 0; ) {
      const from = pieces[piece];
      if (from === undefined) throw new HalotileError('data-loss', { what: `blocks end ${missing} bytes early` });
      const some = from.subarray(used, used + missing);
      taken.push(some);
      missing -= some.length;
      used += some.length;
      if (used < from.length) continue;
      piece++;
      used = 0;
    }
    return taken;
  };
}

/** Pieces that one call of the system takes. */
const MAX_PIECES = 512;

function writeAll(fd: number, pieces: readonly Uint8Array[], offset: number): void {
  let position = offset;
  let left = [...pieces];
  while (left.length > 0) {
    let written = writevSync(fd, left.slice(0, MAX_PIECES), position);
    position += written;
    const whole = left.findIndex((piece) => {
      if (written < piece.length) return true;
      written -= piece.length;
      return false;
    });
    left = whole < 0 ? [] : [left[whole]!.subarray(written), ...left.slice(whole + 1)];
  }
}
