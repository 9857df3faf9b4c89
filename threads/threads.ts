import { Piscina } from 'piscina';
import { ThreadDeath } from './thread-death.js';

/**
 * Flags of every thread. Piscina loads a thread's file by `require` where Node lets it, and Node 20
 * aborts the whole process when a thread is ended while that runs (`Module::IsGraphAsync` on a module whose
 * instantiation was cut short): a job of one tile is done before its second thread has loaded. Without it Piscina
 * falls back to `import`, which may be ended at any time.
 */
const THREAD_FLAGS = ['--no-experimental-require-module'];
/** Deno has no such flag, and refuses threads that ask for it. */
const IS_DENO = process.versions.deno !== undefined;

/** What threads run, and how many there are. */
export interface ThreadsOptions {
  /**
   * The module that each thread loads. Its exported functions answer requests; they tell their own failures in what
   * they answer, since what they throw counts as the thread's end.
   */
  readonly file: URL;
  readonly count: number;
  /** Requests that a thread answers at a time; one where absent. */
  readonly requestsEach?: number;
  /** Threads that start at once, the others when there is work for them; all at once where absent. */
  readonly atFirst?: number;
  /** Ends a thread after so long without work and starts it again when there is some; they stay where absent. */
  readonly idleMs?: number;
  /** The `workerData` that each thread finds. */
  readonly data?: unknown;
  /** JavaScript heap of each thread: what is young, and what has been kept for long. */
  readonly youngHeapMiB?: number;
  readonly oldHeapMiB?: number;
  /** Hears what a thread says by its `parentPort` while it works on a request. */
  readonly onMessage?: (message: unknown) => void;
}

/** One request's terms. */
export interface AskOptions {
  /** Exported function that answers; the default export where absent. */
  readonly name?: string;
  /** Ends the thread with the request that it works on. */
  readonly signal?: AbortSignal;
  /** What is handed over and not copied. */
  readonly transferList?: readonly (ArrayBuffer | import('node:worker_threads').MessagePort)[];
}

/** Threads of this process that answer requests; nothing else here starts any. */
export class Threads<Answer> {
  readonly #pool: Piscina;
  /** Fails the requests under way; a promise that all of them raced against would keep every answer. */
  readonly #waiting = new Set<(cause: unknown) => void>();
  #failure: unknown;

  constructor(options: ThreadsOptions) {
    const {
      file,
      count,
      atFirst = count,
      requestsEach = 1,
      idleMs,
      data,
      youngHeapMiB,
      oldHeapMiB,
      onMessage,
    } = options;
    this.#pool = new Piscina({
      filename: file.href,
      ...(IS_DENO ? {} : { execArgv: THREAD_FLAGS }),
      minThreads: idleMs === undefined ? atFirst : 0,
      maxThreads: count,
      concurrentTasksPerWorker: requestsEach,
      // A thread that waits for its next request in Atomics.wait hears of nothing else meanwhile, and no timer runs.
      atomics: 'disabled',
      idleTimeout: idleMs ?? Number.POSITIVE_INFINITY,
      recordTiming: false,
      resourceLimits: {
        ...(youngHeapMiB === undefined ? {} : { maxYoungGenerationSizeMb: youngHeapMiB }),
        ...(oldHeapMiB === undefined ? {} : { maxOldGenerationSizeMb: oldHeapMiB }),
      },
      workerData: data,
    });
    if (onMessage !== undefined) this.#pool.on('message', onMessage);
    // A thread that cannot start, or dies between requests, has none whose promise could tell.
    this.#pool.on('error', (cause: unknown) => {
      // Threads that come and go are started anew; those that stay are not.
      if (idleMs === undefined) this.#failure ??= cause;
      for (const fail of this.#waiting) fail(cause);
    });
  }

  /** @throws ThreadDeath; the reason of `signal` once it aborts */
  ask(request: unknown, { name, signal, transferList }: AskOptions = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const fail = (cause: unknown) => reject(signal?.aborted ? signal.reason : new ThreadDeath(cause));
      if (this.#failure !== undefined) return fail(this.#failure);
      this.#waiting.add(fail);
      this.#pool
        .run(request, { name, signal, transferList: transferList as ArrayBuffer[] | undefined })
        .then((answer) => resolve(answer as Answer), fail)
        .finally(() => this.#waiting.delete(fail));
    });
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}
