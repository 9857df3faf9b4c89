/** Messages that a list keeps. */
const KEPT = 1000;

/** What frames failed with: how many, and the messages of the first thousand by index. */
export class FailureList {
  readonly #messages = new Map<number, string>();
  #count = 0;

  /** How many frames failed; the caller adds each once. */
  get count(): number {
    return this.#count;
  }

  add(index: number, message: string): void {
    this.#count++;
    this.#messages.set(index, message);
    if (this.#messages.size < 2 * KEPT) return;
    const late = [...this.#messages.keys()].sort((a, b) => a - b).slice(KEPT);
    for (const each of late) this.#messages.delete(each);
  }

  /** Messages by index, ascending, at most a thousand. */
  first(): readonly { readonly index: number; readonly message: string }[] {
    const inOrder = [...this.#messages].sort(([a], [b]) => a - b);
    return inOrder.slice(0, KEPT).map(([index, message]) => ({ index, message }));
  }
}
