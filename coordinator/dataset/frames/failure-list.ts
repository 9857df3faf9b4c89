import type { ErrorDetail } from '../../../tiling/errors.js';

/** Faults that a list keeps. */
const KEPT = 1000;

/** What frames failed with: how many, and the messages of the first thousand by index. */
export class FailureList {
  readonly #details = new Map<number, ErrorDetail>();
  #count = 0;

  /** How many frames failed; the caller adds each once. */
  get count(): number {
    return this.#count;
  }

  add(index: number, detail: ErrorDetail): void {
    this.#count++;
    this.#details.set(index, detail);
    if (this.#details.size < 2 * KEPT) return;
    const late = [...this.#details.keys()].sort((a, b) => a - b).slice(KEPT);
    for (const each of late) this.#details.delete(each);
  }

  /** What was wrong, by index, ascending, at most a thousand. */
  first(): readonly { readonly index: number; readonly detail: ErrorDetail }[] {
    const inOrder = [...this.#details].sort(([a], [b]) => a - b);
    return inOrder.slice(0, KEPT).map(([index, detail]) => ({ index, detail }));
  }
}
