import { waitAsync } from '../../tiling/wait-async.js';

/** Tells every thread of a process that a job is over. */
export class JobEnd {
  /** What threads are handed to make theirs. */
  readonly buffer: SharedArrayBuffer;
  readonly #flag: Int32Array;
  readonly #stops = new Set<() => void>();
  #listening = false;

  constructor(buffer = new SharedArrayBuffer(4)) {
    this.buffer = buffer;
    this.#flag = new Int32Array(buffer);
  }

  get isOver(): boolean {
    return Atomics.load(this.#flag, 0) !== 0;
  }

  /** The job is over, in all threads. */
  declare(): void {
    Atomics.store(this.#flag, 0, 1);
    Atomics.notify(this.#flag, 0);
  }

  /** Calls `stop` when the job is over, at once where it is; the result takes that back. */
  onEnd(stop: () => void): () => void {
    this.#listen();
    this.#stops.add(stop);
    if (this.isOver) stop();
    return () => this.#stops.delete(stop);
  }

  /** One listener for the whole job: one a tile would be kept until the job's end. */
  #listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    const { async, value } = waitAsync(this.#flag, 0, 0);
    if (async) void value.then(() => this.#stopAll());
  }

  #stopAll(): void {
    for (const stop of [...this.#stops]) stop();
  }
}
