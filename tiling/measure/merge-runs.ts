import { type MeasuredChannels, mergeRecord, REGION } from './record.js';

/** Records in ascending order of their labels, each label once. */
export interface Run {
  /** The record that is next, valid until {@link advance}; undefined at the end. */
  readonly current: Float64Array | undefined;
  advance(): void;
}

/** A run that is held whole. */
export class HeldRun implements Run {
  readonly #records: Float64Array;
  readonly #length: number;
  #at = 0;

  constructor(records: Float64Array, recordLength: number) {
    this.#records = records;
    this.#length = recordLength;
  }

  get current(): Float64Array | undefined {
    return this.#at < this.#records.length ? this.#records.subarray(this.#at, this.#at + this.#length) : undefined;
  }

  advance(): void {
    this.#at += this.#length;
  }
}

/**
 * The records of all runs in ascending order of labels, those of one label merged in the order of the runs. A record is
 * the caller's until the next one is asked for.
 */
export function* mergeRuns(runs: readonly Run[], channels: MeasuredChannels): Generator<Float64Array> {
  const heap = new RunHeap(runs);
  for (let first = heap.take(); first !== undefined; first = heap.take()) {
    const record = first.current!.slice();
    first.advance();
    heap.put(first);
    for (let next = heap.first; next?.current?.[REGION.label] === record[REGION.label]; next = heap.first) {
      const same = heap.take()!;
      mergeRecord(record, same.current!, channels);
      same.advance();
      heap.put(same);
    }
    yield record;
  }
}

/** Runs that have not ended, the one with the smallest label first, of equal ones the earliest. */
class RunHeap {
  readonly #places: ReadonlyMap<Run, number>;
  readonly #heap: Run[] = [];

  constructor(runs: readonly Run[]) {
    this.#places = new Map(runs.map((run, place) => [run, place]));
    for (const run of runs) this.put(run);
  }

  get first(): Run | undefined {
    return this.#heap[0];
  }

  put(run: Run): void {
    if (run.current === undefined) return;
    const heap = this.#heap;
    let at = heap.length;
    heap.push(run);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(run, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = run;
  }

  take(): Run | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || last === first) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!this.#isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }

  #isBefore(a: Run, b: Run): boolean {
    const difference = a.current![REGION.label]! - b.current![REGION.label]!;
    return difference < 0 || (difference === 0 && this.#places.get(a)! < this.#places.get(b)!);
  }
}
