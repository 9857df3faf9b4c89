import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { HalotileError } from '../../tiling/errors.js';
import { tileCount } from '../../tiling/plan/levels.js';
import type { Plan } from '../../tiling/plan/plan.js';
import { type BlockPlaces, placedLayout, storedBlockBytes } from '../../tiling/tiff/tiff-layout.js';
import type { SinkRef, StoredBlock } from '../../tiling/work/references.js';
import type { TaskResult } from '../../tiling/work/task.js';
import type { ByteQueue } from './byte-queue.js';
import { HeldFile } from './held-file.js';
import { NoResult } from './no-result.js';
import { checkSeen, drawn, type Looking } from './seen-files.js';

/** The part file for blocks that came through the coordinator. */
const PART = 'part-coordinator';
const PART_NAME = /^part-[A-Za-z0-9._-]{1,240}$/;
/** An encoded block may be larger than its pixels, but not by more than this share and a header. */
const MAX_GROWTH = 1.25;
const MAX_OVERHEAD_BYTES = 1 << 16;
/** The main thread looks at the files of so few itself; those of larger jobs would take its time from others. */
const FEW_TILES = 4;
/** Bytes that are gathered before they are written. */
const RUN_BYTES = 4 << 20;

/** A sink in storage that this coordinator sees. */
export type StoredSinkRef = Exclude<SinkRef, { kind: 'coordinator' }>;

/** Puts blocks that workers send along with their results to where the job wants them, and looks for those of others. */
export class BlockStore {
  /** Name of the part file for the ledger; empty for placed blocks. */
  readonly part: string;
  readonly #looking: Looking;
  readonly #sink: StoredSinkRef;
  /** Opened for the first block that is sent. */
  #file: Promise<HeldFile> | undefined;
  readonly #plan: Plan;
  /** Where every block goes, where they are placed. */
  readonly #places: readonly BlockPlaces[] | undefined;
  readonly #durable: boolean;
  readonly #isSmall: boolean;
  #end = 0;

  constructor(looking: Looking, sink: StoredSinkRef, plan: Plan) {
    const placed = sink.kind === 'placed';
    this.part = placed ? '' : PART;
    this.#looking = looking;
    this.#plan = plan;
    this.#durable = sink.durable;
    this.#isSmall = tileCount(plan.stages) <= FEW_TILES;
    this.#places = placed ? placedLayout(plan).places : undefined;
    this.#sink = sink;
  }

  /**
   * Stores blocks whose bytes come in their order, each checked before it is written; returns where they lie.
   * @throws data-loss for a CRC that does not match; NoResult for a length that no block of the plan has
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
      const damaged = await file.use((held) => this.#looking.threads.store({ file: held, pieces, blocks: run, sync }));
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
   * Checks blocks that a worker wrote into shared storage by itself: they lie in a part file of its own, or at their
   * final places, and one of them, drawn anew for each result, has the CRC that the worker says. Assembly and resumes
   * check the others.
   * @param instance in the names of the worker's part files
   * @throws NoResult; output-failed where bytes are not visible
   */
  async check({ part, blocks }: Pick<TaskResult, 'part' | 'blocks'>, instance: string): Promise<void> {
    const sink = this.#sink;
    for (const block of blocks) this.#checkBlock(block);
    const isOwn = sink.kind === 'placed' ? part === '' : PART_NAME.test(part) && part.startsWith(`part-${instance}-`);
    if (!isOwn) {
      throw new NoResult({
        what: `'${part}' is no part file of the worker`,
        expected: sink.kind === 'placed' ? 'none' : `part-${instance}-...`,
      });
    }
    const bytes = blocks.reduce((max, { offset, length }) => Math.max(max, offset + length), 0);
    const path = sink.kind === 'placed' ? sink.file : join(sink.partial, sink.epoch, part);
    // Whole placed blocks of level 0 have no CRC of their own: their pixels' is the result's.
    const piece = drawn(
      blocks.filter(({ crc }) => crc !== 0),
      this.#looking,
    );
    await checkSeen(this.#looking, [{ path, bytes, piece }], { exact: false, here: this.#isSmall });
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
    return blocks.map((block) => {
      const { level, index, length } = block;
      const offset = this.#places?.[level]?.offsets[index] ?? this.#end;
      const placed = { ...block, offset };
      this.#checkBlock(placed);
      this.#end += length;
      return placed;
    });
  }

  /** A block of the plan has a length that encoding can give, and where it is placed the one place. */
  #checkBlock({ level, index, offset, length }: StoredBlock): void {
    const decoded = storedBlockBytes(this.#plan, level);
    const place = this.#places?.[level]?.offsets[index];
    const fits =
      place === undefined
        ? length > 0 &&
          length <= decoded * MAX_GROWTH + MAX_OVERHEAD_BYTES &&
          Number.isSafeInteger(offset) &&
          offset >= 0
        : length === decoded && offset === place;
    if (fits) return;
    throw new NoResult({
      what: `${length} bytes at offset ${offset} of a file`,
      where: `block ${index} of level ${level}`,
      expected: place === undefined ? `at most ${MAX_GROWTH} times ${decoded}` : `${decoded} at ${place}`,
    });
  }
}

async function openHeld(path: string, flags: 'r+' | 'w'): Promise<HeldFile> {
  const handle = await open(path, flags);
  return new HeldFile({ fd: handle.fd, name: path }, () => handle.close());
}
