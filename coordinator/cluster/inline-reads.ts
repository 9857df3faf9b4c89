import { open } from 'node:fs/promises';
import { halotile } from '../../proto/gen/messages.js';
import { badInput, HalotileError } from '../../tiling/errors.js';
import { contains, type Rect, rectOf } from '../../tiling/geometry/rect.js';
import { SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import { combineCrc } from '../../tiling/raster/raster-crc.js';
import { storedBlockCount } from '../../tiling/raster/stored-block.js';
import { nodataRow, type RawRun } from '../../tiling/sources/raw-runs.js';
import type { TiffFileSource } from '../../tiling/sources/tiff-file-source.js';
import type { FileRef } from '../../tiling/work/references.js';
import { type BlockMessage, type EncodedMessage, MESSAGE_BYTES } from './block-message.js';
import type { ReadFile } from './file-thread.js';
import type { FileThreads } from './file-threads.js';
import { HeldFile } from './held-file.js';

const MAX_INDEXES = 65_536;
const NO_BYTES = new Uint8Array(0);

/** A raster that workers read through the coordinator. */
export interface InlineSource {
  readonly source: TiffFileSource;
  readonly file: HeldFile<ReadFile>;
}

/** A message that is laid out, and where its bytes are to be read from. */
interface LaidMessage {
  readonly message: BlockMessage;
  readonly reads: ReadonlyMap<HeldFile<ReadFile>, readonly RawRun[]>;
  readonly strideBytes: number;
  readonly blank: Uint8Array;
  /** Looks at the CRCs of the parts; throws where a stored block has another one than it should. */
  readonly check?: (crcs: readonly number[]) => void;
}

/** Encoded blocks as messages of at most 1 MiB, several small ones in one message. */
export function blockMessages(
  threads: FileThreads,
  { source, file }: InlineSource,
  indexes: readonly number[],
): AsyncGenerator<BlockMessage> {
  const count = storedBlockCount(source.info, source.layout);
  if (indexes.length > MAX_INDEXES || indexes.some((index) => index >= count)) {
    throw badInput({ what: 'no such blocks', file: source.name, expected: `indices below ${count}` });
  }
  const places = function* (): Generator<BlockPlace> {
    for (const index of indexes) yield { index, file, ...source.placeOf(index) };
  };
  return filled(threads, laidBlocks(threads, places()));
}

/** The pixels of a rect, rows packed, read and sent a slice of rows at a time. */
export function rectMessages(
  threads: FileThreads,
  { source, file }: InlineSource,
  rect: Rect,
): AsyncGenerator<BlockMessage> {
  const { info } = source;
  if (source.readRaw === undefined || rect.width < 1 || rect.height < 1 || !contains(rectOf(info), rect)) {
    throw badInput({ what: 'no such rect', file: source.name, expected: 'pixels of an image that is stored raw' });
  }
  const pixelBytes = info.channels * SAMPLE_BYTES[info.dtype];
  const blockBytes = rect.width * rect.height * pixelBytes;
  // A row that is longer than a message goes in pieces of its own.
  const width = Math.min(rect.width, Math.floor(MESSAGE_BYTES / pixelBytes));
  const height = width < rect.width ? 1 : Math.max(1, Math.floor(MESSAGE_BYTES / (width * pixelBytes)));
  const laid = function* (): Generator<LaidMessage> {
    for (let y = 0; y < rect.height; y += height) {
      for (let x = 0; x < rect.width; x += width) {
        const slice = {
          ...{ x: rect.x + x, y: rect.y + y },
          ...{ width: Math.min(width, rect.width - x), height: Math.min(height, rect.height - y) },
        };
        const strideBytes = slice.width * pixelBytes;
        const message = threads.messages.take();
        const { at } = message.add(0, blockBytes, strideBytes * slice.height);
        const runs = Array.from(source.rawRuns(slice, strideBytes), (run) => ({ ...run, at: run.at + at }));
        yield { message, reads: new Map([[file, runs]]), strideBytes, blank: nodataRow(info, strideBytes) };
      }
    }
  };
  return filled(threads, laid());
}

/** A file that a task reads, or a piece of it. */
export interface PieceRef extends Omit<FileRef, 'form' | 'unless'> {
  /** Whether the task can do without it: one that does not hold what it should is sent all the same. */
  readonly mayBeLost: boolean;
}

/**
 * Files and pieces of files, each as a block of its position; what is not there is told as lost. Files stay open for
 * the one request.
 */
export async function* pieceMessages(
  threads: FileThreads,
  positions: readonly number[],
  pieceAt: (position: number) => PieceRef | undefined,
): AsyncGenerator<EncodedMessage> {
  const files = new Map<string, { readonly file: HeldFile<ReadFile>; readonly size: number } | undefined>();
  const opened = async (path: string) => {
    if (!files.has(path)) files.set(path, await openSized(path));
    return files.get(path);
  };
  try {
    const places: BlockPlace[] = [];
    const lost: number[] = [];
    for (const index of positions) {
      const piece = pieceAt(index);
      if (piece === undefined) throw badInput({ what: 'the task has no such file', where: `input ${index}` });
      const { path, offset = 0, crc, mayBeLost } = piece;
      const open = await opened(path);
      const length = piece.length ?? open?.size ?? 0;
      if (open === undefined || offset + length > open.size) lost.push(index);
      else {
        const stored = crc === undefined || mayBeLost ? undefined : { file: path, crc };
        places.push({ index, file: open.file, offset, length, stored });
      }
    }
    if (lost.length > 0) yield lostMessage(lost);
    yield* filled(threads, laidBlocks(threads, places));
  } finally {
    for (const open of files.values()) open?.file.release();
  }
}

async function openSized(
  path: string,
): Promise<{ readonly file: HeldFile<ReadFile>; readonly size: number } | undefined> {
  const handle = await open(path, 'r').catch(() => undefined);
  if (handle === undefined) return undefined;
  const { size } = await handle.stat();
  return { file: new HeldFile<ReadFile>({ fd: handle.fd, name: path }, () => handle.close()), size };
}

function lostMessage(positions: readonly number[]): EncodedMessage {
  const parts = positions.map((index) => ({ index, length: 0, data: NO_BYTES, crc: 0, lost: true }));
  return { bytes: halotile.v1.FetchBlocksResponse.encode({ parts }).finish() as Buffer, sent() {} };
}

/** Where a block lies. */
interface BlockPlace {
  readonly index: number;
  readonly file: HeldFile<ReadFile>;
  readonly offset: number;
  /** 0 for a block that was never written. */
  readonly length: number;
  /** What is known of bytes that the job itself stored. */
  readonly stored?: { readonly file: string; readonly crc: number };
}

/** Fills messages with blocks, in order; only a block that is longer than a message is cut. */
function* laidBlocks({ messages }: FileThreads, blocks: Iterable<BlockPlace>): Generator<LaidMessage> {
  let message = messages.take();
  let reads = new Map<HeldFile<ReadFile>, RawRun[]>();
  let pieces: BlockPiece[] = [];
  const checker = new StoredCheck();
  const laid = (): LaidMessage => {
    const held = pieces;
    return { message, reads, strideBytes: 0, blank: NO_BYTES, check: (crcs) => checker.add(held, crcs) };
  };
  for (const block of blocks) {
    let start = 0;
    do {
      const rest = block.length - start;
      const { room } = message;
      if (room === 0 || (message.parts.length > 0 && rest > room)) {
        yield laid();
        message = messages.take();
        reads = new Map();
        pieces = [];
      }
      const length = Math.min(rest, message.room);
      const { at } = message.add(block.index, block.length, length);
      pieces.push({ block, end: start + length, length });
      if (length > 0) {
        const runs = reads.get(block.file);
        const run = { offset: block.offset + start, rows: 1, rowBytes: length, fileStride: 0, withGaps: false, at };
        if (runs === undefined) reads.set(block.file, [run]);
        else runs.push(run);
      }
      start += length;
    } while (start < block.length);
  }
  if (message.parts.length > 0) yield laid();
}

interface BlockPiece {
  readonly block: BlockPlace;
  readonly length: number;
  /** Bytes of the block up to the end of this piece. */
  readonly end: number;
}

/** Holds stored blocks against the CRCs that they were committed with, message after message. */
class StoredCheck {
  /** Of the pieces so far of the block under way. */
  #crc = 0;

  add(pieces: readonly BlockPiece[], crcs: readonly number[]): void {
    for (const [i, { block, length, end }] of pieces.entries()) {
      if (block.stored === undefined) continue;
      this.#crc = end === length ? crcs[i]! : combineCrc(this.#crc, crcs[i]!, length);
      if (end < block.length || this.#crc === block.stored.crc) continue;
      throw new HalotileError('output-failed', {
        what: 'a block that an earlier stage stored is damaged',
        file: block.stored.file,
        where: `at byte ${block.offset}`,
        remedy: 'use --restart to begin anew',
      });
    }
  }
}

/** Has messages filled, one ahead of the one that is on its way. */
async function* filled(threads: FileThreads, laid: Iterable<LaidMessage>): AsyncGenerator<BlockMessage> {
  const messages = laid[Symbol.iterator]();
  const begin = () => {
    const next = messages.next();
    if (next.done) return undefined;
    const filling = fillMessage(threads, next.value);
    // Where the client goes away, nobody looks at the one that was read ahead.
    filling.catch(() => {});
    return filling;
  };
  let ahead = begin();
  while (ahead !== undefined) {
    const message = await ahead;
    ahead = begin();
    yield message;
  }
}

async function fillMessage(
  threads: FileThreads,
  { message, reads, strideBytes, blank, check }: LaidMessage,
): Promise<BlockMessage> {
  const held = [...reads];
  const within = (i: number, files: Parameters<FileThreads['fill']>[1]['reads']): Promise<readonly number[]> =>
    i === held.length
      ? threads.fill(message, { reads: files, strideBytes, blank })
      : held[i]![0].use((file) => within(i + 1, [...files, { file, runs: held[i]![1] }]));
  const crcs = await within(0, []);
  check?.(crcs);
  return message;
}
