import { Piscina } from 'piscina';
import { fromErrorRecord, HalotileError } from '../../tiling/errors.js';
import { THREAD_FLAGS } from '../../tiling/job/thread-flags.js';
import type { FrameExecutor } from '../../tiling/palette/frame-execution.js';
import type { FrameThread, Reply } from './frame-thread.js';
import type { GrantedFrames } from './granted-frames.js';
import type { FrameThreadData } from './spill-file.js';

/**
 * Young generation of a thread's heap, MiB. Pixels lie outside the heap and are freed when the small objects that
 * hold them are collected, so a large one only lets garbage pile up: 170 MiB more over 30 000 frames, and slower.
 */
const YOUNG_MIB = 4;

/** Threads of a pool, and what their spill files are called. */
export interface FramePoolOptions {
  readonly threads: number;
  /** Unique among the processes that spill frames of one job; the process's number where absent. */
  readonly name?: string;
}

/** Tasks that wait for each thread, so that none is idle between two. */
const TASKS_PER_THREAD = 2;

/** A {@link FrameExecutor} over threads of this process. Threads start with the first task. */
export class FramePool implements FrameExecutor {
  readonly slots: number;
  readonly tasksAtOnce: number;
  readonly #pool: Piscina;

  constructor({ threads, name }: FramePoolOptions) {
    this.slots = threads;
    this.tasksAtOnce = threads * TASKS_PER_THREAD;
    this.#pool = new Piscina({
      filename: new URL('./frame-thread.js', import.meta.url).href,
      execArgv: THREAD_FLAGS,
      minThreads: 1,
      maxThreads: threads,
      idleTimeout: Number.POSITIVE_INFINITY,
      workerData: { name } satisfies FrameThreadData,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
    });
  }

  readonly countFrames: FrameExecutor['countFrames'] = (task) => this.#run('count', task);
  readonly findPalette: FrameExecutor['findPalette'] = (task) => this.#run('find', task);
  readonly remapFrames: FrameExecutor['remapFrames'] = (task) => this.#run('remap', task);
  readonly countBand: FrameExecutor['countBand'] = (band) => this.#run('countBandTask', band);
  readonly remapBand: FrameExecutor['remapBand'] = (band) => this.#run('remapBandTask', band);
  readonly readColours: FrameExecutor['readColours'] = (path) => this.#run('colours', path);

  /**
   * Runs a task of another machine's dataset and hands its result over.
   * @throws HalotileError not-found where nobody waits for it any more
   */
  runGranted(task: GrantedFrames): Promise<void> {
    return this.#run('granted', task);
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #run<Name extends keyof FrameThread, T>(name: Name, task: Parameters<FrameThread[Name]>[0]): Promise<T> {
    const reply = await this.#ask<T>(name, task);
    if ('error' in reply) throw fromErrorRecord(reply.error);
    return reply.value;
  }

  async #ask<T>(name: string, task: unknown): Promise<Reply<T>> {
    try {
      return (await this.#pool.run(task, { name })) as Reply<T>;
    } catch (cause) {
      const what = `a frame thread died (${cause instanceof Error ? cause.message : cause})`;
      throw new HalotileError('tile-failed', { what, remedy: 'run the job again; it continues' }, { cause });
    }
  }
}
