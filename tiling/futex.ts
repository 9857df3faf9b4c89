/** How long a wait lasts before it is asked anew whether it still makes sense. */
export const RECHECK_MS = 500;

/** A mutex in shared memory (Drepper, "Futexes are tricky", 2011): 0 free, 1 held, 2 held and somebody waits. */
export class Futex {
  readonly #words: Int32Array;
  readonly #at: number;
  readonly #isOver: () => boolean;

  /** @param isOver whether what it guards is given up, so that nobody may wait for it any more */
  constructor(words: Int32Array, at: number, isOver: () => boolean) {
    this.#words = words;
    this.#at = at;
    this.#isOver = isOver;
  }

  /** False, and not held, where what it guards is given up. */
  lock(): boolean {
    if (this.#isOver()) return false;
    let state = Atomics.compareExchange(this.#words, this.#at, 0, 1);
    if (state === 0) return true;
    if (state !== 2) state = Atomics.exchange(this.#words, this.#at, 2);
    while (state !== 0) {
      Atomics.wait(this.#words, this.#at, 2, RECHECK_MS);
      if (this.#isOver()) return false;
      state = Atomics.exchange(this.#words, this.#at, 2);
    }
    return true;
  }

  unlock(): void {
    if (Atomics.exchange(this.#words, this.#at, 0) === 2) Atomics.notify(this.#words, this.#at, 1);
  }
}
