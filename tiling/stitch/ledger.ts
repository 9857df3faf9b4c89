import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { badInput } from '../errors.js';
import type { Carries, StoredBlock, TileResult } from '../job/execution.js';
import { forEachRecord, RecordLog } from './record-log.js';

/**
 * The ledger of one job: which tiles are committed and where their blocks lie, fenced by epochs.
 *
 * Each run of a coordinator over the job is an epoch: a directory `epoch-000001`, created exclusively, that
 * holds this run's `ledger` and its workers' part files. Its first record adopts what older epochs had
 * recorded by then, by length and CRC. Whatever an older run appends later does not exist, so two
 * coordinators that both believe to own the job cannot mix their tiles.
 */

/** What an epoch took over from one older epoch. */
interface Adoption {
  readonly epoch: number;
  /** Bytes of the older ledger that count, and their CRC-32. */
  readonly bytes: number;
  readonly crc: number;
}

interface AdoptRecord {
  readonly type: 'adopt';
  readonly epochs: readonly Adoption[];
}

/** One committed tile, blocks as `[level, index, offset, length, crc]`. */
interface TileRecord {
  readonly type: 'tile';
  readonly stage: number;
  readonly tile: number;
  readonly part: string;
  readonly blocks: readonly (readonly [number, number, number, number, number])[];
  readonly pixelCrc: number;
  readonly term: number;
  readonly partial?: unknown;
  readonly carries?: Carries;
}

/** The finished file is about to get its name; `inode` tells whether that happened before a death. */
interface PublishRecord {
  readonly type: 'publish';
  readonly inode: string;
}

type LedgerRecord = AdoptRecord | TileRecord | PublishRecord;

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
const EPOCH_NAME = /^epoch-(\d{6,})$/;

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
      const epoch = Math.max(0, ...epochs) + 1;
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
  commit(result: TileResult): CommittedTile {
    const part = result.part === '' ? '' : join(this.folder, result.part);
    const { task, blocks, pixelCrc, rasterCrcTerm, partial, carries } = result;
    this.#log.append({
      type: 'tile',
      stage: task.stage,
      tile: task.tile,
      part,
      blocks: blocks.map(({ level, index, offset, length, crc }) => [level, index, offset, length, crc] as const),
      pixelCrc,
      term: rasterCrcTerm,
      partial,
      carries,
    } satisfies TileRecord);
    return { stage: task.stage, tile: task.tile, part, blocks, pixelCrc, rasterCrcTerm, partial, carries };
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
    let first: LedgerRecord | undefined;
    const bytes = forEachRecord(path, (record) => {
      first ??= record as LedgerRecord;
    });
    if (first?.type !== 'adopt') continue;
    return [...first.epochs, { epoch, bytes, crc: crc32(readFileSync(path).subarray(0, bytes)) }];
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
        const entry = record as LedgerRecord;
        if (entry.type === 'publish') publishedInode = entry.inode;
        if (entry.type === 'tile') tiles.set(`${entry.stage}/${entry.tile}`, committed(entry));
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
    carries: record.carries,
  };
}
