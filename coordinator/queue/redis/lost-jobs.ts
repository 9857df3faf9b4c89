import { setTimeout as pause } from 'node:timers/promises';
import { HalotileError } from '../../../tiling/errors.js';
import { isOpen } from '../transitions.js';
import type { JobStore } from './job-store.js';
import { type Records, recordOf } from './records.js';
import type { Tickets } from './tickets.js';

/** Between which places jobs are put back. */
export interface LostJobsOptions {
  readonly records: Records;
  readonly tickets: Tickets;
  readonly store: JobStore;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  readonly log: (line: string) => void;
}

/** Groups of jobs that are put back at a time: files of some are read while Redis stores others. */
const GROUPS_AT_ONCE = 3;
/** How long a listing waits for jobs that are put back. */
const MAX_WAIT_MS = 2_000;

/** Puts jobs back into a Redis that has forgotten them, from shared storage. */
export class LostJobs {
  readonly #options: LostJobsOptions;
  #all: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: LostJobsOptions) {
    this.#options = options;
  }

  /** Puts all of them back; those that Redis knows stay as they are. */
  putBack(): Promise<void> {
    this.#all ??= this.#putAllBack().finally(() => {
      this.#all = undefined;
    });
    return this.#all;
  }

  /** Begins to put all of them back; the operator is told where that fails. */
  putBackLater(): void {
    this.putBack().catch((cause: Error) => {
      if (!this.#isClosed) this.#options.log(`jobs cannot be put back yet: ${cause.message}`);
    });
  }

  /** Puts back those of the jobs that storage knows. @returns how many they are */
  async putBackJobs(ids: readonly string[]): Promise<number> {
    const { store, records, tickets, nowMs } = this.#options;
    const found = (await Promise.all(ids.map((id) => store.known(id)))).filter((one) => one !== undefined);
    if (found.length === 0) return 0;
    await records.next('sequence', Math.max(...found.map(({ sequence }) => sequence)) - 1);
    const changes = found.map(({ job, sequence, newestClaim, isCancelAsked }) => {
      const isCancelled = isOpen(job.state) && isCancelAsked;
      const record = recordOf({
        ...{ ...job, epoch: newestClaim },
        ...(isCancelled && { state: 'cancelled' as const, finishedMs: nowMs() }),
      });
      return { record, from: '', sequence, bytes: Buffer.byteLength(JSON.stringify(job.spec)) };
    });
    await records.putAll(changes);
    await tickets.addAll(changes.map(({ record }) => record).filter(({ state }) => isOpen(state)));
    return found.length;
  }

  /** Whether Redis knows its jobs, after a wait for what is being put back. */
  async areBackWithin(waitMs: number): Promise<boolean> {
    if (this.#all === undefined && (await this.#options.records.remembers())) return true;
    const back = this.putBack().then(() => true);
    return Promise.race([back, pause(waitMs, false, { ref: false })]);
  }

  /**
   * Waits a little while jobs are put back: a listing without them would say that they are not there.
   * @throws unreachable where it takes longer
   */
  async untilBack(): Promise<void> {
    if (await this.areBackWithin(MAX_WAIT_MS)) return;
    const what = 'Redis has forgotten its jobs, which are being put back';
    throw new HalotileError('unreachable', { what, remedy: 'list them again in a while' });
  }

  /** Returns when nothing is put back any more; its Redis is disconnected before. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#all?.catch(() => {});
  }

  async #putAllBack(): Promise<void> {
    const { store, records, log } = this.#options;
    let count = 0;
    const groups = store.ids();
    const lane = async () => {
      for await (const ids of groups) {
        const back = await this.putBackJobs(await records.unknown(ids));
        count += back;
      }
    };
    await Promise.all(Array.from({ length: GROUPS_AT_ONCE }, lane));
    await records.markKnown();
    if (count > 0) log(`Redis knew nothing of ${count} jobs; they are taken from shared storage`);
  }
}
