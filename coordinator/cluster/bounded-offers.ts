import { CPU_BACKEND } from '../../tiling/work/work-job.js';
import type { WorkerId } from '../scheduler/events.js';

/** What connected workers compute bounded operations with. */
export class BoundedOffers {
  readonly #offers = new Map<WorkerId, readonly string[]>();

  /** Returns the scheduler's labels of this worker. */
  join(id: WorkerId, offered: readonly string[]): string[] {
    const backends = offered.length > 0 ? offered : [CPU_BACKEND];
    this.#offers.set(id, backends);
    return backends.map(boundedLabel);
  }

  leave(id: WorkerId): void {
    this.#offers.delete(id);
  }

  /** What all of them have, so that all take part in a job, the best first; the processor without workers. */
  get common(): readonly string[] {
    const [first = [CPU_BACKEND], ...others] = this.#offers.values();
    const common = first.filter((backend) => others.every((offered) => offered.includes(backend)));
    return common.length > 0 ? common : [CPU_BACKEND];
  }
}

/** What the scheduler calls a worker that has this bounded backend. */
export function boundedLabel(backend: string): string {
  return `bounded:${backend}`;
}
