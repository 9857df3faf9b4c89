import type { Border } from '../../../tiling/operations/index.js';

/** Borders that repeat an image's own pixels. */
export type ExtendingBorder = Exclude<Border, 'clip' | 'constant'>;

/**
 * A window's sum along one side of an image, as prefix sums P(p) of the line inside it, each some times: P at the two ends
 * of the window; and where the border extends the line, P of the whole, of all but the last pixel, of the first pixel, or
 * what the last pixel alone adds.
 */
type Term = 'low' | 'high' | 'whole' | 'but-last' | 'first' | 'last';

const TERMS: Readonly<Record<ExtendingBorder, readonly Term[]>> = {
  reflect: ['low', 'high', 'whole'],
  mirror: ['low', 'high', 'whole', 'but-last', 'first'],
  nearest: ['low', 'high', 'first', 'last'],
};

/** Windows of a row or a part of one: where each begins along the side, and what its radius is. */
export interface SideWindows {
  /** The place of the first window's centre, and how far it is to the next one's. */
  readonly start: number;
  readonly step: 0 | 1;
  readonly radii: Uint16Array | undefined;
  readonly fixed: number;
  /** Of the first window in `radii`. */
  readonly first: number;
}

/** The terms of windows along one side of an image. */
export class SideTerms {
  readonly count: number;
  readonly #size: number;
  readonly #border: ExtendingBorder;
  readonly #terms: readonly Term[];
  /** After so many pixels a line that is mirrored without an end is what it was. */
  readonly #period: number;

  constructor(size: number, border: ExtendingBorder) {
    // A line of one pixel has nothing to mirror.
    this.#border = border === 'mirror' && size === 1 ? 'nearest' : border;
    this.#size = size;
    this.#terms = TERMS[this.#border];
    this.count = this.#terms.length;
    this.#period = this.#border === 'reflect' ? 2 * size : 2 * size - 2;
  }

  /** Whether a term is P at its place less P one before: taken many times by itself, P would pass 2^53. */
  differs(term: number): boolean {
    return this.#terms[term] === 'last';
  }

  /** Sets the places of one term of `count` windows, and multiplies their `times`. */
  fill(
    term: number,
    { start, step, radii, fixed, first }: SideWindows,
    count: number,
    { places, times }: { readonly places: Int32Array; readonly times: Float64Array },
  ): void {
    const name = this.#terms[term]!;
    for (let i = 0, at = start; i < count; i++, at += step) {
      const r = radii === undefined ? fixed : radii[first + i]!;
      if (name === 'low' || name === 'high') {
        const end = this.#end(name === 'low' ? at - r : at + r + 1);
        // An end in a line that runs backwards has a sign of its own.
        const counts = name === 'low' ? -1 : 1;
        places[i] = Math.abs(end);
        times[i]! *= end < 0 ? -counts : counts;
      } else {
        places[i] = name === 'first' ? 1 : name === 'but-last' ? this.#size - 1 : this.#size;
        times[i]! *= this.#times(name, at + r + 1) - this.#times(name, at - r);
      }
    }
  }

  /** Where the sum of the extended line up to `t` ends in the line inside; negative where P there is taken away. */
  #end(t: number): number {
    const size = this.#size;
    if (t >= 0 && t <= size) return t;
    if (this.#border === 'nearest') return t < 0 ? 0 : size;
    const u = t - Math.floor(t / this.#period) * this.#period;
    if (u <= size) return u;
    return this.#border === 'reflect' ? u - this.#period : u - this.#period - 1;
  }

  /** How many times another term counts in the sum of the extended line up to `t`. */
  #times(term: Term, t: number): number {
    const size = this.#size;
    if (t >= 0 && t <= size) return 0;
    if (this.#border === 'nearest') return term === 'first' ? Math.min(0, t) : Math.max(0, t - size);
    const periods = Math.floor(t / this.#period);
    if (term === 'first') return -periods;
    const ends = periods + (t - periods * this.#period > size ? 1 : 0);
    return this.#border === 'reflect' ? 2 * ends : ends;
  }
}
