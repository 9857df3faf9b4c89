import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { HalotileError } from '../errors.js';
import type { BlockCopies } from '../work/copy.js';
import { readFully } from './copy-blocks.js';

/** What an output consists of: a file that is there whole, or blocks in part files behind an index. */
export type AssembledSource =
  | { readonly kind: 'file'; readonly path: string }
  | {
      readonly kind: 'blocks';
      /** The output up to its first block. */
      readonly index: Uint8Array;
      /** Ascending in the output. */
      readonly copies: BlockCopies;
      /** Of the whole output. */
      readonly bytes: number;
    };

/** The bytes of an output that is nowhere put together, read at any place; each block is held against its CRC. */
export class AssembledBytes {
  readonly size: number;
  readonly #source: AssembledSource;
  readonly #files: readonly number[];

  constructor(source: AssembledSource) {
    const paths = source.kind === 'file' ? [source.path] : source.copies.parts;
    this.#files = paths.map((path) => openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW));
    this.#source = source;
    this.size = source.kind === 'file' ? fstatSync(this.#files[0]!).size : source.bytes;
  }

  /**
   * Fills `into` from `offset` on; it ends within the output.
   * @throws output-failed where a part file no longer holds what was committed
   */
  fill(into: Uint8Array, offset: number): void {
    const source = this.#source;
    if (source.kind === 'file') {
      if (readFully(this.#files[0]!, into, offset) < into.length) throw damaged(source.path, offset);
      return;
    }
    // Alignment gaps between blocks are zeros.
    into.fill(0);
    const { index, copies } = source;
    if (offset < index.length) into.set(index.subarray(offset, offset + into.length));
    const end = offset + into.length;
    for (let block = firstEndingAfter(copies, offset); block < copies.to.length; block++) {
      const to = copies.to[block]!;
      if (to >= end) return;
      this.#copy(copies, block, into, offset);
    }
  }

  close(): void {
    for (const fd of this.#files) closeSync(fd);
  }

  /** The part of one block that lies in `into`; all of it is read, since its CRC is that of the whole. */
  #copy(
    { parts, partOf, from, to, lengths, crcs }: BlockCopies,
    block: number,
    into: Uint8Array,
    offset: number,
  ): void {
    const start = to[block]! - offset;
    const length = lengths[block]!;
    const isWhole = start >= 0 && start + length <= into.length;
    const bytes = isWhole ? into.subarray(start, start + length) : new Uint8Array(length);
    readFully(this.#files[partOf[block]!]!, bytes, from[block]!);
    if (crc32(bytes) !== crcs[block]) throw damaged(parts[partOf[block]!]!, from[block]!);
    if (!isWhole) into.set(bytes.subarray(Math.max(0, -start), into.length - start), Math.max(0, start));
  }
}

/** The first block of which something lies behind `offset`. */
function firstEndingAfter({ to, lengths }: BlockCopies, offset: number): number {
  let low = 0;
  let high = to.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (to[middle]! + lengths[middle]! <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

function damaged(part: string, offset: number): HalotileError {
  return new HalotileError('output-failed', {
    what: 'what was committed is not there any more',
    file: part,
    where: `at byte ${offset}`,
    remedy: 'use --restart to begin anew',
  });
}
