/** Device memory that all tiles in flight may take, where nothing else is said. WebGPU does not tell the total. */
export const DEFAULT_DEVICE_BYTES = 2 * 2 ** 30;

/** A share of the budget that is in use until it is released. */
export interface MemoryLease {
  release(): void;
}

/**
 * Bytes that may be in use at once. Whoever asks for more than there is waits for its turn, in order; a demand above
 * the whole budget waits until nothing else is in use.
 */
export class MemoryBudget {
  /** What may be in use at once. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  #totalBytes: number;
  #usedBytes = 0;
  #leases = 0;
  readonly #waiting: { readonly bytes: number; readonly start: () => void }[] = [];

  constructor(totalBytes: number) {
    this.#totalBytes = totalBytes;
  }

  /** Resolves when `bytes` are free. */
  lease(bytes: number): Promise<MemoryLease> {
    return new Promise((resolve) => {
      this.#waiting.push({ bytes, start: () => resolve({ release: () => this.#release(bytes) }) });
      this.#admit();
    });
  }

  /** Allows half as much from now on: what was promised could not be had. */
  halve(): void {
    this.#totalBytes /= 2;
  }

  #release(bytes: number): void {
    this.#leases--;
    this.#usedBytes = this.#leases === 0 ? 0 : this.#usedBytes - bytes;
    this.#admit();
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#leases > 0 && this.#usedBytes + next.bytes > this.#totalBytes) return;
      this.#waiting.shift();
      this.#leases++;
      this.#usedBytes += next.bytes;
      next.start();
    }
  }
}
