/** Disk that spill files of all characters may take together; a batch may go over it by its own size. */
export class SpillBudget {
  readonly #limit: number;
  readonly #taken = new Map<string, number>();
  #total = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  hasRoom(): boolean {
    return this.#total < this.#limit;
  }

  take(directory: string, bytes: number): void {
    this.#taken.set(directory, (this.#taken.get(directory) ?? 0) + bytes);
    this.#total += bytes;
  }

  /** Counts a directory's files as gone. */
  release(directory: string): void {
    this.#total -= this.#taken.get(directory) ?? 0;
    this.#taken.delete(directory);
  }
}
