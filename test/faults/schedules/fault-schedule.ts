import { randomOf } from '../../support/seeded-random.js';

/** What may happen to a cluster of two coordinators, two workers and a Redis with an append-only file. */
export const FAULTS = [
  'kill a coordinator',
  'kill a worker',
  'stop a worker for a while',
  'kill Redis',
  'flush Redis',
  'submit a job again',
  'fill Redis',
  'cut a coordinator off from Redis',
  'restart a coordinator with another clock',
  'restart everything in turn',
  'let a schedule run',
] as const;
/** One of {@link FAULTS}. */
export type FaultKind = (typeof FAULTS)[number];

/** One fault, so long after the one before. */
export interface ScheduledFault {
  readonly kind: FaultKind;
  readonly afterMs: number;
  /** Which coordinator, worker or job, by remainder. */
  readonly which: number;
  /** For how long something is away, or a schedule runs. */
  readonly forMs: number;
}

/** A run's jobs and faults, which follow from its seed. */
export interface FaultSchedule {
  readonly seed: number;
  readonly jobs: number;
  readonly faults: readonly ScheduledFault[];
  /** The last job is cancelled so long after its submission, when it may just be ending; never where undefined. */
  readonly cancelAfterMs: number | undefined;
  /** When jobs over tiny images are submitted, each of which is one task with nothing to go on with. */
  readonly tinyAfterMs: readonly number[];
}

/** The schedule of a seed: two or three jobs, up to four tiny ones and two to four faults within some three seconds. */
export function faultSchedule(seed: number): FaultSchedule {
  const random = randomOf(seed * 2_654_435_761);
  const faults = Array.from(
    { length: 2 + random(3) },
    (): ScheduledFault => ({
      kind: FAULTS[random(FAULTS.length)]!,
      afterMs: 100 + random(900),
      which: random(2),
      forMs: 200 + random(1800),
    }),
  );
  const jobs = 2 + random(2);
  const cancelAfterMs = random(2) === 0 ? random(3000) : undefined;
  // Drawn last: the rest of a seed is as it was before there were any.
  const tinyAfterMs = Array.from({ length: random(5) }, () => random(3000));
  return { seed, jobs, faults, cancelAfterMs, tinyAfterMs };
}
