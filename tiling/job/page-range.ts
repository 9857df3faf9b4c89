import { badUsage } from '../errors.js';

/** `all`, or numbers and ranges from 1: `1-3,7`. */
export const PAGE_RANGE = /^(?:all|[1-9]\d*(?:-[1-9]\d*)?(?:,[1-9]\d*(?:-[1-9]\d*)?)*)$/;

/** The pages of a file, from 1. */
export interface FilePages {
  /** How many there are to name. */
  readonly count: number;
  /** Those that are images of their own, no masks and no smaller versions of others. */
  readonly own: readonly number[];
}

/**
 * The numbers that a range means in a file, ascending, each once.
 * @throws bad-usage where it names one that the file does not have
 */
export function pagesIn(range: string, { count, own }: FilePages, path: string): readonly number[] {
  if (range === 'all') return own;
  const numbers = new Set<number>();
  for (const part of range.split(',')) {
    const [first, last = first] = part.split('-').map(Number) as [number, number?];
    if (first > last! || last! > count) {
      throw badUsage({ what: `pages ${part}`, file: path, expected: `ascending numbers from 1 to ${count}` });
    }
    for (let number = first; number <= last!; number++) numbers.add(number);
  }
  return [...numbers].sort((a, b) => a - b);
}
