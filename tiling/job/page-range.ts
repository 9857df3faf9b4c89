import { badUsage } from '../errors.js';

/** `all`, or numbers and ranges from 1: `1-3,7`. */
export const PAGE_RANGE = /^(?:all|[1-9]\d*(?:-[1-9]\d*)?(?:,[1-9]\d*(?:-[1-9]\d*)?)*)$/;

/** Pages that a range means at most: a header of a few bytes can speak of billions. */
const MAX_PAGES = 2 ** 20;

/** The pages of a file, from 1. */
export interface FilePages {
  /** How many there are to name. */
  readonly count: number;
  /** Those that are images of their own, no masks and no smaller versions of others; absent where all are. */
  readonly own?: readonly number[];
}

/**
 * The numbers that a range means in a file, ascending, each once.
 * @throws bad-usage where it names one that the file does not have, or too many
 */
export function pagesIn(range: string, { count, own }: FilePages, path: string): readonly number[] {
  if (range === 'all' && own !== undefined) return own;
  const numbers = new Set<number>();
  for (const part of range === 'all' ? [`1-${count}`] : range.split(',')) {
    const [first, last = first] = part.split('-').map(Number) as [number, number?];
    if (first > last! || last! > count) {
      throw badUsage({ what: `pages ${part}`, file: path, expected: `ascending numbers from 1 to ${count}` });
    }
    if (last! - first >= MAX_PAGES) {
      throw badUsage({ what: `${last! - first + 1} pages`, file: path, expected: `at most ${MAX_PAGES} in a range` });
    }
    for (let number = first; number <= last!; number++) numbers.add(number);
  }
  return [...numbers].sort((a, b) => a - b);
}
