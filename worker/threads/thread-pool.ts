import { PLACES } from '../../threads/places/place-reader.js';
import { ThreadDeath } from '../../threads/thread-death.js';
import type { Threads } from '../../threads/threads.js';
import { fromErrorRecord } from '../../tiling/errors.js';
import { isQuick } from '../../tiling/operations/index.js';
import { isUrl } from '../../tiling/places/url.js';
import type { CachePlan, Plan } from '../../tiling/plan/plan.js';
import { SharedBlockCache } from '../../tiling/sources/block-cache.js';
import { CacheMemory } from '../../tiling/sources/cache-memory.js';
import type { KindName } from '../../tiling/work/index.js';
import type { Executor, Task, TaskResult } from '../../tiling/work/task.js';
import type { WorkJob } from '../../tiling/work/work-job.js';
import type { DeviceLink } from '../device/device-messages.js';
import type { Backend } from '../kernels/backend.js';
import { JobEnd } from '../tile/job-end.js';
import type { SharedCaches } from '../tile/open-job.js';
import type { ThreadAnswer, ThreadData, ThreadRequest } from './messages.js';
import type { OwnThread } from './own-thread.js';

/**
 * Pixels lie outside the JavaScript heap. A small young generation is collected often, and with it the encoded and
 * decoded blocks that only its objects hold: a quarter less resident memory, with the same times.
 */
const YOUNG_GENERATION_MIB = 4;

/** How a pool of threads is made. */
export interface ThreadPoolOptions {
  readonly threads: number;
  /**
   * Threads start when the one that calls has worked for long enough by itself, which answers nothing else meanwhile; at
   * once where absent.
   */
  readonly callerWorks?: boolean;
  readonly backend: Backend['name'];
  /** Unique among the processes that write part files of one job. */
  readonly name: string;
  /** Kinds of work that threads get ready for while the first task is planned; tiles where absent. */
  readonly expects?: readonly KindName[];
  /** Linear memory that one thread may take; a tile that needs more is computed in pieces. 4 GiB where absent. */
  readonly maximumBytes?: number;
  /** The GPU that this process owns and serves to its threads. */
  readonly device?: DeviceLink;
}

/** A job from its first task to its end. */
interface OpenedJob {
  readonly end: JobEnd;
  /** Undefined before the first task, and where a thread died since. */
  caches: SharedCaches | undefined;
  /** Tasks that run or wait for a thread. */
  unfinished: number;
}

/** Tasks that wait for each thread, so that none is idle between two. */
const QUEUED_PER_THREAD = 1;

/**
 * Runs tasks on threads of this process. Threads read, filter, encode and write on their own; only task
 * descriptions and results pass through the caller's thread. They share one cache of decoded blocks a job.
 */
export class ThreadPoolExecutor implements Executor {
  readonly slots: number;
  readonly tasksAtOnce: number;
  readonly #data: ThreadData;
  #threads: Promise<Threads<ThreadAnswer>> | undefined;
  /** While the caller's thread runs tasks. */
  #own: Promise<OwnThread> | undefined;
  readonly #jobs = new Map<string, OpenedJob>();
  /** Jobs that are over while tasks of theirs still run, and read and fill caches. */
  readonly #ending = new Set<OpenedJob>();
  readonly #cacheMemory = new CacheMemory();
  #generation = 0;

  constructor({ threads, callerWorks, backend, name, maximumBytes, device, expects = ['filter'] }: ThreadPoolOptions) {
    this.slots = threads;
    this.tasksAtOnce = threads * (1 + QUEUED_PER_THREAD);
    this.#data = { backend, name, threads, maximumBytes, device, expects };
    if (callerWorks) this.#own = ownThread(this.#data);
    else this.#threads = startThreads(this.#data, threads);
  }

  async run<K extends KindName>(job: WorkJob, task: Task<K>): Promise<TaskResult<K>> {
    const files = filesOf(job);
    // A worker's main thread has leases to keep meanwhile.
    if (files.some(isUrl)) await PLACES.prepare(files);
    const opened = this.#opened(job.key);
    opened.caches ??= this.#cachesFor(job, opened.end);
    opened.unfinished++;
    try {
      const answer = await this.#ask({ job, caches: opened.caches, task: task as Task });
      if ('error' in answer) throw fromErrorRecord(answer.error);
      return answer.result as TaskResult<K>;
    } finally {
      opened.unfinished--;
      if (this.#ending.has(opened)) this.#end(opened);
    }
  }

  async closeJob(key: string): Promise<void> {
    const job = this.#jobs.get(key);
    if (job === undefined) return;
    this.#jobs.delete(key);
    // Each thread closes the job's files when it hears of that.
    job.end.declare();
    this.#ending.add(job);
    this.#end(job);
  }

  async close(): Promise<void> {
    await (await this.#threads)?.close();
  }

  /** Once no thread reads or fills the caches of a job that is over, their memory is for the next one. */
  #end(job: OpenedJob): void {
    if (job.unfinished > 0) return;
    this.#ending.delete(job);
    for (const buffer of buffersOf(job.caches)) this.#cacheMemory.take({ buffer });
  }

  async #ask(request: ThreadRequest): Promise<ThreadAnswer> {
    try {
      const answer = await this.#byCaller(request);
      if (answer !== undefined) return answer;
      this.#threads ??= startThreads(this.#data, 0);
      return await (await this.#threads).ask(request);
    } catch (error) {
      if (error instanceof ThreadDeath) this.#retireCaches();
      throw error;
    }
  }

  /** The answer of the caller's own thread; undefined where other threads are to work from now on. */
  async #byCaller(request: ThreadRequest): Promise<ThreadAnswer | undefined> {
    const { plan } = request.job;
    const isSoonDone = plan === undefined || isQuick(plan.operations, tileSamples(plan));
    const answer = isSoonDone ? await (await this.#own)?.answer(request) : undefined;
    if (answer === undefined) this.#own = undefined;
    return answer;
  }

  /** A thread that died may have left a cache locked, with others waiting for it; the next tiles get new ones. */
  #retireCaches(): void {
    for (const job of [...this.#jobs.values(), ...this.#ending]) {
      for (const buffer of buffersOf(job.caches)) new SharedBlockCache(buffer).retire();
      job.caches = undefined;
    }
    PLACES.retire();
    this.#generation++;
  }

  #opened(key: string): OpenedJob {
    let job = this.#jobs.get(key);
    if (job === undefined) {
      job = { end: new JobEnd(), caches: undefined, unfinished: 0 };
      this.#jobs.set(key, job);
    }
    return job;
  }

  #cachesFor(job: WorkJob, end: JobEnd): SharedCaches {
    const { plan } = job;
    const shared = (cache: CachePlan | undefined) =>
      cache === undefined ? undefined : this.#cacheMemory.open(cache).buffer;
    return {
      generation: this.#generation,
      end: end.buffer,
      image: shared(plan?.imageCache),
      mask: shared(plan?.maskCache),
      map: shared(plan?.mapCache),
      remote: PLACES.share(filesOf(job)),
    };
  }
}

/** Samples of the input that the largest tile is made of, without its halo. */
function tileSamples({ image, output, stages }: Plan): number {
  const areas = stages.map(({ size, tileSide, tileWidth = tileSide }) => {
    return Math.min(tileWidth, size.width) * Math.min(tileSide, size.height);
  });
  const scale = (image.width * image.height) / (output.width * output.height);
  return Math.max(...areas) * scale * image.channels;
}

/** Both are loaded for those who use them: the pool beneath threads, and kernels where the caller's thread runs tasks. */
async function startThreads(data: ThreadData, atFirst: number): Promise<Threads<ThreadAnswer>> {
  const { Threads } = await import('../../threads/threads.js');
  const file = new URL('./task-thread.js', import.meta.url);
  return new Threads({ file, count: data.threads, atFirst, youngHeapMiB: YOUNG_GENERATION_MIB, data });
}

async function ownThread(data: ThreadData): Promise<OwnThread> {
  const { OwnThread } = await import('./own-thread.js');
  return new OwnThread(data);
}

function buffersOf({ image, mask, map }: Partial<SharedCaches> = {}): SharedArrayBuffer[] {
  return [image, mask, map].filter((buffer) => buffer !== undefined);
}

function filesOf({ inputs }: WorkJob): string[] {
  return inputs.flatMap(({ source }) => (source.kind === 'file' ? [source.path] : []));
}
