import type { halotile } from '../../proto/gen/messages.js';
import { badInput, type ErrorRecord, fromErrorRecord, HalotileError } from '../../tiling/errors.js';
import { toPortable } from '../../tiling/job/portable.js';
import type { CarriedReply, FrameReply } from '../../tiling/palette/frame-reply.js';
import { type FrameFile, type FrameTask, filesOf, isBand } from '../../tiling/palette/frame-task.js';
import type { RasterInfo } from '../../tiling/raster/raster-info.js';
import type { StorageRoots } from '../../tiling/sources/storage-roots.js';
import { openTiffSource, type TiffFileSource } from '../../tiling/sources/tiff-file-source.js';
import { describeRaster } from './cluster-job.js';
import type { AddedTiles, ClusterWork } from './cluster-work.js';
import type { FrameStore } from './frame-store.js';

interface PendingFrames {
  readonly task: FrameTask;
  readonly resolve: (reply: FrameReply) => void;
  readonly reject: (error: unknown) => void;
}

/** The frames of one dataset as the cluster runs them: every task is a tile of one stage, numbered as it comes. */
export class FrameJob implements ClusterWork {
  /** Unique in the coordinator's life and beyond it: a late result of an earlier run meets no task of this one. */
  readonly key: string;
  /** What one attempt holds on a worker. */
  readonly taskBytes: number;
  readonly #roots: StorageRoots;
  readonly #store: FrameStore;
  readonly #pending = new Map<number, PendingFrames>();
  /** Of rasters, by path. */
  readonly #descriptions = new Map<string, string>();
  #next = 0;
  #fresh: number[] = [];

  constructor(key: string, taskBytes: number, { roots, store }: { roots: StorageRoots; store: FrameStore }) {
    this.key = key;
    this.taskBytes = taskBytes;
    this.#roots = roots;
    this.#store = store;
  }

  /** The reply to a task, when somebody commits it; `announce` is called once for many tasks. */
  run(task: FrameTask, announce: () => void): Promise<FrameReply> {
    return new Promise((resolve, reject) => {
      const tile = this.#next++;
      this.#pending.set(tile, { task, resolve, reject });
      if (this.#fresh.length === 0) queueMicrotask(announce);
      this.#fresh.push(tile);
    });
  }

  takeFresh(): AddedTiles[] {
    const fresh = this.#fresh;
    this.#fresh = [];
    const isDivisible = (tile: number) => {
      const task = this.#pending.get(tile)?.task;
      return task !== undefined && !isBand(task) && task.task.frames.length > 1;
    };
    return [true, false]
      .map((divisible) => ({ stage: 0, tiles: fresh.filter((tile) => isDivisible(tile) === divisible), divisible }))
      .filter(({ tiles }) => tiles.length > 0);
  }

  describe(): halotile.v1.IOpenJob {
    return { key: this.key, frames: true };
  }

  grant(_stage: number, tile: number, visible: ReadonlySet<string>): halotile.v1.IGrant {
    const { task } = this.#taskOf(tile);
    const rooted = (path: string) => {
      const found = this.#roots.rootOf(path);
      return found !== undefined && visible.has(found.root) ? found : { root: '', path: '' };
    };
    const files = filesOf(task).map(({ path, raster }) => {
      if (raster === undefined) return rooted(path);
      return { ...rooted(path), sourceJson: this.#description(path, raster) };
    });
    const incoming = rooted(this.#store.incoming);
    const spill = task.kind === 'count' && task.task.spill !== null ? rooted(task.task.spill).path : '';
    return {
      frames: { taskJson: toPortable(task), files, root: incoming.root, incoming: incoming.path, spill },
    };
  }

  /**
   * The file of a task at a position of its list.
   * @throws not-found where nobody waits for the task any more
   */
  file(tile: number, position: number): FrameFile | undefined {
    return filesOf(this.#taskOf(tile).task)[position];
  }

  /**
   * A raster among the files of a task, opened for the caller, who closes it: the file goes with its character.
   * @throws not-found where nobody waits for the task any more
   */
  raster(tile: number, position: number): TiffFileSource {
    const file = this.file(tile, position);
    if (file?.raster !== undefined) return openTiffSource(file.path, { info: file.raster, blocksChecked: true });
    throw badInput({ what: 'the frames have no such raster', where: `file ${position}` });
  }

  /** @throws HalotileError output-failed where something that a worker wrote by itself is not visible here */
  check(result: CarriedReply, lease: number): Promise<void> {
    return this.#store.check(result, lease);
  }

  /** Stores what a result brought, and tells who asked for it. */
  async take(tile: number, result: CarriedReply, lease: number): Promise<void> {
    const pending = this.#pending.get(tile);
    this.#pending.delete(tile);
    if (pending === undefined) return;
    try {
      pending.resolve(await this.#store.take(pending.task, result, lease));
    } catch (error) {
      pending.reject(error);
    }
  }

  reject(_stage: number, tile: number, failure: ErrorRecord): void {
    const pending = this.#pending.get(tile);
    this.#pending.delete(tile);
    pending?.reject(fromErrorRecord(failure));
  }

  rejectAll(error: ErrorRecord): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(fromErrorRecord(error));
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  #description(path: string, info: RasterInfo): string {
    let text = this.#descriptions.get(path);
    if (text === undefined) {
      const source = openTiffSource(path, { info, blocksChecked: true });
      text = toPortable(describeRaster(source));
      source.close();
      this.#descriptions.set(path, text);
    }
    return text;
  }

  #taskOf(tile: number): PendingFrames {
    const pending = this.#pending.get(tile);
    if (pending !== undefined) return pending;
    throw new HalotileError('not-found', { what: 'nobody waits for these frames any more', where: this.key });
  }
}
