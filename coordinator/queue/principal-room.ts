import { HalotileError } from '../../tiling/errors.js';

/** Jobs of one principal that are remembered; where it submits more, its oldest that have ended are forgotten early. */
export interface QueueLimits {
  readonly maxJobs: number;
  /** Of their specs as JSON. */
  readonly maxBytes: number;
}

const QUEUE_LIMITS: QueueLimits = { maxJobs: 20_000, maxBytes: 256 << 20 };

/** What counts of a job: whose it is, and the bytes of its spec as JSON. */
interface Share {
  readonly principal: string;
  readonly bytes: number;
}

/** What the remembered jobs of each principal come to, and whether one more has room beside them. */
export class PrincipalRoom {
  readonly #limits: QueueLimits;
  readonly #taken = new Map<string, { readonly jobs: number; readonly bytes: number }>();

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
  has({ principal, bytes }: Share, freed = { jobs: 0, bytes: 0 }): boolean {
    const taken = this.#of(principal);
    return taken.jobs - freed.jobs < this.#limits.maxJobs && taken.bytes - freed.bytes + bytes <= this.#limits.maxBytes;
  }

  /** What to tell a principal whose open jobs alone leave no room: over-limit. */
  refusal({ principal, bytes }: Share, freed = { jobs: 0, bytes: 0 }): HalotileError {
    const taken = this.#of(principal);
    const { maxJobs, maxBytes } = this.#limits;
    const open = `${taken.jobs - freed.jobs} open jobs whose specs take ${taken.bytes - freed.bytes} bytes`;
    return new HalotileError('over-limit', {
      what: `${principal} has ${open}, and the new one takes ${bytes}`,
      expected: `at most ${maxJobs} jobs and ${maxBytes} bytes`,
      remedy: 'wait for some to end, cancel them, or name folders instead of single images',
    });
  }

  #of(principal: string): { readonly jobs: number; readonly bytes: number } {
    return this.#taken.get(principal) ?? { jobs: 0, bytes: 0 };
  }

  #change({ principal, bytes }: Share, sign: 1 | -1): void {
    const before = this.#of(principal);
    const after = { jobs: before.jobs + sign, bytes: before.bytes + sign * bytes };
    if (after.jobs === 0) this.#taken.delete(principal);
    else this.#taken.set(principal, after);
  }
}
