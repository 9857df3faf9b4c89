import type { JobClaim, QueuedJob } from '../job-queue.js';
import { claimed, isOpen, takenBack } from '../transitions.js';
import type { JobStore } from './job-store.js';
import type { KnownJobs } from './known-jobs.js';
import { type JobRecord, type Records, recordOf, type VersionedRecord } from './records.js';
import type { Ticket, Tickets } from './tickets.js';

/** What claims are made from. */
export interface ClaimsOptions {
  readonly records: Records;
  readonly jobs: KnownJobs;
  readonly tickets: Tickets;
  readonly store: JobStore;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  readonly log: (line: string) => void;
  /** Hears of a job that ended since its claimers died. */
  readonly onEnded: (job: QueuedJob) => void;
}

/** A job that this process holds. */
export interface Held {
  ticket: Ticket;
  readonly epoch: number;
  planned: boolean;
  readonly stop: AbortController;
  /** As this process stored it last: somebody else may have changed it since. */
  record: VersionedRecord;
}

/**
 * The jobs that this coordinator holds. A claim counts once its folder is in shared storage, and is lost when there is a
 * newer one: not when its lock ran out, and not while Redis is away.
 */
export class Claims {
  readonly #options: ClaimsOptions;
  /** By job. */
  readonly #held = new Map<string, Held>();

  constructor(options: ClaimsOptions) {
    this.#options = options;
  }

  /** A job for whoever holds its ticket; undefined where there is nothing to do with it. */
  async take(ticket: Ticket): Promise<JobClaim | undefined> {
    const { records, jobs, tickets, store, nowMs, onEnded } = this.#options;
    for (;;) {
      const found = await records.get(ticket.id);
      const stored = found === undefined || !isOpen(found.record.state) ? undefined : await jobs.whole(found.record);
      if (found === undefined || stored === undefined || stored.state === 'quarantined') {
        await tickets.finish(ticket);
        return undefined;
      }
      if (await this.#holdsAlready(ticket, { ...found, job: stored })) return undefined;
      // Who holds the ticket of a claimed job has it from BullMQ, since its claimer's lock ran out.
      const now = stored.state === 'claimed' ? takenBack(stored, nowMs()) : stored;
      // A Redis that lost its last moments may know nothing of an end that storage has.
      const { ended, newestClaim } = await store.progress(ticket.id);
      const waiting = ended ?? (isOpen(now.state) ? now : await store.end(now));
      if (waiting.state !== 'queued') {
        if (!(await records.put({ ...found, record: recordOf(waiting), from: found.version }))) continue;
        await tickets.finish(ticket);
        onEnded(waiting);
        return undefined;
      }
      const epoch = await this.#nextEpoch(ticket.id, newestClaim);
      const job = claimed(waiting, { epoch, nowMs: nowMs() });
      const version = await records.put({ ...found, record: recordOf(job), from: found.version });
      if (version === undefined) continue;
      const mayOverlap = newestClaim > 0;
      const stop = new AbortController();
      this.#held.set(job.id, { ticket, epoch, planned: false, stop, record: { ...found, record: job, version } });
      const isHeldNow = () => this.ofNow({ job, epoch }) !== undefined;
      return { job, epoch, mayOverlap, stop: stop.signal, isHeld: isHeldNow };
    }
  }

  /** Whether this process holds a job, under whatever claim. */
  has(id: string): boolean {
    return this.#held.has(id);
  }

  /** What is held under a claim; undefined where that is lost or over, as far as this process knows. */
  of({ job: { id }, epoch }: Pick<JobClaim, 'job' | 'epoch'>): Held | undefined {
    const held = this.#held.get(id);
    return held?.epoch === epoch ? held : undefined;
  }

  /** The same after a look at storage, where nobody else has the job by now: whose claim was lost is told so. */
  ofNow(claim: Pick<JobClaim, 'job' | 'epoch'>): Held | undefined {
    const { job, epoch } = claim;
    const held = this.of(claim);
    if (held !== undefined && this.#options.store.newestClaim(job.id) === epoch) return held;
    this.#lose(job.id, epoch);
    return undefined;
  }

  /** Notes that a job is planned which is held under a claim. */
  async planned(claim: Pick<JobClaim, 'job' | 'epoch'>): Promise<void> {
    const held = this.of(claim);
    if (held !== undefined) held.planned = true;
    await this.change(claim, (job) => ({ ...job, planned: true }));
  }

  /**
   * Changes a job as long as it is held under a claim. Nearly always nobody else has changed it since this process did,
   * and it need not be read again.
   * @returns it as it is then; undefined where Redis has no such job
   */
  async change(claim: Pick<JobClaim, 'job' | 'epoch'>, change: (job: QueuedJob) => QueuedJob) {
    const { job, epoch } = claim;
    const held = this.of(claim);
    const inTurn = (now: QueuedJob) => (isHeld(now, epoch) ? change(now) : now);
    const changed = await this.#options.jobs.changeFrom(job.id, inTurn, held?.record);
    if (held !== undefined && changed !== undefined) held.record = changed.stored;
    return changed?.job;
  }

  /** The job is not held any more: it is over, or waits again. */
  drop(id: string): void {
    this.#held.delete(id);
  }

  /** Whoever works on the job here is to stop. */
  stop(id: string): void {
    this.#held.get(id)?.stop.abort();
  }

  /** The job is stopped where storage says that it is to be cancelled. */
  lookForCancel(id: string): void {
    const held = this.#held.get(id);
    if (held !== undefined && this.#options.store.isCancelAsked(id)) held.stop.abort();
  }

  /** Renews the locks of what is held, and looks for what is to be cancelled. */
  async renew(): Promise<void> {
    const held = [...this.#held.values()];
    if (held.length === 0) return;
    const lost = await this.#options.tickets.renew(held.map(({ ticket }) => ticket));
    // A lock that ran out is no loss as long as nobody else has claimed the job.
    for (const id of lost) this.#loseTaken(id);
    for (const { ticket } of held) this.lookForCancel(ticket.id);
  }

  /** Leaves the jobs that others have claimed: while Redis cannot say who holds what, storage can. */
  leaveTaken(): void {
    for (const id of this.#held.keys()) this.#loseTaken(id);
  }

  #loseTaken(id: string): void {
    const epoch = this.#held.get(id)?.epoch;
    if (epoch !== undefined && this.#options.store.newestClaim(id) > epoch) this.#lose(id, epoch);
  }

  #lose(id: string, epoch: number): void {
    const held = this.#held.get(id);
    if (held?.epoch !== epoch) return;
    this.#options.log(`job ${id} is another coordinator's by now; this one leaves it`);
    this.#held.delete(id);
    held.stop.abort();
  }

  /**
   * Whether a ticket is of a job that this coordinator is running, which Redis has forgotten or whose lock ran out: it
   * keeps the job, under the ticket that it has now.
   */
  async #holdsAlready(
    ticket: Ticket,
    { job, ...found }: VersionedRecord & { readonly job: QueuedJob },
  ): Promise<boolean> {
    const { records, store, nowMs } = this.#options;
    const held = this.#held.get(ticket.id);
    if (held === undefined || held.stop.signal.aborted) return false;
    const { epoch, planned } = held;
    if (store.newestClaim(ticket.id) !== epoch) return false;
    const isKnown = isHeld(job, epoch);
    const kept = isKnown ? job : { ...claimed(job, { epoch, nowMs: nowMs() }), planned };
    if (!isKnown && !(await records.put({ ...found, record: recordOf(kept), from: found.version }))) return false;
    held.ticket = ticket;
    return true;
  }

  /** Above whatever Redis and shared storage know, and nobody else's. */
  async #nextEpoch(id: string, newestClaim: number): Promise<number> {
    const { records, store } = this.#options;
    for (let least = newestClaim; ; least = store.newestClaim(id)) {
      const epoch = await records.next('epoch', least);
      if (await store.claim(id, epoch)) return epoch;
    }
  }
}

/** Whether a record says that the job is held under a claim. */
export function isHeld({ state, epoch }: JobRecord, by: number): boolean {
  return state === 'claimed' && epoch === by;
}
