import { randomUUID } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { cellCount, cellRect, gridOf } from '../../tiling/geometry/grid.js';
import { area } from '../../tiling/geometry/rect.js';
import { type JobProgress, NO_PROGRESS } from '../../tiling/job/job-progress.js';
import { recordLength } from '../../tiling/measure/record.js';
import type { PreparedTable } from '../../tiling/prepare/prepare-table.js';
import { damaged, readPiece, writeFully } from '../../tiling/stitch/copy-blocks.js';
import { RunTotals } from '../../tiling/stitch/run-totals.js';
import type { CommittedTile, TileLedger } from '../../tiling/stitch/tile-ledger.js';
import type { MeasureValue } from '../../tiling/work/measure.js';
import type { StoredBlock } from '../../tiling/work/references.js';
import type { Executor, StageTask, TaskResult } from '../../tiling/work/task.js';
import type { WorkJob } from '../../tiling/work/work-job.js';
import { runStage } from './run-stage.js';

/** Name of the file in an epoch's folder that holds the records of its parts. */
const RECORDS_FILE = 'records';

/** What parts are measured with. */
export interface MeasuringOptions {
  readonly table: PreparedTable;
  /** The partial directory of the table. */
  readonly directory: string;
  readonly ledger: TileLedger;
  /** Parts that earlier runs have measured, as the ledger has them. */
  readonly tiles: readonly CommittedTile[];
  readonly executor: Executor;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: JobProgress) => void;
  /** Looks whether the inputs are as they were; throws where not. */
  readonly check: () => void;
}

/**
 * The parts of an image of labels: each is measured once, by a task of its own, and its records lie in the partial
 * directory from then on, where the ledger says.
 */
export class MeasuredParts {
  readonly #options: MeasuringOptions;
  readonly #parts = new Map<number, CommittedTile>();
  readonly totals = new RunTotals();
  /** Of earlier runs. */
  readonly resumed: number;
  readonly count: number;

  constructor(options: MeasuringOptions) {
    const { table, tiles } = options;
    this.#options = options;
    this.count = cellCount(gridOf(table.size, table.part));
    const bytes = recordLength(table.channels) * 8;
    for (const tile of tiles) if (this.#holds(tile, bytes)) this.#parts.set(tile.tileIndex, tile);
    this.resumed = this.#parts.size;
  }

  /** Whether a ledger's entry is a part of this table whose records are there. */
  #holds({ stage, tileIndex, part, blocks }: CommittedTile, recordBytes: number): boolean {
    const [place] = blocks;
    if (stage !== 0 || tileIndex >= this.count || part === '' || blocks.length !== 1) return false;
    return place!.length % recordBytes === 0 && this.#recordsAt(part, place!) !== undefined;
  }

  /** Measures what no earlier run has; the executor forgets the job, however that ends. */
  async measure(): Promise<void> {
    const { table, directory, ledger, executor, signal, check } = this.#options;
    const { inputs, size, channels, part } = table;
    const grid = gridOf(size, part);
    const job: WorkJob = { key: `measure#${randomUUID()}`, inputs };
    const missing = Array.from({ length: this.count }, (_, index) => index).filter((index) => !this.#parts.has(index));
    function* tasks(): Generator<StageTask[]> {
      for (const index of missing) {
        yield [{ kind: 'measure', stage: 0, index, data: { rect: cellRect(grid, index), size, channels } }];
      }
    }
    let pixels = area(size) - missing.reduce((sum, index) => sum + area(cellRect(grid, index)), 0);
    const report = () => this.#report(pixels);
    report();
    const fd = openSync(join(directory, ledger.folder, RECORDS_FILE), 'wx', 0o600);
    let end = 0;
    try {
      await runStage(executor, {
        job,
        signal,
        sequences: tasks(),
        commit: (result, { index }) => {
          check();
          const { records } = result.value as MeasureValue;
          writeFully(fd, records, end);
          const block = { level: 0, index, offset: end, length: records.length, crc: crc32(records) };
          end += records.length;
          const committed: TaskResult = {
            ...result,
            task: { ...result.task, index },
            part: RECORDS_FILE,
            blocks: [block],
          };
          this.#parts.set(index, ledger.commit(committed));
          this.totals.add(committed);
          pixels += area(cellRect(grid, index));
          report();
        },
      });
    } finally {
      closeSync(fd);
      await executor.closeJob(job.key);
    }
  }

  #report(pixels: number): void {
    const { table, onProgress } = this.#options;
    onProgress?.({
      ...NO_PROGRESS,
      ...{ tilesDone: this.#parts.size, tilesTotal: this.count },
      ...{ pixelsDone: pixels, pixelsTotal: area(table.size) },
      ...{ bytesRead: this.totals.bytesRead, bytesWritten: this.totals.bytesWritten },
    });
  }

  /**
   * The records of all parts in their order, so that sums of floats are the same each time.
   * @throws output-failed where a file no longer holds what was committed
   */
  *records(): Generator<Uint8Array> {
    for (let index = 0; index < this.count; index++) {
      const { part, blocks } = this.#parts.get(index)!;
      const records = this.#recordsAt(part, blocks[0]!);
      if (records === undefined) throw damaged(join(this.#options.directory, part), blocks[0]!.offset);
      yield records;
    }
  }

  /** Undefined where they are not as they were committed. */
  #recordsAt(part: string, { offset, length, crc }: StoredBlock): Uint8Array | undefined {
    const records = readPiece(join(this.#options.directory, part), offset, length);
    return records !== undefined && crc32(records) === crc ? records : undefined;
  }
}
