import { breathing } from '../../tiling/breath.js';

/**
 * Lets at most `limit` tasks run at a time, in the order in which they asked. After the first failure, or once
 * the signal is aborted, no further task starts, and those that ask are refused with the reason.
 */
export class TaskGate {
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  readonly #stop = new AbortController();
  #running = 0;

  constructor(limit: number, signal?: AbortSignal) {
    this.#limit = limit;
    if (signal?.aborted) this.#stop.abort(signal.reason);
    signal?.addEventListener('abort', () => this.stop(signal.reason), { once: true });
  }

  /** Runs a task when its turn comes. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#limit) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running++;
    try {
      this.#stop.signal.throwIfAborted();
      return await task();
    } catch (error) {
      this.stop(error);
      throw error;
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }

  /**
   * Runs one task per item, drawing items only as turns come, and waits for all that were started. To draw one and to
   * begin its task may take a while: others of the thread have their turn between any two.
   * @throws the first failure
   */
  async each<T>(items: Iterable<T>, task: (item: T) => Promise<void>): Promise<void> {
    const remaining = breathing(items, 1);
    const lane = async () => {
      for (let item = await remaining.next(); item.done !== true; item = await remaining.next()) {
        const { value } = item;
        await this.run(() => task(value));
      }
    };
    const lanes = await Promise.allSettled(Array.from({ length: this.#limit }, lane));
    if (lanes.some(({ status }) => status === 'rejected')) throw this.reason;
  }

  /** Aborts when it stops. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Whether it lets no further task start. */
  get stopped(): boolean {
    return this.#stop.signal.aborted;
  }

  /** Why it stopped. */
  get reason(): unknown {
    return this.#stop.signal.reason;
  }

  stop(reason: unknown): void {
    if (!this.#stop.signal.aborted) this.#stop.abort(reason);
  }
}
