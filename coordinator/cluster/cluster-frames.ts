import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { type ErrorRecord, fromErrorRecord, HalotileError } from '../../tiling/errors.js';
import { ColourCounts } from '../../tiling/palette/colour-counts.js';
import type {
  Band,
  BandCounts,
  BandToRemap,
  CountReply,
  CountTask,
  FrameExecutor,
  FrameSource,
  RemappedBand,
  RemappedOutput,
  RemapTask,
} from '../../tiling/palette/frame-execution.js';
import type { FrameReply } from '../../tiling/palette/frame-reply.js';
import type { FrameTask } from '../../tiling/palette/frame-task.js';
import type { Cluster, JobTerms } from './cluster.js';
import { FrameJob } from './frame-job.js';
import { FrameStore } from './frame-store.js';

/** Tasks that the scheduler knows at once: enough for hundreds of workers, few enough to hold. */
const TASKS_AT_ONCE = 512;
/** Larger files are looked at here: most are not to be held whole, which their header tells. */
const MAX_TRAVEL_BYTES = 256 << 20;
/** Frames that a thread has in work at once, and bytes of a pixel in its steps. */
const HELD_FRAMES = 2;
const HELD_BYTES = 8;

/** What a dataset's frames want of the cluster. */
export interface ClusterFramesOptions {
  readonly cluster: Cluster;
  readonly terms: JobTerms;
  /** Threads of this process: they find palettes, and look at files too large to travel. */
  readonly here: FrameExecutor;
  /** Folder of the dataset. */
  readonly output: string;
  readonly wholePixels: number;
}

/**
 * The cluster as the frames of one dataset see it. Frames are counted and remapped by workers; a batch that takes a
 * worker or a thread with it is tried again frame by frame, so that the frame which does it is known by name.
 */
export class ClusterFrames implements FrameExecutor {
  readonly tasksAtOnce = TASKS_AT_ONCE;
  readonly #options: ClusterFramesOptions;
  readonly #job: FrameJob;
  readonly #store: FrameStore;
  #opened: Promise<void> | undefined;
  #stopped: ErrorRecord | undefined;

  constructor(options: ClusterFramesOptions) {
    const { cluster, output, wholePixels } = options;
    this.#options = options;
    this.#store = new FrameStore(output);
    const taskBytes = HELD_FRAMES * HELD_BYTES * wholePixels;
    this.#job = new FrameJob(`${output}#${randomUUID()}`, taskBytes, { roots: cluster.roots, store: this.#store });
  }

  /** As many as the connected workers run now. */
  get slots(): number {
    return Math.max(1, this.#options.cluster.slots);
  }

  /** Leases that workers hold for these frames. */
  get running(): number {
    return this.#options.cluster.leasesOf(this.#job.key);
  }

  async countFrames(task: CountTask): Promise<CountReply> {
    const here = task.frames.filter((frame) => staysHere(frame));
    const away = task.frames.filter((frame) => !staysHere(frame));
    const replies: CountReply[] = [];
    if (here.length > 0) replies.push(await this.#options.here.countFrames({ ...task, frames: here }));
    if (away.length > 0) replies.push(await this.#count({ ...task, frames: away }));
    return replies.length === 1 ? replies[0]! : merged(replies);
  }

  async remapFrames(task: RemapTask): Promise<readonly RemappedOutput[]> {
    const here = task.frames.filter((frame) => staysHere(frame));
    const away = task.frames.filter((frame) => !staysHere(frame));
    const near = here.length === 0 ? [] : await this.#options.here.remapFrames({ ...task, frames: here });
    const far = away.length === 0 ? [] : await this.#remap({ ...task, frames: away });
    return [...near, ...far];
  }

  readonly findPalette: FrameExecutor['findPalette'] = (task) => this.#options.here.findPalette(task);
  readonly readColours: FrameExecutor['readColours'] = (path) => this.#options.here.readColours(path);

  async countBand(band: Band): Promise<BandCounts> {
    const reply = await this.#named(band.raster.path, this.#run({ kind: 'count-band', task: band }));
    if (reply.kind === 'count-band') return reply.reply;
    throw new TypeError('a band was answered by something else');
  }

  async remapBand(band: BandToRemap): Promise<RemappedBand> {
    const reply = await this.#named(band.raster.path, this.#run({ kind: 'remap-band', task: band }));
    if (reply.kind === 'remap-band') return reply.reply;
    throw new TypeError('a band was answered by something else');
  }

  /** Ends the job at once: what runs or waits fails with `reason`. */
  async stop(reason: ErrorRecord): Promise<void> {
    this.#stopped ??= reason;
    await this.#options.cluster.closeJob(this.#job.key, reason);
  }

  async close(): Promise<void> {
    await this.stop({ tag: 'interrupted', detail: { what: 'the job is over' } });
    await this.#store.close();
  }

  async #count(task: CountTask): Promise<CountReply> {
    try {
      const reply = await this.#run({ kind: 'count', task });
      if (reply.kind === 'count') return reply.reply;
      throw new TypeError('a count was answered by something else');
    } catch (error) {
      if (!isPoisoned(error)) throw error;
      if (task.frames.length > 1) {
        return merged(await Promise.all(task.frames.map((frame) => this.#count({ ...task, frames: [frame] }))));
      }
      const [frame] = task.frames;
      const failures = [{ index: frame!.index, error: poisonedFrame(error, frame!) }];
      return { counts: new ColourCounts().toBytes(), frames: [], failures, large: [], bytesRead: 0 };
    }
  }

  async #remap(task: RemapTask): Promise<readonly RemappedOutput[]> {
    try {
      const reply = await this.#run({ kind: 'remap', task });
      if (reply.kind === 'remap') return reply.reply;
      throw new TypeError('a remap was answered by something else');
    } catch (error) {
      if (!isPoisoned(error)) throw error;
      if (task.frames.length === 1) throw fromErrorRecord(poisonedFrame(error, task.frames[0]!));
      return (await Promise.all(task.frames.map((frame) => this.#remap({ ...task, frames: [frame] })))).flat();
    }
  }

  /** The reply, or a poisoned band's failure in the image's name. */
  async #named(path: string, reply: Promise<FrameReply>): Promise<FrameReply> {
    try {
      return await reply;
    } catch (error) {
      throw isPoisoned(error) ? fromErrorRecord(poisonedFrame(error, { path })) : error;
    }
  }

  async #run(task: FrameTask): Promise<FrameReply> {
    if (this.#stopped !== undefined) throw fromErrorRecord(this.#stopped);
    this.#opened ??= this.#store.open();
    await this.#opened;
    const { cluster, terms } = this.#options;
    return cluster.runFrames(this.#job, task, terms);
  }
}

function staysHere({ path, raster }: FrameSource): boolean {
  if (raster !== undefined) return false;
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > MAX_TRAVEL_BYTES;
}

function isPoisoned(error: unknown): error is HalotileError {
  return error instanceof HalotileError && error.tag === 'tile-poisoned';
}

function poisonedFrame({ tag, detail }: HalotileError, { path }: FrameSource): ErrorRecord {
  return { tag, detail: { what: detail.what, where: path, remedy: "look at the workers' logs, or remove the frame" } };
}

function merged(replies: readonly CountReply[]): CountReply {
  const counts = new ColourCounts();
  for (const reply of replies) counts.merge(ColourCounts.fromBytes(reply.counts));
  return {
    counts: counts.toBytes(),
    frames: replies.flatMap(({ frames }) => frames),
    failures: replies.flatMap(({ failures }) => failures),
    large: replies.flatMap(({ large }) => large),
    bytesRead: replies.reduce((sum, { bytesRead }) => sum + bytesRead, 0),
  };
}
