import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { badInput } from '../errors.js';
import type { StoredBlock } from '../work/references.js';
import type { TaskResult } from '../work/task.js';
import type { Carries, TileValue } from '../work/tiles.js';
import { forEachRecord, RecordLog } from './record-log.js';

/**
 * The ledger of one job: which tiles are committed and where their blocks lie, fenced by epochs.
 *
 * Each run of a coordinator over the job is an epoch: a directory `epoch-000001`, created exclusively, that
 * holds this run's `ledger` and its workers' part files. Its first record adopts what older epochs had
 * recorded by then, by length and CRC. Whatever an older run appends later does not exist, so two
 * coordinators that both believe to own the job cannot mix their tiles.
 */

const whole = z.number().int().min(0);
const epochNumber = whole.min(1);
const checksum = whole.max(0xffff_ffff);

const adoptRecord = z.object({
  type: z.literal('adopt'),
  /** What an epoch took over from older ones: bytes of each ledger that count, and their CRC-32. */
  epochs: z.array(z.object({ epoch: epochNumber, bytes: whole, crc: checksum })),
});

/** One committed tile, blocks as `[level, index, offset, length, crc]`. */
const tileRecord = z.object({
  type: z.literal('tile'),
  stage: whole,
  tile: whole,
  /** Empty, or a part file in the folder of its epoch. */
  part: z.string().regex(/^(?:epoch-\d{6,15}\/[^/\0]+)?$/),
  blocks: z.array(z.tuple([whole, whole, whole, whole, checksum])),
  pixelCrc: checksum,
  term: z.number().int(),
  partial: z.unknown().optional(),
  carries: z.unknown().optional(),
});

/** The finished file is about to get its name; `inode` tells whether that happened before a death. */
const publishRecord = z.object({ type: z.literal('publish'), inode: z.string() });

const ledgerRecord = z.discriminatedUnion('type', [adoptRecord, tileRecord, publishRecord]);

type Adoption = z.output<typeof adoptRecord>['epochs'][number];
type AdoptRecord = z.output<typeof adoptRecord>;
type TileRecord = z.output<typeof tileRecord>;
type PublishRecord = z.output<typeof publishRecord>;

/** A committed tile as the ledger knows it. */
export interface CommittedTile {
  readonly stage: number;
  readonly tile: number;
  /** Path of the part file relative to the partial directory; empty for placed blocks. */
  readonly part: string;
  readonly blocks: readonly StoredBlock[];
  readonly pixelCrc: number;
  readonly rasterCrcTerm: number;
  readonly partial?: unknown;
  readonly carries?: Carries;
}

/** Everything the adopted records say. */
export interface LedgerState {
  readonly epochs: number;
  readonly tiles: readonly CommittedTile[];
  readonly publishedInode: string | undefined;
}

const LEDGER = 'ledger';
const EPOCH_NAME = /^epoch-(\d{6,15})$/;

/** The open ledger of the epoch that this process owns. */
export class Ledger {
  readonly epoch: number;
  /** Name of this epoch's folder in the partial directory; part files go there. */
  readonly folder: string;
  readonly #log: RecordLog;

  private constructor(epoch: number, log: RecordLog) {
    this.epoch = epoch;
    this.folder = epochName(epoch);
    this.#log = log;
  }

  /**
   * Starts the next epoch in a partial directory and returns it with what it adopted.
   * @throws bad-input where an older ledger no longer holds what was adopted from it
   */
  static open(partial: string, { durable }: { readonly durable: boolean }): { ledger: Ledger; state: LedgerState } {
    for (;;) {
      const epochs = epochNumbers(partial);
      const epoch = epochs.reduce((last, each) => Math.max(last, each), 0) + 1;
      const directory = epochDirectory(partial, epoch);
      try {
        mkdirSync(directory);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
        throw error;
      }
      const adopted = adoptable(partial, epochs);
      const log = RecordLog.open(join(directory, LEDGER), { durable });
      log.append({ type: 'adopt', epochs: adopted } satisfies AdoptRecord);
      return { ledger: new Ledger(epoch, log), state: stateOf(partial, adopted, epochs.length + 1) };
    }
  }

  /** Records a tile. When it returns, the tile will not be computed again. */
  commit(result: TaskResult): CommittedTile {
    const part = result.part === '' ? '' : join(this.folder, result.part);
    const { task, blocks, crc: pixelCrc } = result;
    const { rasterCrcTerm = 0, carries, partial } = (result.value ?? {}) as Partial<TileValue> & { partial?: unknown };
    this.#log.append({
      type: 'tile',
      stage: task.stage,
      tile: task.index,
      part,
      blocks: blocks.map(({ level, index, offset, length, crc }) => [level, index, offset, length, crc]),
      pixelCrc,
      term: rasterCrcTerm,
      partial,
      carries,
    } satisfies TileRecord);
    return { stage: task.stage, tile: task.index, part, blocks, pixelCrc, rasterCrcTerm, partial, carries };
  }

  /** Records that the file with this inode is the finished output. */
  publish(inode: string): void {
    this.#log.append({ type: 'publish', inode } satisfies PublishRecord);
  }

  close(): void {
    this.#log.close();
  }
}

/** What a partial directory holds, without starting an epoch: for previews and status. */
export function readLedger(partial: string): LedgerState {
  const epochs = epochNumbers(partial);
  return stateOf(partial, adoptable(partial, epochs), epochs.length);
}

function epochNumbers(partial: string): number[] {
  const names = existsSync(partial) ? readdirSync(partial) : [];
  return names.flatMap((name) => EPOCH_NAME.exec(name)?.[1] ?? []).map(Number);
}

function epochName(epoch: number): string {
  return `epoch-${String(epoch).padStart(6, '0')}`;
}

function epochDirectory(partial: string, epoch: number): string {
  return join(partial, epochName(epoch));
}

/**
 * What a new epoch takes over: the adoptions of the newest epoch that got as far as its first record, and
 * that epoch itself up to its last whole record.
 */
function adoptable(partial: string, epochs: readonly number[]): Adoption[] {
  for (const epoch of [...epochs].sort((a, b) => b - a)) {
    const path = join(epochDirectory(partial, epoch), LEDGER);
    let first: object | undefined;
    const bytes = forEachRecord(path, (record) => {
      first ??= record;
    });
    const adopted = adoptRecord.safeParse(first);
    if (!adopted.success) continue;
    return [...adopted.data.epochs, { epoch, bytes, crc: crc32(readFileSync(path).subarray(0, bytes)) }];
  }
  return [];
}

function stateOf(partial: string, adoptions: readonly Adoption[], epochs: number): LedgerState {
  const tiles = new Map<string, CommittedTile>();
  let publishedInode: string | undefined;
  for (const { epoch, bytes, crc } of adoptions) {
    const path = join(epochDirectory(partial, epoch), LEDGER);
    checkAdopted(path, bytes, crc);
    forEachRecord(
      path,
      (record) => {
        // What is no record of ours says nothing: its tile is computed again.
        const { data: entry } = ledgerRecord.safeParse(record);
        if (entry?.type === 'publish') publishedInode = entry.inode;
        if (entry?.type === 'tile') tiles.set(`${entry.stage}/${entry.tile}`, committed(entry));
      },
      bytes,
    );
  }
  return { epochs, tiles: [...tiles.values()], publishedInode };
}

function checkAdopted(path: string, bytes: number, crc: number): void {
  const held = existsSync(path) ? readFileSync(path).subarray(0, bytes) : new Uint8Array();
  if (held.length === bytes && crc32(held) === crc) return;
  throw badInput({
    what: 'the ledger of an earlier run is damaged',
    where: path,
    expected: `${bytes} bytes with the CRC that a later run recorded`,
    remedy: 'use --restart to begin anew',
  });
}

function committed(record: TileRecord): CommittedTile {
  return {
    stage: record.stage,
    tile: record.tile,
    part: record.part,
    blocks: record.blocks.map(([level, index, offset, length, crc]) => ({ level, index, offset, length, crc })),
    pixelCrc: record.pixelCrc,
    rasterCrcTerm: record.term,
    partial: record.partial,
    carries: record.carries as Carries | undefined,
  };
}
