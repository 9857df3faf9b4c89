import { HalotileError } from '../../tiling/errors.js';

/** Jobs of one principal that are remembered; where it submits more, its oldest that have ended are forgotten early. */
export interface QueueLimits {
  readonly maxJobs: number;
  /** Of their specs as JSON. */
  readonly maxBytes: number;
}

/** What a principal may have remembered where nothing else is said. */
export const QUEUE_LIMITS: QueueLimits = { maxJobs: 20_000, maxBytes: 256 << 20 };

/** What counts of a job: whose it is, and the bytes of its spec as JSON. */
interface Share {
  readonly principal: string;
  readonly bytes: number;
}

/** What the remembered jobs of one principal come to. */
export interface TakenRoom {
  readonly jobs: number;
  /** Of their specs as JSON. */
  readonly bytes: number;
}

/** Whether one more job, whose spec takes `bytes`, has room. */
export function hasRoom(taken: TakenRoom, bytes: number, { maxJobs, maxBytes }: QueueLimits): boolean {
  return taken.jobs < maxJobs && taken.bytes + bytes <= maxBytes;
}

/** What to tell a principal whose open jobs alone leave no room: over-limit. */
export function roomRefusal({ principal, bytes }: Share, taken: TakenRoom, limits: QueueLimits): HalotileError {
  const open = `${taken.jobs} open jobs whose specs take ${taken.bytes} bytes`;
  return new HalotileError('over-limit', {
    what: `${principal} has ${open}, and the new one takes ${bytes}`,
    expected: `at most ${limits.maxJobs} jobs and ${limits.maxBytes} bytes`,
    remedy: 'wait for some to end, cancel them, or name folders instead of single images',
  });
}

const NOTHING: TakenRoom = { jobs: 0, bytes: 0 };

function left(taken: TakenRoom, freed: TakenRoom): TakenRoom {
  return { jobs: taken.jobs - freed.jobs, bytes: taken.bytes - freed.bytes };
}

/** What the remembered jobs of each principal come to, and whether one more has room beside them. */
export class PrincipalRoom {
  readonly #limits: QueueLimits;
  readonly #taken = new Map<string, TakenRoom>();

  constructor(limits: QueueLimits = QUEUE_LIMITS) {
    this.#limits = limits;
  }

  add(share: Share): void {
    this.#change(share, 1);
  }

  remove(share: Share): void {
    this.#change(share, -1);
  }

  /** @param freed what of the principal's jobs is to go before */
  has({ principal, bytes }: Share, freed = NOTHING): boolean {
    return hasRoom(left(this.#of(principal), freed), bytes, this.#limits);
  }

  /** What to tell a principal whose open jobs alone leave no room: over-limit. */
  refusal({ principal, bytes }: Share, freed = NOTHING): HalotileError {
    return roomRefusal({ principal, bytes }, left(this.#of(principal), freed), this.#limits);
  }

  #of(principal: string): TakenRoom {
    return this.#taken.get(principal) ?? { jobs: 0, bytes: 0 };
  }

  #change({ principal, bytes }: Share, sign: 1 | -1): void {
    const before = this.#of(principal);
    const after = { jobs: before.jobs + sign, bytes: before.bytes + sign * bytes };
    if (after.jobs === 0) this.#taken.delete(principal);
    else this.#taken.set(principal, after);
  }
}
