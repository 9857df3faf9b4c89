import { randomUUID } from 'node:crypto';
import { closeSync, constants, existsSync, ftruncateSync, openSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { area } from '../../tiling/geometry/rect.js';
import { type JobProgress, NO_PROGRESS } from '../../tiling/job/job-progress.js';
import type { JobSpec } from '../../tiling/job/job-spec.js';
import { outputFolderOf } from '../../tiling/job/output-format.js';
import { isUrl } from '../../tiling/places/url.js';
import { tileCount } from '../../tiling/plan/levels.js';
import { isPlaced, type OutputShape, outputShape } from '../../tiling/plan/output-shape.js';
import type { Plan } from '../../tiling/plan/plan.js';
import { completeReduction } from '../../tiling/plan/reductions.js';
import { type PreparedInputs, sourcesOf } from '../../tiling/prepare/job-rasters.js';
import { assertAllUnchanged, assertUnchanged, type SeenFile } from '../../tiling/sources/fingerprint.js';
import { CommittedTiles } from '../../tiling/stitch/committed-tiles.js';
import { writeFully } from '../../tiling/stitch/copy-blocks.js';
import { publishTree, treeBytes } from '../../tiling/stitch/output-tree.js';
import { type PartialPaths, removePartial } from '../../tiling/stitch/partial.js';
import { RunTotals } from '../../tiling/stitch/run-totals.js';
import type { CommittedTile, LedgerState, TileLedger } from '../../tiling/stitch/tile-ledger.js';
import { decodedBytes, encodeIndex, placedLayout } from '../../tiling/tiff/tiff-layout.js';
import type { SinkRef } from '../../tiling/work/references.js';
import type { Executor, TaskResult } from '../../tiling/work/task.js';
import type { WorkJob } from '../../tiling/work/work-job.js';
import { type AssemblyMeans, syncFile } from '../assembly/assemble.js';
import { copyHere, isSmallCopy } from '../assembly/copy-here.js';
import { type Committed, makeOutput, sourceOf, treeFolder } from '../assembly/make-output.js';
import type { JobResult } from './job-result.js';
import { madeOf } from './made-image.js';
import { peakMemoryBytes } from './peak-memory.js';
import { publishOutput } from './publish-output.js';
import type { RemoteOutput } from './remote-output.js';
import { runStage } from './run-stage.js';
import { runTask } from './run-task.js';
import { withSummaries } from './summaries.js';

/** Inputs are looked at so often while tiles are committed, and once more before the output gets its name. */
const LOOK_MS = 100;

/** What a running job needs from whoever runs it. */
export interface RunningJobOptions {
  readonly onWarning?: (what: string) => void;
  readonly spec: JobSpec;
  readonly executor: Executor;
  readonly durable?: boolean;
  readonly onProgress?: (progress: JobProgress) => void;
  readonly signal?: AbortSignal;
  /** The output's store, where it has no place of its own on this machine. */
  readonly remote?: RemoteOutput;
}

/** A job whose epoch has begun. */
export interface OpenedJob {
  readonly paths: PartialPaths;
  /** Of what decides the output. */
  readonly digest: string;
  /** Everything that the job reads, as it was when the job began. */
  readonly files: readonly SeenFile[];
  readonly inputs: PreparedInputs;
  readonly plan: Plan;
  /** As in {@link WorkJob}. */
  readonly boundedBackend?: string;
  readonly ledger: TileLedger;
  /** Tiles that need not be computed again. */
  readonly tiles: readonly CommittedTile[];
  /** An earlier run died between giving the output its name and removing the partial directory. */
  readonly isPublished: boolean;
}

/** The tiles of a job that runs in this process, for whoever looks on. */
export interface RunningTiles {
  readonly shape: OutputShape;
  /** As {@link CommittedTiles.follow}: those of earlier runs first. */
  follow(): () => readonly CommittedTile[];
}

/**
 * Bytes of disk that a job needs beside its inputs: the file itself where blocks are placed at once;
 * otherwise part files and the file, each taken as half of the pixels, since halves are typical.
 */
export function diskNeed(plan: Plan): number {
  return decodedBytes(plan);
}

/** The stages, commits and publication of one epoch of a job. */
export class RunningJob {
  readonly #options: RunningJobOptions;
  readonly #opened: OpenedJob;
  #job: WorkJob & { readonly plan: Plan };
  readonly #placed: boolean;
  readonly #alreadyPublished: boolean;
  readonly #totals = new RunTotals();
  readonly #committed: CommittedTiles;
  /** Tiles that earlier runs had committed. */
  readonly #resumedTiles: number;
  readonly #pixelsResumed: number;
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(options: RunningJobOptions, opened: OpenedJob) {
    const { plan, paths, ledger, inputs, tiles } = opened;
    this.#options = options;
    this.#opened = opened;
    this.#placed = isPlaced(plan);
    const durable = options.durable === true;
    const sink: SinkRef = this.#placed
      ? { kind: 'placed', file: paths.image, durable }
      : { kind: 'parts', partial: paths.directory, epoch: ledger.folder, durable };
    // Epochs count anew once a job is finished: only an identifier tells its files from the next job's.
    const key = `${options.spec.output}#${ledger.epoch}#${randomUUID()}`;
    this.#job = { key, plan, inputs: sourcesOf(inputs), sink, boundedBackend: opened.boundedBackend };
    this.#committed = new CommittedTiles(plan, (part) => (part === '' ? paths.image : join(paths.directory, part)));
    this.#alreadyPublished = opened.isPublished;
    for (const tile of tiles) this.#committed.add(tile);
    this.#resumedTiles = this.#committed.count;
    this.#pixelsResumed = this.#committed.filteredPixels;
  }

  get tiles(): RunningTiles {
    return { shape: outputShape(this.#opened.plan), follow: () => this.#committed.follow() };
  }

  /** Computes every tile that is not in the ledger; the executor forgets the job, however that ends. */
  async runStages(): Promise<void> {
    if (this.#alreadyPublished) return;
    try {
      await this.#runStages();
    } finally {
      await this.#options.executor.closeJob(this.#job.key);
    }
  }

  async #runStages(): Promise<void> {
    const { plan } = this.#opened;
    if (this.#placed) this.#createPlacedFile();
    this.#report();
    await this.#summarise();
    for (const [index, stage] of plan.stages.entries()) {
      await runStage(this.#options.executor, {
        job: this.#job,
        sequences: this.#committed.sequences(index),
        commit: (result) => this.#commit(result),
        signal: this.#options.signal,
      });
      if (stage.kind === 'reduce') this.#completeOperation(index, stage.operation!);
    }
  }

  /** Wide windows read what is made of the whole image before the first tile. */
  async #summarise(): Promise<void> {
    const { paths, plan } = this.#opened;
    const { executor, signal } = this.#options;
    const inputs = await withSummaries({ executor, plan, inputs: this.#job.inputs, scratch: paths.scratch, signal });
    this.#job = { ...this.#job, inputs };
  }

  /** Puts the output together, gives it its name and removes the partial directory; returns its bytes. */
  async publish(): Promise<number> {
    const { plan, paths, ledger } = this.#opened;
    const { spec, durable, remote } = this.#options;
    const committed = { plan, output: spec.output, paths, epoch: ledger.folder, tiles: () => this.#committed.all() };
    if (remote !== undefined) return this.#publishTo(remote, committed);
    if (!this.#alreadyPublished) {
      if (!this.#placed) ledger.assertNewest();
      const made = await makeOutput(committed, this.#assembly());
      await assertAllUnchanged(this.#opened.files);
      ledger.publish(inodeOf(made.at(-1)!.from));
      if (outputFolderOf(spec.output) === undefined) {
        const said = await publishOutput(made[0]!.from, spec.output, () => ledger.assertNewest());
        for (const what of said) this.#options.onWarning?.(what);
      } else {
        ledger.assertNewest();
        publishTree(spec.output, made, join(treeFolder(committed), 'replaced'));
      }
      if (durable) syncFile(dirname(spec.output));
    }
    // What a later run has begun is that one's to remove.
    const isNewest = ledger.isNewest();
    // A file that is open stays in its folder on NFS, under another name.
    ledger.close();
    if (isNewest) await removePartial(paths);
    return treeBytes(spec.output);
  }

  /** The same in a store. A run that died just after it makes the object once more. */
  async #publishTo(remote: RemoteOutput, committed: Committed): Promise<number> {
    const { paths, digest, ledger, files } = this.#opened;
    const { signal } = this.#options;
    ledger.assertNewest();
    const isTree = outputFolderOf(remote.url) !== undefined;
    const made = isTree ? await makeOutput(committed, this.#assembly()) : await sourceOf(committed, this.#assembly());
    await assertAllUnchanged(files);
    const figures = this.#totals.figures(this.#job.plan, { crc: this.#committed.crc(), outputBytes: 0 });
    const about = JSON.stringify(madeOf(digest, figures));
    const terms = { partial: paths.directory, about, ...(signal && { signal }) };
    const bytes = 'kind' in made ? await remote.upload(made, terms) : await remote.uploadTree(made, terms);
    if (ledger.isNewest()) await removePartial(paths);
    return bytes;
  }

  #assembly(): AssemblyMeans {
    const { executor, durable } = this.#options;
    let copies = 0;
    const copy: AssemblyMeans['copy'] = async (data) => {
      if (isSmallCopy(data)) return copyHere(data);
      const job: WorkJob = { key: `${this.#job.key} copy ${++copies}`, inputs: [] };
      try {
        await runTask(executor, job, { kind: 'copy', stage: 0, index: 0, data });
      } finally {
        await executor.closeJob(job.key);
      }
    };
    return { slots: executor.slots, copy, durable: durable === true };
  }

  /** The job's figures, after publication. */
  result(timing: { prepare: number; assemble: number; total: number; outputBytes: number }): JobResult {
    const { ledger } = this.#opened;
    const { prepare, assemble: assembling, total, outputBytes } = timing;
    const figures = this.#totals.figures(this.#job.plan, { crc: this.#committed.crc(), outputBytes });
    return {
      output: this.#options.spec.output,
      ...figures,
      tiles: { ...figures.tiles, resumed: this.#resumedTiles },
      seconds: { prepare, ...figures.seconds, assemble: assembling, total },
      peakMemoryBytes: peakMemoryBytes(),
      epoch: ledger.epoch,
    };
  }

  #commit(result: TaskResult): void {
    this.#checkFiles();
    this.#committed.add(this.#opened.ledger.commit(result));
    this.#totals.add(result);
    this.#report();
  }

  /** Merges the partials of a reduce stage into the parameters of its operation. */
  #completeOperation(stage: number, index: number): void {
    const partials = this.#committed.partialsOf(stage);
    this.#job = { ...this.#job, plan: completeReduction(this.#job.plan, index, partials) };
  }

  #createPlacedFile(): void {
    const { plan, paths } = this.#opened;
    const { places, fileBytes } = placedLayout(plan);
    // An earlier run may have died in the middle of this: it is done again, and the blocks stay.
    const fd = openSync(paths.image, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o644);
    try {
      ftruncateSync(fd, fileBytes);
      writeFully(fd, encodeIndex(plan, places), 0);
    } finally {
      closeSync(fd);
    }
  }

  /**
   * An input that changes while it is read fails the job: its tiles would come from two different images. Of remote
   * objects every answer says in which state they are. A cluster commits thousands of tiles a second.
   */
  #checkFiles(): void {
    const nowMs = performance.now();
    if (nowMs - this.#lookedMs < LOOK_MS) return;
    this.#lookedMs = nowMs;
    for (const file of this.#opened.files) if (!isUrl(file.path)) assertUnchanged(file);
  }

  #report(): void {
    const { plan } = this.#opened;
    this.#options.onProgress?.({
      ...NO_PROGRESS,
      tilesDone: this.#committed.count,
      tilesTotal: tileCount(plan.stages),
      pixelsDone: this.#committed.filteredPixels,
      pixelsTotal: area(plan.output),
      pixelsResumed: this.#pixelsResumed,
      bytesRead: this.#totals.bytesRead,
      bytesWritten: this.#totals.bytesWritten,
    });
  }
}

/** Whether the file that an earlier run finished has its name already. */
export function isPublished({ publishedInode }: LedgerState, output: string): boolean {
  return publishedInode !== undefined && existsSync(output) && inodeOf(output) === publishedInode;
}

function inodeOf(path: string): string {
  const { dev, ino } = statSync(path, { bigint: true });
  return `${dev}:${ino}`;
}
