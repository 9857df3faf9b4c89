import type { KindName } from '../../tiling/work/index.js';
import type { Executor, Task, TaskResult } from '../../tiling/work/task.js';
import { CPU_BACKEND, type WorkJob } from '../../tiling/work/work-job.js';

/** One of the executors, with the attempts that it has. */
interface Side {
  readonly executor: Executor;
  running: number;
}

/**
 * Two executors as one: each attempt goes to the first of them that has a free slot, so that the faster one gets
 * more because it is free more often. Exact operations give the same pixels on both; a job with bounded ones stays
 * with whichever its backend names.
 */
export class MixedExecutor implements Executor {
  readonly slots: number;
  readonly tasksAtOnce: number;
  readonly preferredTile: number | undefined;
  readonly boundedBackends: readonly string[];
  readonly #sides: readonly Side[];
  readonly #waiting: { readonly allowed: readonly Side[]; readonly start: (side: Side) => void }[] = [];

  /** @param executors the preferred one first */
  constructor(executors: readonly Executor[]) {
    this.#sides = executors.map((executor) => ({ executor, running: 0 }));
    this.slots = executors.reduce((sum, { slots }) => sum + slots, 0);
    this.tasksAtOnce = 2 * this.slots;
    this.preferredTile = executors[0]!.preferredTile;
    this.boundedBackends = [...new Set(executors.flatMap(backendsOf))];
  }

  run<K extends KindName>(job: WorkJob, task: Task<K>): Promise<TaskResult<K>> {
    const { boundedBackend } = job;
    const allowed = this.#sides.filter(
      ({ executor }) => boundedBackend === undefined || backendsOf(executor).includes(boundedBackend),
    );
    return this.#onFree(allowed, (executor) => executor.run(job, task));
  }

  async closeJob(key: string): Promise<void> {
    await Promise.all(this.#sides.map(({ executor }) => executor.closeJob(key)));
  }

  async close(): Promise<void> {
    await Promise.all(this.#sides.map(({ executor }) => executor.close()));
  }

  async #onFree<T>(allowed: readonly Side[], work: (executor: Executor) => Promise<T>): Promise<T> {
    const side = await new Promise<Side>((start) => {
      this.#waiting.push({ allowed, start });
      this.#admit();
    });
    try {
      return await work(side.executor);
    } finally {
      side.running--;
      this.#admit();
    }
  }

  /** Starts whoever waits longest for each free slot. */
  #admit(): void {
    for (const side of this.#sides) {
      while (side.running < side.executor.slots) {
        const next = this.#waiting.findIndex(({ allowed }) => allowed.includes(side));
        if (next < 0) break;
        const [waiter] = this.#waiting.splice(next, 1);
        side.running++;
        waiter!.start(side);
      }
    }
  }
}

function backendsOf({ boundedBackends = [CPU_BACKEND] }: Executor): readonly string[] {
  return boundedBackends;
}
