import { join } from 'node:path';
import type { halotile } from '../../proto/gen/messages.js';
import { type ErrorRecord, fromErrorRecord, HalotileError } from '../../tiling/errors.js';
import type { RemoteRaster, SourceRef, TileJob, TileResult, TileTask } from '../../tiling/job/execution.js';
import { toPortable } from '../../tiling/job/portable.js';
import type { BlockSource } from '../../tiling/raster/block-source.js';
import type { StorageRoots } from '../../tiling/sources/storage-roots.js';
import { openTiffSource } from '../../tiling/sources/tiff-file-source.js';
import type { AddedTiles, ClusterWork } from './cluster-work.js';
import type { FileThreads } from './file-threads.js';
import { type HeldFile, heldSource } from './held-file.js';
import type { InlineSource } from './inline-reads.js';
import { InlineStore, openHeld } from './inline-store.js';

type FileRef = Extract<SourceRef, { kind: 'file' }>;

interface PendingTile {
  readonly task: TileTask;
  readonly resolve: (result: TileResult) => void;
  readonly reject: (error: Error) => void;
}

/** Tiles of a stage are told apart by one number. */
const STAGE_STRIDE = 2 ** 32;

/** One job as the cluster runs it: tiles that were asked for, and the files behind inline transfers. */
export class ClusterJob implements ClusterWork {
  #job: TileJob;
  readonly #roots: StorageRoots;
  readonly #threads: FileThreads;
  readonly #pending = new Map<number, PendingTile>();
  readonly #sources = new Map<string, InlineSource>();
  /** Files with blocks that earlier stages stored, by path. */
  readonly #stored = new Map<string, Promise<HeldFile>>();
  #store: InlineStore | undefined;
  /** Tiles that wait to be told to the scheduler, by stage. */
  #fresh = new Map<number, number[]>();

  constructor(job: TileJob, roots: StorageRoots, threads: FileThreads) {
    this.#job = job;
    this.#roots = roots;
    this.#threads = threads;
  }

  get job(): TileJob {
    return this.#job;
  }

  /** A reduction has completed the plan's parameters; true where workers must hear of it. */
  update(job: TileJob): boolean {
    const changed = job.plan !== this.#job.plan;
    this.#job = job;
    return changed;
  }

  /** The result of a tile, when somebody commits it; `announce` is called once for many tiles. */
  run(task: TileTask, announce: () => void): Promise<TileResult> {
    return new Promise((resolve, reject) => {
      this.#pending.set(task.stage * STAGE_STRIDE + task.tile, { task, resolve, reject });
      if (this.#fresh.size === 0) queueMicrotask(announce);
      const tiles = this.#fresh.get(task.stage);
      if (tiles === undefined) this.#fresh.set(task.stage, [task.tile]);
      else tiles.push(task.tile);
    });
  }

  takeFresh(): AddedTiles[] {
    const fresh = [...this.#fresh].map(([stage, tiles]) => ({ stage, tiles }));
    this.#fresh = new Map();
    return fresh;
  }

  grant(stage: number, tile: number): halotile.v1.IGrant {
    const { reads = [], carries = [] } = this.taskOf(stage, tile) ?? {};
    return { reads: [...reads], carries: [...carries] };
  }

  reject(stage: number, tile: number, failure: ErrorRecord): void {
    const key = stage * STAGE_STRIDE + tile;
    const pending = this.#pending.get(key);
    this.#pending.delete(key);
    pending?.reject(fromErrorRecord(failure));
  }

  taskOf(stage: number, tile: number): TileTask | undefined {
    return this.#pending.get(stage * STAGE_STRIDE + tile)?.task;
  }

  resolve(result: TileResult): void {
    const key = result.task.stage * STAGE_STRIDE + result.task.tile;
    const pending = this.#pending.get(key);
    this.#pending.delete(key);
    pending?.resolve(result);
  }

  rejectAll(error: ErrorRecord): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(fromErrorRecord(error));
  }

  /**
   * The image, its mask, the map, or the extra image of this name.
   * @throws not-found where the job has none
   */
  source(role: 'image' | 'mask' | 'map' | 'extra', extra = ''): InlineSource {
    const { extras } = this.job;
    const ref = role !== 'extra' ? this.job[role] : Object.hasOwn(extras, extra) ? extras[extra] : undefined;
    if (ref === undefined) throw new HalotileError('not-found', { what: `the job has no such ${role}` });
    const { path, directory } = asFile(ref);
    const key = `${path}#${directory ?? ''}`;
    let opened = this.#sources.get(key);
    if (opened === undefined) {
      const source = openTiffSource(path, { blocksChecked: true, directory });
      opened = { source, file: heldSource(source) };
      this.#sources.set(key, opened);
    }
    return opened;
  }

  /** The file that holds blocks of an earlier stage; `part` as in {@link StoredRead}. */
  storedFile(part: string): Promise<HeldFile> {
    const { sink } = this;
    const path = sink.kind === 'placed' ? sink.file : join(sink.partial, part);
    let file = this.#stored.get(path);
    if (file === undefined) {
      file = openHeld(path, 'r');
      this.#stored.set(path, file);
      // A part that cannot be opened now may be there when it is asked for again.
      file.catch(() => this.#stored.delete(path));
    }
    return file;
  }

  get store(): InlineStore {
    this.#store ??= new InlineStore(this.#threads, this.sink, this.job.plan);
    return this.#store;
  }

  /** Where blocks lie; the coordinator itself always writes files. */
  get sink() {
    const { sink } = this.job;
    if (sink.kind === 'coordinator') throw new Error('a coordinator does not write through another one');
    return sink;
  }

  describe(visible: ReadonlySet<string>): halotile.v1.IOpenJob {
    const { job, sink } = this;
    const rooted = (path: string) => {
      const found = this.#roots.rootOf(path);
      return found !== undefined && visible.has(found.root) ? found : { root: '', path: '' };
    };
    const source = (ref: SourceRef, ...which: Parameters<ClusterJob['source']>) => {
      const raster = describeRaster(this.source(...which).source);
      const { path, directory } = asFile(ref);
      return { ...rooted(path), sourceJson: toPortable({ ...raster, directory }), raw: raster.raw };
    };
    return {
      key: job.key,
      planJson: toPortable(job.plan),
      boundedBackend: job.boundedBackend ?? '',
      image: source(job.image, 'image'),
      ...(job.mask === undefined ? {} : { mask: source(job.mask, 'mask') }),
      ...(job.map === undefined ? {} : { map: source(job.map, 'map') }),
      extras: Object.entries(job.extras).map(([name, ref]) => ({ name, source: source(ref, 'extra', name) })),
      sink: {
        ...rooted(sink.kind === 'placed' ? sink.file : sink.partial),
        placed: sink.kind === 'placed',
        epoch: sink.kind === 'placed' ? '' : sink.epoch,
        durable: sink.durable,
      },
    };
  }

  /** Closes its files, each when nobody reads it any more; returns when nothing is written any more. */
  async close(): Promise<void> {
    for (const { file } of this.#sources.values()) void file.close();
    for (const file of this.#stored.values()) file.then((held) => held.close()).catch(() => {});
    this.#sources.clear();
    this.#stored.clear();
    await this.#store?.close();
  }
}

function asFile(ref: SourceRef): FileRef {
  if (ref.kind !== 'file') throw new Error('a coordinator does not read through another one');
  return ref;
}

/** A raster as workers are told of it. */
export function describeRaster({ name, info, layout, codecContext, readRaw }: BlockSource): RemoteRaster {
  return { name: name.split('/').at(-1)!, info, layout, codecContext, raw: readRaw !== undefined };
}
