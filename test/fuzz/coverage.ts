import { type Profiler, Session } from 'node:inspector';

/** Places in a script, from the first to before the last. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/** Which code of this build has run in this thread, as the engine counts it. */
export class Coverage {
  readonly #session = new Session();
  /** Of every function that has run, the parts that never did. */
  readonly #missed = new Map<string, readonly Range[]>();

  constructor() {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: false, detailed: true });
  }

  /** Functions that have run, and parts of them that have not. */
  get figures(): { readonly functions: number; readonly missed: number } {
    return {
      functions: this.#missed.size,
      missed: [...this.#missed.values()].reduce((sum, { length }) => sum + length, 0),
    };
  }

  /** Whether code has run since the last call that never ran before. */
  grew(): boolean {
    let grown = false;
    // The engine answers before this returns.
    this.#session.post('Profiler.takePreciseCoverage', (error, taken) => {
      if (error !== null) throw error;
      for (const { url, functions } of taken.result) {
        if (!url.includes('/dist/') || url.includes('/dist/test/')) continue;
        for (const { ranges } of functions) if (this.#note(url, ranges)) grown = true;
      }
    });
    return grown;
  }

  /** Takes in a function's ranges: the first is itself, those within that did not run count 0. */
  #note(url: string, ranges: readonly Profiler.CoverageRange[]): boolean {
    const [whole] = ranges;
    if (whole === undefined || whole.count === 0) return false;
    const key = `${url}:${whole.startOffset}`;
    const missed = ranges
      .filter(({ count }) => count === 0)
      .map(({ startOffset, endOffset }) => ({ from: startOffset, to: endOffset }));
    const before = this.#missed.get(key);
    const after = before === undefined ? missed : inBoth(before, missed);
    this.#missed.set(key, after);
    return before === undefined || lengthOf(after) < lengthOf(before);
  }
}

function inBoth(some: readonly Range[], others: readonly Range[]): Range[] {
  return some.flatMap((a) =>
    others
      .map((b) => ({ from: Math.max(a.from, b.from), to: Math.min(a.to, b.to) }))
      .filter(({ from, to }) => from < to),
  );
}

function lengthOf(ranges: readonly Range[]): number {
  return ranges.reduce((sum, { from, to }) => sum + to - from, 0);
}
