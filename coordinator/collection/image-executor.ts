import { HalotileError } from '../../tiling/errors.js';
import type { Plan } from '../../tiling/plan/plan.js';
import type { KindName } from '../../tiling/work/index.js';
import type { Executor, Task, TaskResult } from '../../tiling/work/task.js';
import type { WorkJob } from '../../tiling/work/work-job.js';
import type { MemoryRoom } from './memory-room.js';
import type { TaskTurns } from './task-turns.js';

/** What the images under way share. */
export interface SharedMeans {
  readonly turns: TaskTurns;
  readonly room: MemoryRoom;
}

/** An executor as one image of a collection sees it: its tasks wait for their turn, and the first for memory. */
export class ImageExecutor implements Executor {
  readonly #executor: Executor;
  readonly #means: SharedMeans;
  /** Of the image among those of the job. */
  readonly #place: number;
  readonly #closed = new Set<string>();
  #plan: Plan | undefined;
  #entered: Promise<void> | undefined;

  constructor(executor: Executor, means: SharedMeans, place: number) {
    this.#executor = executor;
    this.#means = means;
    this.#place = place;
  }

  get slots(): number {
    return this.#executor.slots;
  }

  get tasksAtOnce(): number {
    return this.#executor.tasksAtOnce;
  }

  get preferredTile(): number | undefined {
    return this.#executor.preferredTile;
  }

  get boundedBackends(): readonly string[] | undefined {
    return this.#executor.boundedBackends;
  }

  get awaitsBackends(): boolean | undefined {
    return this.#executor.awaitsBackends;
  }

  /** The image is planned: from now on its tasks hold what the plan says. */
  planned(plan: Plan): void {
    this.#plan = plan;
    this.#entered = this.#means.room.enter(plan);
  }

  async run<K extends KindName>(job: WorkJob, task: Task<K>): Promise<TaskResult<K>> {
    await this.#entered;
    return this.#means.turns.run(this.#place, () => {
      // Its image failed while the task waited.
      if (this.#closed.has(job.key)) throw new HalotileError('interrupted', { what: 'the image is given up' });
      return this.#executor.run(job, task);
    });
  }

  async closeJob(key: string): Promise<void> {
    this.#closed.add(key);
    await this.#executor.closeJob(key);
  }

  /** The image is over; the executor behind it goes on. */
  async close(): Promise<void> {
    if (this.#plan !== undefined) this.#means.room.leave(this.#plan);
  }
}
