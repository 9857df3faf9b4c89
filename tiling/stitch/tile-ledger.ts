import { join } from 'node:path';
import { z } from 'zod';
import { atOnce, inTurns } from '../breath.js';
import type { StoredBlock } from '../work/references.js';
import type { TaskResult } from '../work/task.js';
import type { Carries, TileValue } from '../work/tiles.js';
import { type Ledger, LedgerFollower, LedgerHistory } from './ledger.js';

/** What the ledger of an image job says: which tiles are committed and where their blocks lie. */

const whole = z.number().int().min(0);
const checksum = whole.max(0xffff_ffff);

/** One committed tile, blocks as `[level, index, offset, length, crc]`. */
const tileRecord = z.object({
  type: z.literal('tile'),
  stage: whole,
  tileIndex: whole,
  /** Empty, or a part file in the folder of its epoch. */
  part: z.string().regex(/^(?:epoch-\d{6,15}\/(?!\.{1,2}$)[^/\0]+)?$/),
  blocks: z.array(z.tuple([whole, whole, whole, whole, checksum])),
  pixelCrc: checksum,
  term: z.number().int(),
  partial: z.unknown().optional(),
  carries: z.array(z.string()).optional(),
});

/** The finished file is about to get its name; `inode` tells whether that happened before a death. */
const publishRecord = z.object({ type: z.literal('publish'), inode: z.string() });

const recordSchema = z.discriminatedUnion('type', [tileRecord, publishRecord]);

type TileRecord = z.output<typeof tileRecord>;
type JobRecord = z.output<typeof recordSchema>;

/** A committed tile as the ledger knows it. */
export interface CommittedTile {
  readonly stage: number;
  readonly tileIndex: number;
  /** Path of the part file relative to the partial directory; empty for placed blocks. */
  readonly part: string;
  readonly blocks: readonly StoredBlock[];
  readonly pixelCrc: number;
  readonly rasterCrcTerm: number;
  readonly partial?: unknown;
  readonly carries?: Carries;
}

/** A finished tile whose blocks lie in `part`. */
export function committedTile({ task, blocks, crc: pixelCrc, value }: TaskResult, part: string): CommittedTile {
  const { rasterCrcTerm = 0, carries, partial } = (value ?? {}) as Partial<TileValue> & { partial?: unknown };
  return { stage: task.stage, tileIndex: task.index, part, blocks, pixelCrc, rasterCrcTerm, partial, carries };
}

/** Everything the adopted records say. */
export interface LedgerState {
  readonly epochs: number;
  readonly tiles: readonly CommittedTile[];
  readonly publishedInode: string | undefined;
}

/** The open ledger of an image job. */
export class TileLedger {
  readonly epoch: number;
  /** Name of this epoch's folder in the partial directory; part files go there. */
  readonly folder: string;
  readonly #ledger: Ledger<JobRecord>;

  private constructor(ledger: Ledger<JobRecord>) {
    this.epoch = ledger.epoch;
    this.folder = ledger.folder;
    this.#ledger = ledger;
  }

  /**
   * Starts the next epoch in a partial directory and returns it with what it adopted.
   * @throws bad-input where an older ledger no longer holds what was adopted from it
   */
  static async open(
    partial: string,
    { durable }: { readonly durable: boolean },
  ): Promise<{ readonly ledger: TileLedger; readonly state: LedgerState }> {
    for (;;) {
      const history = await inTurns(LedgerHistory.read(partial, recordSchema));
      const state = await inTurns(stateOf(history));
      const ledger = history.begin({ durable });
      if (ledger !== undefined) {
        return { ledger: new TileLedger(ledger), state: { ...state, epochs: history.epochs + 1 } };
      }
    }
  }

  /** Records a tile. When it returns, the tile will not be computed again. */
  commit(result: TaskResult): CommittedTile {
    const tile = committedTile(result, result.part === '' ? '' : join(this.folder, result.part));
    const { blocks, rasterCrcTerm: term, carries, ...fields } = tile;
    this.#ledger.append({
      type: 'tile',
      ...fields,
      blocks: blocks.map(({ level, index, offset, length, crc }) => [level, index, offset, length, crc]),
      term,
      carries: carries && [...carries],
    });
    return tile;
  }

  /** Records that the file with this inode is the finished output. */
  publish(inode: string): void {
    this.#ledger.append({ type: 'publish', inode });
  }

  /** Whether no later run has taken the job over. */
  isNewest(): boolean {
    return this.#ledger.isNewest();
  }

  /** @throws interrupted where one has */
  assertNewest(): void {
    this.#ledger.assertNewest();
  }

  close(): void {
    this.#ledger.close();
  }
}

/** What a partial directory holds, without starting an epoch: for previews and status. */
export function readTiles(partial: string): LedgerState {
  return atOnce(stateOf(atOnce(LedgerHistory.read(partial, recordSchema))));
}

/** Tells, each time that it is called, which tiles were committed since: for whoever watches a job. */
export function followTiles(partial: string): () => CommittedTile[] {
  const follower = new LedgerFollower(partial, recordSchema);
  return () => {
    const tiles: CommittedTile[] = [];
    follower.next((record) => {
      if (record.type === 'tile') tiles.push(committed(record));
    });
    return tiles;
  };
}

function* stateOf(history: LedgerHistory<JobRecord>): Generator<void, LedgerState> {
  const tiles = new Map<string, CommittedTile>();
  let publishedInode: string | undefined;
  yield* history.visit((record) => {
    // What is no record of ours says nothing: its tile is computed again.
    if (record?.type === 'publish') publishedInode = record.inode;
    if (record?.type === 'tile') tiles.set(`${record.stage}/${record.tileIndex}`, committed(record));
  });
  return { epochs: history.epochs, tiles: [...tiles.values()], publishedInode };
}

function committed(record: TileRecord): CommittedTile {
  return {
    stage: record.stage,
    tileIndex: record.tileIndex,
    part: record.part,
    blocks: record.blocks.map(([level, index, offset, length, crc]) => ({ level, index, offset, length, crc })),
    pixelCrc: record.pixelCrc,
    rasterCrcTerm: record.term,
    partial: record.partial,
    carries: record.carries,
  };
}
