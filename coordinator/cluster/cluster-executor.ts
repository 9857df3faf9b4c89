import { statSync } from 'node:fs';
import { type ErrorRecord, fromErrorRecord, HalotileError, toErrorRecord } from '../../tiling/errors.js';
import { noCounts } from '../../tiling/job/job-figures.js';
import { type DataOf, type KindName, kindOf, type ValueOf } from '../../tiling/work/index.js';
import type { Executor, Task, TaskResult } from '../../tiling/work/task.js';
import type { WorkJob } from '../../tiling/work/work-job.js';
import type { Cluster } from './cluster.js';
import type { JobTerms } from './open-jobs.js';

/** Tasks of one job that the scheduler knows at once: enough for hundreds of workers, few enough to hold. */
const TASKS_AT_ONCE = 4096;
/** A task with a larger file is run here: most such files are looked at and left for another kind of work. */
const MAX_TRAVEL_BYTES = 256 << 20;

/** The cluster as one job sees it: an executor like the threads of this process. */
export class ClusterExecutor implements Executor {
  readonly tasksAtOnce = TASKS_AT_ONCE;
  readonly awaitsBackends = true;
  readonly #cluster: Cluster;
  readonly #terms: JobTerms;
  readonly #here: Executor;
  readonly #keys = new Set<string>();
  #stopped: ErrorRecord | undefined;
  #ended: Promise<unknown> | undefined;

  /** @param here threads of this process, for what is needed at once or is too large to travel */
  constructor(cluster: Cluster, terms: JobTerms, here: Executor) {
    this.#cluster = cluster;
    this.#terms = terms;
    this.#here = here;
  }

  /** As many as the connected workers run now. */
  get slots(): number {
    return Math.max(1, this.#cluster.slots);
  }

  /** What every connected worker has, so that all of them take part; the processor where none is connected. */
  get boundedBackends(): readonly string[] {
    return this.#cluster.boundedBackends;
  }

  /** Leases that workers hold for what this executor runs. */
  get running(): number {
    let running = 0;
    for (const key of this.#keys) running += this.#cluster.leasesOf(key);
    return running;
  }

  async run<K extends KindName>(job: WorkJob, task: Task<K>): Promise<TaskResult<K>> {
    if (kindOf(task.kind).stays) return this.#here.run(job, task);
    if (!isHeavy(task)) return this.#away(job, task);
    const parts = partsOf(task);
    if (parts.length < 2) return this.#here.run(job, task);
    return merged(
      task,
      await Promise.all(parts.map((part) => (isHeavy(part) ? this.#here.run(job, part) : this.#away(job, part)))),
    );
  }

  async closeJob(key: string): Promise<void> {
    await this.#ended;
    this.#keys.delete(key);
    await this.#here.closeJob(key);
    await this.#cluster.closeJob(key, { tag: 'interrupted', detail: { what: 'the job is over' } });
  }

  /** Ends everything at once: what runs or waits fails with `reason`. */
  async stop(reason: ErrorRecord): Promise<void> {
    this.#stopped ??= reason;
    this.#ended ??= Promise.all([...this.#keys].map((key) => this.#cluster.closeJob(key, reason)));
    await this.#ended;
  }

  /** {@link stop} for who cannot wait; what goes wrong with it {@link close} says. */
  stopSoon(reason: ErrorRecord): void {
    this.stop(reason).catch(() => {});
  }

  async close(): Promise<void> {
    await this.stop({ tag: 'interrupted', detail: { what: 'the job is over' } });
  }

  async #away<K extends KindName>(job: WorkJob, task: Task<K>): Promise<TaskResult<K>> {
    if (this.#stopped !== undefined) throw fromErrorRecord(this.#stopped);
    this.#keys.add(job.key);
    try {
      return (await this.#cluster.run(job, task as Task, this.#terms)) as TaskResult<K>;
    } catch (error) {
      // Tried again part by part, so that the one which takes its worker along is known by name.
      if (isPoisoned(error)) return this.#without(job, task, error);
      // The scheduler has tried whatever may help: one task's failure is the job's, unless its tasks fail alone.
      if (job.failsAlone !== true) this.#stopped ??= toErrorRecord(error, 'tile-failed');
      throw error;
    }
  }

  async #without<K extends KindName>(job: WorkJob, task: Task<K>, error: HalotileError): Promise<TaskResult<K>> {
    const kind = kindOf(task.kind);
    const parts = partsOf(task);
    if (parts.length > 1) return merged(task, await Promise.all(parts.map((part) => this.#away(job, part))));
    const record = { tag: error.tag, detail: error.detail };
    const blamed = kind.blame?.(task.data, record) ?? record;
    if (kind.without !== undefined) return valueResult(task, kind.without(task.data, blamed) as ValueOf<K>);
    if (job.failsAlone !== true) this.#stopped ??= blamed;
    throw fromErrorRecord(blamed);
  }
}

function partsOf<K extends KindName>(task: Task<K>): Task<K>[] {
  const parts = (kindOf(task.kind).split?.(task.data) ?? []) as DataOf<K>[];
  return parts.map((data) => ({ ...task, data }));
}

function isHeavy({ kind, data }: Task): boolean {
  const refs = kindOf(kind).reads?.(data) ?? [];
  return refs.some((ref) => {
    if (ref.form !== 'file' || ref.length !== undefined) return false;
    return (statSync(ref.path, { throwIfNoEntry: false })?.size ?? 0) > MAX_TRAVEL_BYTES;
  });
}

function isPoisoned(error: unknown): error is HalotileError {
  return error instanceof HalotileError && error.tag === 'tile-poisoned';
}

function merged<K extends KindName>(task: Task<K>, results: readonly TaskResult<K>[]): TaskResult<K> {
  const value = kindOf(task.kind).merge!(results.map((result) => result.value)) as ValueOf<K>;
  return valueResult(task, value);
}

function valueResult<K extends KindName>(task: Task<K>, value: ValueOf<K>): TaskResult<K> {
  return {
    ...{ task, value, crc: 0, part: '', blocks: [], files: [] },
    seconds: { read: 0, decode: 0, kernel: 0, encode: 0, write: 0 },
    counts: noCounts(),
  };
}
