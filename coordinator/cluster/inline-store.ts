import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { badInput, HalotileError } from '../../tiling/errors.js';
import type { SinkRef, StoredBlock } from '../../tiling/job/execution.js';
import { storedLevels } from '../../tiling/plan/levels.js';
import type { Plan } from '../../tiling/plan/plan.js';
import { type BlockPlaces, blockBytes, placedLayout } from '../../tiling/stitch/tiff-layout.js';

/** The part file for blocks that came through the coordinator. */
const PART = 'part-coordinator';
/** An encoded block may be larger than its pixels, but not by more than this share and a header. */
const MAX_GROWTH = 1.25;
const MAX_OVERHEAD_BYTES = 1 << 16;
/** Bytes that are gathered before they are written. */
const RUN_BYTES = 4 << 20;

/** Puts blocks that workers send along with their results to where the job wants them. */
export class InlineStore {
  /** Name of the part file for the ledger; empty for placed blocks. */
  readonly part: string;
  readonly #plan: Plan;
  /** A handle, not a number: whoever still writes when it is closed fails, and never meets another file. */
  readonly #file: Promise<FileHandle>;
  readonly #places: readonly BlockPlaces[] | undefined;
  readonly #durable: boolean;
  #end = 0;

  constructor(sink: Exclude<SinkRef, { kind: 'coordinator' }>, plan: Plan) {
    const placed = sink.kind === 'placed';
    this.part = placed ? '' : PART;
    this.#plan = plan;
    this.#durable = sink.durable;
    this.#places = placed ? placedLayout(plan).places : undefined;
    // The epoch is this coordinator's alone, so the part file starts empty.
    this.#file = placed ? open(sink.file, 'r+') : open(join(sink.partial, sink.epoch, PART), 'w');
    this.#file.catch(() => {});
  }

  /**
   * Stores blocks from the chunks of their bytes, in order, each checked before it is written; returns where
   * they lie.
   * @throws data-loss for a CRC that does not match; bad-input for blocks that the plan does not have
   */
  async store(blocks: readonly StoredBlock[], chunks: AsyncIterable<Uint8Array>): Promise<StoredBlock[]> {
    const stored = this.#place(blocks);
    const file = await this.#file;
    const bytes = byteQueue(chunks);
    const run = new WriteRun(file);
    for (const { offset, length, crc, level, index } of stored) {
      const pieces = await bytes.take(length);
      if (pieces.reduce((sum, piece) => crc32(piece, sum), 0) !== crc) {
        throw new HalotileError('data-loss', {
          what: 'a block was damaged on its way',
          where: `block ${index} of level ${level}`,
          remedy: 'send it again',
        });
      }
      await run.add(pieces, offset, length);
    }
    await run.flush();
    if (this.#durable) await file.datasync();
    return stored;
  }

  async close(): Promise<void> {
    await (await this.#file).close();
  }

  #place(blocks: readonly StoredBlock[]): StoredBlock[] {
    const limit = blockBytes(this.#plan) * MAX_GROWTH + MAX_OVERHEAD_BYTES;
    return blocks.map((block) => {
      const level = storedLevels(this.#plan)[block.level];
      if (level === undefined || block.index >= level.across * level.down || block.length > limit) {
        throw badInput({
          what: 'the plan has no such block',
          where: `block ${block.index} of level ${block.level}, ${block.length} bytes`,
        });
      }
      if (this.#places !== undefined) return { ...block, offset: this.#places[block.level]!.offsets[block.index]! };
      const offset = this.#end;
      this.#end += block.length;
      return { ...block, offset };
    });
  }
}

/** Chunks of any size as runs of exactly the bytes asked for; nothing is copied. */
export function byteQueue(chunks: AsyncIterable<Uint8Array>) {
  const source = chunks[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array(0);
  return {
    async take(length: number): Promise<Uint8Array[]> {
      const pieces: Uint8Array[] = [];
      for (let missing = length; missing > 0; ) {
        if (rest.length === 0) {
          const next = await source.next();
          if (next.done) {
            throw new HalotileError('data-loss', { what: `the blocks ended ${missing} bytes early` });
          }
          rest = next.value;
        }
        const piece = rest.subarray(0, missing);
        rest = rest.subarray(piece.length);
        missing -= piece.length;
        pieces.push(piece);
      }
      return pieces;
    },
  };
}

/** Gathers blocks that follow each other in the file, so that a tile takes few calls. */
class WriteRun {
  readonly #file: FileHandle;
  #pieces: Uint8Array[] = [];
  #offset = 0;
  #length = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async add(pieces: readonly Uint8Array[], offset: number, length: number): Promise<void> {
    if (offset !== this.#offset + this.#length || this.#length >= RUN_BYTES) await this.flush();
    if (this.#length === 0) this.#offset = offset;
    this.#pieces.push(...pieces);
    this.#length += length;
  }

  async flush(): Promise<void> {
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#length = 0;
    await writeAll(this.#file, pieces, this.#offset);
  }
}

/** Writes pieces one behind the other in as few calls as it takes. */
async function writeAll(file: FileHandle, pieces: readonly Uint8Array[], offset: number): Promise<void> {
  let position = offset;
  let left = pieces;
  try {
    while (left.length > 0) {
      const { bytesWritten } = await file.writev(left, position);
      position += bytesWritten;
      left = without(left, bytesWritten);
    }
  } catch (cause) {
    throw new HalotileError('output-failed', { what: (cause as Error).message }, { cause });
  }
}

/** What is left of pieces when so many bytes are taken off their front. */
function without(pieces: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let taken = bytes;
  return pieces.flatMap((piece) => {
    const rest = piece.subarray(Math.min(taken, piece.length));
    taken -= piece.length - rest.length;
    return rest.length > 0 ? [rest] : [];
  });
}
