import type { ProcessFigures } from './process-figures.js';

/** The figures of one process after so many jobs. */
export interface Sample extends ProcessFigures {
  readonly jobs: number;
}

/** How much more a process held late in a run than early, as a share: 0.1 is a tenth more. */
export interface Growth {
  readonly descriptors: number;
  readonly residentBytes: number;
}

/**
 * Compares the last third of the samples with the middle one; the first third is warming up. The least of each third
 * counts: what is held for good is there at the quietest moment too.
 */
export function growthOf(samples: readonly Sample[]): Growth {
  const third = Math.floor(samples.length / 3);
  const middle = samples.slice(third, 2 * third);
  const last = samples.slice(2 * third);
  const between = (figure: 'descriptors' | 'residentBytes') => {
    const least = (some: readonly Sample[]) => Math.min(...some.map((sample) => sample[figure]));
    return least(last) / least(middle) - 1;
  };
  return { descriptors: between('descriptors'), residentBytes: between('residentBytes') };
}
