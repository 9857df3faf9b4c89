import type { Plan } from '../../tiling/plan/plan.js';

/** What the tasks of one image hold beside the threads' own memory: its caches of decoded blocks. */
function ownBytes({ memory }: Plan): number {
  return memory.blockCacheBytes;
}

/**
 * Memory that the images under way share: the threads' is there once, as much as the most demanding of them needs, and
 * each adds its caches. The first image always has room, since its plan keeps to the limit by itself.
 */
export class MemoryRoom {
  readonly #limitBytes: number;
  readonly #inside = new Set<Plan>();
  readonly #waiting: { readonly plan: Plan; readonly enter: () => void }[] = [];

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Returns when there is room for an image's tasks, in the order in which they asked. */
  async enter(plan: Plan): Promise<void> {
    if (this.#waiting.length === 0 && this.#fits(plan)) this.#inside.add(plan);
    else await new Promise<void>((enter) => this.#waiting.push({ plan, enter }));
  }

  /** The image is done, or gives up waiting. */
  leave(plan: Plan): void {
    const place = this.#waiting.findIndex((each) => each.plan === plan);
    if (place >= 0) this.#waiting.splice(place, 1)[0]!.enter();
    this.#inside.delete(plan);
    for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.plan); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#inside.add(next.plan);
      next.enter();
    }
  }

  #fits(plan: Plan): boolean {
    if (this.#inside.size === 0) return true;
    const all = [...this.#inside, plan];
    const shared = Math.max(...all.map((each) => each.memory.totalBytes - ownBytes(each)));
    return all.reduce((sum, each) => sum + ownBytes(each), shared) <= this.#limitBytes;
  }
}
