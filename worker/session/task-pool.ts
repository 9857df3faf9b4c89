import { ThreadDeath } from '../../threads/thread-death.js';
import type { Executor, TaskResult } from '../../tiling/work/task.js';
import { CPU_BACKEND } from '../../tiling/work/work-job.js';

/** How an attempt on this worker ended. */
export type TaskEnd =
  | { readonly kind: 'done'; readonly result: TaskResult }
  | { readonly kind: 'failed'; readonly error: unknown; readonly crashed: boolean }
  /** Its threads were ended for another task's sake. */
  | { readonly kind: 'dropped' };

/** Is told how attempts end, to count them. */
export type OnTaskEnd = (end: TaskEnd) => void;

/** How one attempt runs. */
export type Attempt = (threads: Executor) => Promise<TaskResult>;

/** One attempt that waits or runs. */
export interface PoolTask {
  readonly attempt: Attempt;
  readonly onStart: () => void;
  readonly onEnd: (end: TaskEnd) => void;
}

/**
 * The threads of a worker, shared by its sessions: runs as many attempts at once as there are threads and
 * keeps the others in line. When a thread dies or hangs, all threads are replaced, since what they share may
 * be left locked.
 */
export class TaskPool {
  readonly slots: number;
  readonly #open: () => Executor;
  readonly #onTaskEnd: OnTaskEnd;
  #threads: Executor;
  readonly #waiting = new Set<PoolTask>();
  readonly #running = new Set<PoolTask>();
  readonly #idle = new Set<() => void>();

  /** @param open starts threads, again where they are replaced */
  constructor(open: () => Executor, onTaskEnd: OnTaskEnd = () => {}) {
    this.#open = open;
    this.#onTaskEnd = onTaskEnd;
    this.#threads = open();
    this.slots = this.#threads.slots;
  }

  /** What bounded operations can be computed with, the best first. */
  get boundedBackends(): readonly string[] {
    return this.#threads.boundedBackends ?? [CPU_BACKEND];
  }

  /** Attempts that run. */
  get running(): number {
    return this.#running.size;
  }

  /** Attempts that wait here for a thread. */
  get waiting(): number {
    return this.#waiting.size;
  }

  add(task: PoolTask): void {
    this.#waiting.add(task);
    this.#startNext();
  }

  /** Takes a task that has not begun out of the line; false where it runs or is over. */
  remove(task: PoolTask): boolean {
    return this.#waiting.delete(task);
  }

  isRunning(task: PoolTask): boolean {
    return this.#running.has(task);
  }

  /** Ends all threads, because this task's does not end by itself; the others' attempts are dropped. */
  async kill(task: PoolTask): Promise<void> {
    if (!this.#running.delete(task)) return;
    await this.#replace();
  }

  /** Returns when nothing runs. */
  async settled(): Promise<void> {
    if (this.#running.size === 0) return;
    await new Promise<void>((resolve) => this.#idle.add(resolve));
  }

  async closeJob(key: string): Promise<void> {
    await this.#threads.closeJob(key);
  }

  async close(): Promise<void> {
    this.#waiting.clear();
    await this.#threads.close();
  }

  #startNext(): void {
    for (const task of this.#waiting) {
      if (this.#running.size >= this.slots) return;
      this.#waiting.delete(task);
      this.#running.add(task);
      void this.#run(task);
    }
  }

  async #run(task: PoolTask): Promise<void> {
    const threads = this.#threads;
    task.onStart();
    let end: TaskEnd;
    try {
      end = { kind: 'done', result: await task.attempt(threads) };
    } catch (error) {
      end = { kind: 'failed', error, crashed: error instanceof ThreadDeath };
    }
    // Whoever replaced the threads has told the task already.
    if (!this.#running.delete(task)) return;
    if (end.kind === 'failed' && end.crashed && threads === this.#threads) await this.#replace();
    this.#end(task, end);
    this.#startNext();
    this.#noteIdle();
  }

  #end(task: PoolTask, end: TaskEnd): void {
    this.#onTaskEnd(end);
    task.onEnd(end);
  }

  async #replace(): Promise<void> {
    const old = this.#threads;
    this.#threads = this.#open();
    const dropped = [...this.#running];
    this.#running.clear();
    for (const task of dropped) this.#end(task, { kind: 'dropped' });
    this.#startNext();
    this.#noteIdle();
    await old.close();
  }

  #noteIdle(): void {
    if (this.#running.size > 0) return;
    for (const resolve of this.#idle) resolve();
    this.#idle.clear();
  }
}
