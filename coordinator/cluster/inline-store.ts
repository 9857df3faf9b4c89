import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { badInput, HalotileError } from '../../tiling/errors.js';
import type { SinkRef, StoredBlock } from '../../tiling/job/execution.js';
import { storedLevels } from '../../tiling/plan/levels.js';
import type { Plan } from '../../tiling/plan/plan.js';
import { type BlockPlaces, blockBytes, placedLayout } from '../../tiling/tiff/tiff-layout.js';
import type { FileThreads } from './file-threads.js';
import { HeldFile } from './held-file.js';

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
  readonly #threads: FileThreads;
  readonly #file: Promise<HeldFile>;
  readonly #places: readonly BlockPlaces[] | undefined;
  readonly #durable: boolean;
  #end = 0;

  constructor(threads: FileThreads, sink: Exclude<SinkRef, { kind: 'coordinator' }>, plan: Plan) {
    const placed = sink.kind === 'placed';
    this.part = placed ? '' : PART;
    this.#plan = plan;
    this.#threads = threads;
    this.#durable = sink.durable;
    this.#places = placed ? placedLayout(plan).places : undefined;
    // The epoch is this coordinator's alone, so the part file starts empty.
    this.#file = placed ? openHeld(sink.file, 'r+') : openHeld(join(sink.partial, sink.epoch, PART), 'w');
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
    for (let first = 0; first < stored.length; ) {
      let next = first;
      let length = 0;
      for (; next < stored.length && length < RUN_BYTES; next++) length += stored[next]!.length;
      const pieces = await bytes.take(length);
      const run = stored.slice(first, next);
      const sync = this.#durable && next === stored.length;
      const damaged = await file.use((held) => this.#threads.store({ file: held, pieces, blocks: run, sync }));
      if (damaged !== undefined) {
        const { index, level } = run[damaged]!;
        throw new HalotileError('data-loss', {
          what: 'a block was damaged on its way',
          where: `block ${index} of level ${level}`,
          remedy: 'send it again',
        });
      }
      first = next;
    }
    return stored;
  }

  /** Returns when nothing is written any more. */
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

/** Opens a file for threads. */
export async function openHeld(path: string, flags: 'r' | 'r+' | 'w'): Promise<HeldFile> {
  const handle = await open(path, flags);
  return new HeldFile({ fd: handle.fd, name: path }, () => handle.close());
}

/** Chunks of any size as runs of exactly the bytes asked for. */
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
        // What a thread gets is gone here: a piece of a chunk that is needed again is copied.
        const piece = rest.length <= missing ? rest : rest.slice(0, missing);
        rest = rest.subarray(piece.length);
        missing -= piece.length;
        pieces.push(piece);
      }
      return pieces;
    },
  };
}
