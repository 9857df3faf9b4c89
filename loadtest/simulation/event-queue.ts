/** Happenings in the order of their times; those of one time in the order in which they were put in. */
export class EventQueue {
  readonly #heap: { readonly atMs: number; readonly order: number; readonly act: () => void }[] = [];
  #order = 0;
  /** Of the happening that is under way. */
  nowMs = 0;

  at(atMs: number, act: () => void): void {
    const heap = this.#heap;
    let i = heap.push({ atMs: Math.max(atMs, this.nowMs), order: this.#order++, act }) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!isBefore(heap[i]!, heap[parent]!)) return;
      [heap[i], heap[parent]] = [heap[parent]!, heap[i]!];
      i = parent;
    }
  }

  /** Lets the next one happen; false where nothing is left. */
  step(): boolean {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined) return false;
    const last = heap.pop()!;
    if (heap.length > 0) {
      heap[0] = last;
      this.#sink();
    }
    this.nowMs = first.atMs;
    first.act();
    return true;
  }

  #sink(): void {
    const heap = this.#heap;
    for (let i = 0; ; ) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2]) {
        if (child < heap.length && isBefore(heap[child]!, heap[least]!)) least = child;
      }
      if (least === i) return;
      [heap[i], heap[least]] = [heap[least]!, heap[i]!];
      i = least;
    }
  }
}

type Happening = { readonly atMs: number; readonly order: number };

function isBefore(a: Happening, b: Happening): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** Something that serves one after the other: a processor, a disk. */
export class Server {
  /** When it is through with everything that it was given. */
  freeMs = 0;
  busyMs = 0;

  /** Takes a piece of work at a moment and returns when it is done. */
  take(nowMs: number, workMs: number): number {
    this.freeMs = Math.max(nowMs, this.freeMs) + workMs;
    this.busyMs += workMs;
    return this.freeMs;
  }
}
