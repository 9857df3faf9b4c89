import { Piscina } from 'piscina';
import { fromErrorRecord, HalotileError } from '../../tiling/errors.js';
import type { Rect } from '../../tiling/geometry/rect.js';
import type { MapScanJob, TileExecutor, TileJob, TileResult, TileTask } from '../../tiling/job/execution.js';
import type { CachePlan } from '../../tiling/plan/plan.js';
import { SharedBlockCache } from '../../tiling/sources/block-cache.js';
import type { Backend } from '../kernels/backend.js';
import type { SharedCaches } from '../tile/open-job.js';
import type { ThreadAnswer, ThreadData, ThreadRequest } from './messages.js';

/** How a pool of threads is made. */
export interface ThreadPoolOptions {
  readonly threads: number;
  readonly backend: Backend['name'];
  /** Unique among the processes that write part files of one job. */
  readonly name: string;
}

/**
 * Runs tiles on threads of this process. Threads read, filter, encode and write on their own; only task
 * descriptions and results pass through the caller's thread. They share one cache of decoded blocks a job.
 */
export class ThreadPoolExecutor implements TileExecutor {
  readonly slots: number;
  readonly #pool: Piscina<ThreadRequest, ThreadAnswer>;
  readonly #failed: Promise<never>;
  #fail: (error: unknown) => void = () => {};
  readonly #caches = new Map<string, SharedCaches>();

  constructor({ threads, backend, name }: ThreadPoolOptions) {
    this.slots = threads;
    this.#pool = new Piscina({
      filename: new URL('./tile-thread.js', import.meta.url).href,
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: 1,
      workerData: { backend, name } satisfies ThreadData,
    });
    // A thread that cannot start, or dies between tasks, has no task whose promise could tell.
    this.#pool.on('error', (error: unknown) => this.#fail(error));
    this.#failed = new Promise((_resolve, reject) => {
      this.#fail = reject;
    });
    this.#failed.catch(() => {});
  }

  async runTile(job: TileJob, task: TileTask): Promise<TileResult> {
    const answer = await this.#ask({ kind: 'tile', job, caches: this.#cachesOf(job), task });
    if (answer.kind !== 'tile') throw unexpected(answer);
    return answer.result;
  }

  async scanMap(job: MapScanJob, rect: Rect): Promise<number> {
    const answer = await this.#ask({ kind: 'scan-map', job, rect });
    if (answer.kind !== 'scan-map') throw unexpected(answer);
    return answer.max;
  }

  async closeJob(key: string): Promise<void> {
    // Threads close a job's files when they need the place; its memory is freed with the last of them.
    this.#caches.delete(key);
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #ask(request: ThreadRequest): Promise<ThreadAnswer> {
    try {
      return await Promise.race([this.#pool.run(request), this.#failed]);
    } catch (cause) {
      const what = `a worker thread ended (${cause instanceof Error ? cause.message : String(cause)})`;
      throw new HalotileError('tile-failed', { what }, { cause });
    }
  }

  #cachesOf({ key, plan }: TileJob): SharedCaches {
    let caches = this.#caches.get(key);
    if (caches === undefined) {
      const shared = (cache: CachePlan | undefined) =>
        cache === undefined ? undefined : new SharedBlockCache(cache).buffer;
      caches = { image: shared(plan.imageCache), map: shared(plan.mapCache) };
      this.#caches.set(key, caches);
    }
    return caches;
  }
}

function unexpected(answer: ThreadAnswer): Error {
  if (answer.kind === 'error') return fromErrorRecord(answer.error);
  return new HalotileError('tile-failed', { what: `a thread answered '${answer.kind}' to another question` });
}
