import { setTimeout as pause } from 'node:timers/promises';
import { HalotileError } from '../../tiling/errors.js';
import type { KindName } from '../../tiling/work/index.js';
import type { Executor, Task, TaskResult } from '../../tiling/work/task.js';
import { CPU_BACKEND, type WorkJob } from '../../tiling/work/work-job.js';
import { DEFAULT_DEVICE_BYTES } from '../kernels/webgpu/device/memory-budget.js';
import { ThreadPoolExecutor } from '../threads/thread-pool.js';
import { DeviceChild } from './device-child.js';
import { backendName, type GpuReport } from './gpu-report.js';
import type { DeviceProcessOptions } from './process-messages.js';

/** How a GPU executor runs, beside its process. */
export interface GpuExecutorOptions extends DeviceProcessOptions {
  /** Pause before the first restart; doubled for each further loss without a tile between. */
  readonly backoffMs?: number;
}

/** Losses in a row after which the processor takes over. */
const MAX_LOSSES = 2;
const BACKOFF_MS = 250;
/** A device wants more pixels at once than a thread does. Chosen by reasoning, to be measured on a real GPU. */
const PREFERRED_TILE = 2048;

/** Called with one sentence when a device is lost, and when the processor takes over. */
export type OnLoss = (what: string) => void;

/**
 * Runs tiles in a process that owns a GPU. A process that dies, or whose device is lost, fails the tiles that it
 * had (`tile-failed`: they are tried again) and is started again after a pause; after repeated loss WebAssembly
 * threads of this process take over, with the same pixels for exact operations.
 */
export class GpuExecutor implements Executor {
  readonly slots: number;
  readonly tasksAtOnce: number;
  readonly preferredTile = PREFERRED_TILE;
  readonly boundedBackends: readonly string[];
  /** What was found at the first start. */
  readonly report: GpuReport & { readonly available: true };
  readonly #options: GpuExecutorOptions;
  readonly #onLoss: OnLoss;
  #child: Promise<DeviceChild | undefined>;
  #current: DeviceChild;
  #fallback: ThreadPoolExecutor | undefined;
  #losses = 0;
  #generation = 0;
  readonly #closing = new AbortController();

  private constructor(
    options: GpuExecutorOptions,
    onLoss: OnLoss,
    report: GpuReport & { available: true },
    child: DeviceChild,
    adopted: boolean,
  ) {
    this.slots = options.threads;
    this.tasksAtOnce = 2 * options.threads;
    this.#options = options;
    this.#onLoss = onLoss;
    this.report = report;
    this.boundedBackends = [backendName(report.adapter), CPU_BACKEND];
    this.#current = child;
    this.#child = adopted ? Promise.resolve(child) : this.#adopt(child);
    if (adopted) this.#watch(child);
  }

  /**
   * Starts the process and waits for its device; the report says why where there is none.
   *
   * @param accept whether what was found will do; the process is ended where it will not
   */
  static async open(
    options: GpuExecutorOptions,
    { accept = () => true, onLoss = () => {} }: { accept?: (report: GpuReport) => boolean; onLoss?: OnLoss } = {},
  ): Promise<GpuExecutor | (GpuReport & { readonly available: false })> {
    const child = DeviceChild.start(options);
    const report = await child.report();
    if (report.available && accept(report)) return new GpuExecutor(options, onLoss, report, child, true);
    await child.close();
    return report.available ? { available: false, reason: 'the GPU found is not accepted' } : report;
  }

  /**
   * An executor like this one with a process of its own, at once; where its device does not come up, the processor
   * runs its tiles.
   */
  successor(name: string): GpuExecutor {
    const options = { ...this.#options, name };
    return new GpuExecutor(options, this.#onLoss, this.report, DeviceChild.start(options), false);
  }

  /** Device memory that all tiles in flight may take. */
  get memoryBytes(): number {
    return this.#options.deviceBytes ?? DEFAULT_DEVICE_BYTES;
  }

  /** The process that owns the device now. */
  get pid(): number | undefined {
    return this.#current.pid;
  }

  /** Destroys the device under whatever runs, to see that nothing is lost. */
  loseDevice(): void {
    this.#current.loseDevice();
  }

  async run<K extends KindName>(job: WorkJob, task: Task<K>): Promise<TaskResult<K>> {
    const child = await this.#child;
    if (child === undefined) return this.#onProcessor(job).run(job, task);
    const answer = await child.ask({ kind: 'task', job, task: task as Task });
    if (answer.kind !== 'task') throw unexpected(answer.kind);
    this.#losses = 0;
    return answer.result as TaskResult<K>;
  }

  async closeJob(key: string): Promise<void> {
    await this.#fallback?.closeJob(key);
    // A process that has ended, or ends meanwhile, holds nothing of the job any more.
    await (await this.#child)?.ask({ kind: 'close-job', key }).catch(() => {});
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([this.#current.close(), this.#fallback?.close()]);
  }

  #watch(child: DeviceChild): void {
    void child.ended.then((reason) => {
      if (this.#closing.signal.aborted) return;
      this.#losses++;
      if (this.#losses >= MAX_LOSSES) {
        this.#onLoss(`${reason}; the processor takes over`);
        this.#child = Promise.resolve(undefined);
        return;
      }
      this.#onLoss(`${reason}; starting again`);
      this.#child = this.#restart().catch((error: Error) => {
        this.#onLoss(`${error.message}; the processor takes over`);
        return undefined;
      });
    });
  }

  async #restart(): Promise<DeviceChild | undefined> {
    const backoffMs = (this.#options.backoffMs ?? BACKOFF_MS) * 2 ** (this.#losses - 1);
    await pause(backoffMs, undefined, { signal: this.#closing.signal }).catch(() => {});
    if (this.#closing.signal.aborted) return undefined;
    // Part files of the process that died are left as they are.
    const name = `${this.#options.name}-${++this.#generation}`;
    const child = DeviceChild.start({ ...this.#options, name });
    this.#current = child;
    return this.#adopt(child);
  }

  /** The child once it has shown the device that this executor is known by; undefined where it does not. */
  async #adopt(child: DeviceChild): Promise<DeviceChild | undefined> {
    const report = await child.report();
    if (this.#closing.signal.aborted) {
      await child.close();
      return undefined;
    }
    if (report.available && backendName(report.adapter) === this.boundedBackends[0]) {
      this.#watch(child);
      return child;
    }
    const why = report.available ? 'another GPU was found' : report.reason;
    this.#onLoss(`${why}; the processor takes over`);
    await child.close();
    return undefined;
  }

  #onProcessor(job: WorkJob): ThreadPoolExecutor {
    if (job.boundedBackend !== undefined && job.boundedBackend !== CPU_BACKEND) {
      throw new HalotileError('not-ready', {
        what: 'the GPU that computed the tiles before is lost, and another backend would round differently',
        where: job.boundedBackend,
        remedy: 'run the same command again once it is back, or use --restart --backend wasm',
      });
    }
    return this.#threads();
  }

  #threads(): ThreadPoolExecutor {
    const { threads, name } = this.#options;
    this.#fallback ??= new ThreadPoolExecutor({ threads, backend: 'wasm', name: `${name}-cpu` });
    return this.#fallback;
  }
}

function unexpected(kind: string): HalotileError {
  return new HalotileError('tile-failed', { what: `the GPU process answered '${kind}' to another question` });
}
