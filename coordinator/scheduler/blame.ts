import type { Lease, OpenJob } from './state.js';

/** Workers of which it is remembered for which tiles their loss was blamed. */
const REMEMBERED_LOSSES = 1024;

/**
 * Which tiles were blamed for the loss of which worker process. A process that dials again was not killed by
 * anything: its loss was the network's, and the blame is taken back.
 */
export class Blame {
  readonly #losses = new Map<string, readonly Lease[]>();

  remember(instance: string, leases: readonly Lease[]): void {
    if (leases.length === 0) return;
    this.#losses.set(instance, leases);
    if (this.#losses.size > REMEMBERED_LOSSES) this.#losses.delete(this.#losses.keys().next().value!);
  }

  forgive(instance: string, jobs: ReadonlyMap<string, OpenJob>): void {
    for (const { job, stage, tile } of this.#losses.get(instance) ?? []) {
      const trouble = jobs.get(job.key) === job ? job.stages[stage]!.trouble.get(tile) : undefined;
      if (trouble === undefined) continue;
      trouble.kills = Math.max(0, trouble.kills - 1);
      trouble.avoid.delete(instance);
    }
    this.#losses.delete(instance);
  }
}
