/**
 * Lets at most `limit()` tasks of many jobs run at a time, those of earlier jobs first: the next job's tasks run where
 * the earlier ones leave room, and the earlier one is finished soonest.
 */
export class TaskTurns {
  readonly #limit: () => number;
  /** Those who wait, by their job's place. */
  readonly #waiting = new Map<number, (() => void)[]>();
  #running = 0;

  constructor(limit: () => number) {
    this.#limit = limit;
  }

  /** Runs a task of the job at a place when its turn comes. */
  async run<T>(place: number, task: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#limit()) {
      await new Promise<void>((resolve) => {
        const line = this.#waiting.get(place);
        if (line === undefined) this.#waiting.set(place, [resolve]);
        else line.push(resolve);
      });
    } else this.#running++;
    try {
      return await task();
    } finally {
      this.#running--;
      this.#next();
    }
  }

  #next(): void {
    while (this.#running < this.#limit() && this.#waiting.size > 0) {
      const place = Math.min(...this.#waiting.keys());
      const line = this.#waiting.get(place)!;
      const start = line.shift()!;
      if (line.length === 0) this.#waiting.delete(place);
      this.#running++;
      start();
    }
  }
}
