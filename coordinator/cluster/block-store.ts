import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { badInput, HalotileError } from '../../tiling/errors.js';
import { storedLevels } from '../../tiling/plan/levels.js';
import type { Plan } from '../../tiling/plan/plan.js';
import { type BlockPlaces, blockBytes, placedLayout } from '../../tiling/tiff/tiff-layout.js';
import type { SinkRef, StoredBlock } from '../../tiling/work/references.js';
import type { TaskResult } from '../../tiling/work/task.js';
import type { ByteQueue } from './byte-queue.js';
import type { FileThreads } from './file-threads.js';
import { HeldFile } from './held-file.js';

/** The part file for blocks that came through the coordinator. */
const PART = 'part-coordinator';
const PART_NAME = /^part-[A-Za-z0-9._-]{1,200}$/;
/** An encoded block may be larger than its pixels, but not by more than this share and a header. */
const MAX_GROWTH = 1.25;
const MAX_OVERHEAD_BYTES = 1 << 16;
/** Bytes that are gathered before they are written. */
const RUN_BYTES = 4 << 20;

/** A sink in storage that this coordinator sees. */
export type StoredSinkRef = Exclude<SinkRef, { kind: 'coordinator' }>;

/** Puts blocks that workers send along with their results to where the job wants them, and looks for those of others. */
export class BlockStore {
  /** Name of the part file for the ledger; empty for placed blocks. */
  readonly part: string;
  readonly #plan: Plan;
  readonly #threads: FileThreads;
  readonly #sink: StoredSinkRef;
  /** Opened for the first block that is sent. */
  #file: Promise<HeldFile> | undefined;
  readonly #places: readonly BlockPlaces[] | undefined;
  readonly #durable: boolean;
  #end = 0;

  constructor(threads: FileThreads, sink: StoredSinkRef, plan: Plan) {
    const placed = sink.kind === 'placed';
    this.part = placed ? '' : PART;
    this.#plan = plan;
    this.#threads = threads;
    this.#durable = sink.durable;
    this.#places = placed ? placedLayout(plan).places : undefined;
    this.#sink = sink;
  }

  /**
   * Stores blocks whose bytes come in their order, each checked before it is written; returns where they lie.
   * @throws data-loss for a CRC that does not match; bad-input for blocks that the plan does not have
   */
  async store(blocks: readonly StoredBlock[], bytes: ByteQueue): Promise<StoredBlock[]> {
    const stored = this.#place(blocks);
    const file = await this.#open();
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

  /**
   * Checks that a part file which a worker wrote by itself can be seen here and holds what the result says, as
   * far as its size tells; assembly checks the bytes.
   * @throws bad-input for a name that is no part file; output-failed where bytes are missing
   */
  async check({ part, blocks }: Pick<TaskResult, 'part' | 'blocks'>): Promise<void> {
    if (this.#sink.kind === 'placed') return;
    if (!PART_NAME.test(part)) {
      throw badInput({ what: `'${part}' is no part file`, expected: 'a name like part-HOST-1' });
    }
    const end = blocks.reduce((max, { offset, length }) => Math.max(max, offset + length), 0);
    await checkVisible(join(this.#sink.partial, this.#sink.epoch, part), { atLeast: end });
  }

  /** Returns when nothing is written any more. */
  async close(): Promise<void> {
    await (await this.#file)?.close();
  }

  #open(): Promise<HeldFile> {
    const sink = this.#sink;
    // The epoch is this coordinator's alone, so the part file starts empty.
    this.#file ??=
      sink.kind === 'placed' ? openHeld(sink.file, 'r+') : openHeld(join(sink.partial, sink.epoch, PART), 'w');
    return this.#file;
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

async function openHeld(path: string, flags: 'r+' | 'w'): Promise<HeldFile> {
  const handle = await open(path, flags);
  return new HeldFile({ fd: handle.fd, name: path }, () => handle.close());
}

/**
 * Checks that what a worker wrote into shared storage is there for this coordinator too.
 * @throws output-failed
 */
export async function checkVisible(path: string, { atLeast }: { readonly atLeast: number }): Promise<void> {
  const size = await stat(path).then(
    (stats) => stats.size,
    () => 0,
  );
  if (size >= atLeast) return;
  throw new HalotileError('output-failed', {
    what: `${size} of ${atLeast} bytes are visible to the coordinator`,
    where: path,
    remedy: 'use storage that shows writes to other machines when the file is synced, or leave the root out',
  });
}
