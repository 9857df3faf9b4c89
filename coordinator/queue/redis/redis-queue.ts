import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { HalotileError } from '../../../tiling/errors.js';
import { jobDigest } from '../../../tiling/stitch/partial.js';
import { isLastListed, isListed, MAX_PAGE_BYTES } from '../job-filter.js';
import type { JobRelay } from '../job-news.js';
import type { JobClaim, JobFilter, JobOutcome, JobPage, JobQueue, JobSubmission, QueuedJob } from '../job-queue.js';
import { hasRoom, QUEUE_LIMITS, type QueueLimits, roomRefusal, type TakenRoom } from '../principal-room.js';
import {
  cancelAsked,
  claimed,
  ended,
  isOpen,
  readmitted,
  released,
  retried,
  submitted,
  takenBack,
} from '../transitions.js';
import { disconnectRedis, type RedisClients } from './connect.js';
import { JobStore } from './job-store.js';
import { LostJobs } from './lost-jobs.js';
import { NewsChannel } from './news-channel.js';
import { type JobRecord, onlyOpen, Records, recordOf, type VersionedRecord } from './records.js';
import { type Ticket, Tickets, type TicketTimes } from './tickets.js';

/** What the queue in Redis runs with. */
export interface RedisQueueOptions {
  readonly clients: RedisClients;
  /** Before all keys. */
  readonly prefix: string;
  /** Shared by all coordinators of the queue: specs, results and who has claimed what. */
  readonly directory: string;
  /** Milliseconds since 1970, by a clock that all coordinators of the queue go by. */
  readonly nowMs: () => number;
  /** Ended jobs are forgotten after so long. */
  readonly retentionMs: number;
  /** And the oldest of them where there are more; 100,000 where absent. */
  readonly maxEnded?: number;
  readonly limits?: QueueLimits;
  /** A claim whose coordinator says nothing for about twice the sum is another's to take; the usual where absent. */
  readonly times?: TicketTimes;
  readonly log: (line: string) => void;
}

/** A job goes on elsewhere some eight seconds after its coordinator died. */
const TIMES: TicketTimes = { lockMs: 4_000, stalledMs: 1_500 };
const MAX_ENDED = 100_000;
/** How often a lock is renewed while it lasts. */
const RENEWALS = 3;
/** How often records are held against what waits: a submitter may have died between the two. */
const RECONCILE_MS = 60_000;
const RECONCILED_AT_ONCE = 500;
/** How often and how long it is waited for that an old ticket goes; what is left then, the next look at all jobs mends. */
const MAX_LOOKS = 40;
const LOOK_MS = 50;

interface Held {
  ticket: Ticket;
  readonly epoch: number;
  planned: boolean;
  readonly stop: AbortController;
}

/** The queue of several coordinators: BullMQ holds who waits, records in Redis what a job is, shared storage the rest. */
export class RedisQueue implements JobQueue {
  readonly relay: JobRelay;
  readonly #options: RedisQueueOptions;
  readonly #records: Records;
  readonly #tickets: Tickets;
  readonly #store: JobStore;
  readonly #lost: LostJobs;
  readonly #channel: NewsChannel;
  /** Claims of this process, by job. */
  readonly #held = new Map<string, Held>();
  readonly #timers: NodeJS.Timeout[];
  readonly #tendMs: number;
  #healthy = true;
  #onHealth: (healthy: boolean) => void = () => {};
  #onEnded: (job: QueuedJob) => void = () => {};
  #tending: Promise<void> | undefined;
  #reconciledMs = 0;

  private constructor(options: RedisQueueOptions, parts: { readonly tickets: Tickets; readonly channel: NewsChannel }) {
    this.#options = options;
    this.#records = new Records(options.clients.commands, options.prefix);
    this.#store = new JobStore(options.directory);
    this.#tickets = parts.tickets;
    const { nowMs, log } = options;
    this.#lost = new LostJobs({ records: this.#records, tickets: this.#tickets, store: this.#store, nowMs, log });
    this.#channel = parts.channel;
    this.relay = parts.channel;
    this.#channel.onCancel((id) => void this.#lookForCancel(id));
    const tend = () => {
      this.#tending ??= this.#tend()
        .catch((error: Error) => this.#options.log(`shared storage does not say who holds which job: ${error.message}`))
        .finally(() => {
          this.#tending = undefined;
        });
    };
    const { lockMs } = options.times ?? TIMES;
    this.#tendMs = Math.floor(lockMs / RENEWALS);
    this.#timers = [setInterval(tend, this.#tendMs)];
    for (const timer of this.#timers) timer.unref();
  }

  /** @throws unreachable */
  static async open(options: RedisQueueOptions): Promise<RedisQueue> {
    const { clients, prefix, times = TIMES, nowMs, log } = options;
    const tickets = await Tickets.open(clients, { prefix, times, nowMs, log });
    const queue = new RedisQueue(options, { tickets, channel: await NewsChannel.open(clients, prefix) });
    // A long history takes a while: each of its jobs is there for whoever names it meanwhile.
    if (!(await queue.#records.remembers())) queue.#lost.putBackLater();
    return queue;
  }

  watchHealth(listener: (healthy: boolean) => void): void {
    this.#onHealth = listener;
  }

  watchGivenUp(listener: (job: QueuedJob) => void): void {
    this.#onEnded = listener;
  }

  submit(submission: JobSubmission): Promise<{ job: QueuedJob; existed: boolean }> {
    return this.#guard(async () => {
      const id = idOf(submission);
      const earlier = await this.#records.get(id);
      if (earlier?.record.leaving) await this.#forget(earlier);
      else if (earlier !== undefined) return this.#repeated(earlier, submission);
      else if ((await this.#lost.putBackJobs([id])) > 0)
        return this.#repeated((await this.#records.get(id))!, submission);
      const bytes = Buffer.byteLength(JSON.stringify(submission.spec));
      await this.#makeRoom(submission.principal, bytes);
      const job = submitted(submission, { id, nowMs: this.#options.nowMs() });
      const sequence = await this.#records.next('sequence');
      // What a job of this request left that was forgotten is none of this one's.
      await this.#store.remove(id);
      await this.#store.submit({ sequence, job });
      if (!(await this.#records.put({ record: recordOf(job), from: '', sequence, bytes }))) {
        const faster = await this.#records.get(id);
        if (faster !== undefined) return this.#repeated(faster, submission);
      }
      await this.#tickets.add(id, job);
      return { job, existed: false };
    });
  }

  get(id: string): Promise<QueuedJob | undefined> {
    return this.#guard(async () => {
      const found = await this.#find(id);
      return found && this.#whole(found.record);
    });
  }

  list(filter: JobFilter): Promise<JobPage> {
    return this.#guard(async () => {
      await this.#lost.untilBack();
      const { principal, states, pageSize, after } = filter;
      const before = after === undefined ? undefined : Number(after);
      const jobs: QueuedJob[] = [];
      let last = 0;
      let bytes = 0;
      for await (const { record, sequence } of this.#records.newest({
        principal,
        openOnly: onlyOpen(states),
        before,
        // One more says whether a page follows.
        wanted: pageSize + 1,
      })) {
        if (isLastListed(record, filter)) break;
        if (!isListed(record, filter)) continue;
        if (jobs.length === pageSize) return { jobs, next: String(last) };
        const whole = await this.#whole(record);
        bytes += whole === undefined ? 0 : JSON.stringify(whole.spec).length;
        if (bytes > MAX_PAGE_BYTES && jobs.length > 0) return { jobs, next: String(last) };
        if (whole !== undefined) jobs.push(whole);
        last = sequence;
      }
      return { jobs };
    });
  }

  countOpen(principal: string): Promise<number> {
    return this.#guard(() => this.#records.countOpen(principal));
  }

  requestCancel(id: string): Promise<QueuedJob | undefined> {
    return this.#guard(async () => {
      const job = await this.#change(id, (record) => cancelAsked(record, this.#options.nowMs()));
      if (job === undefined) return undefined;
      if (job.state === 'cancelled') await this.#tickets.remove(id).catch(() => {});
      if (job.state === 'claimed') {
        await this.#store.askCancel(id);
        this.#held.get(id)?.stop.abort();
        this.#channel.cancel(id);
      }
      return job;
    });
  }

  async claim(signal: AbortSignal): Promise<JobClaim | undefined> {
    for (;;) {
      const ticket = await this.#tickets.next(signal);
      if (ticket === undefined) return undefined;
      const claim = await this.#guard(() => this.#claimTicket(ticket));
      if (claim !== undefined) return claim;
    }
  }

  planned({ job: { id }, epoch }: JobClaim): Promise<void> {
    return this.#guard(async () => {
      const held = this.#held.get(id);
      if (held?.epoch === epoch) held.planned = true;
      await this.#change(id, (record) => (isHeld(record, epoch) ? { ...record, planned: true } : record));
    });
  }

  readmit(id: string): Promise<QueuedJob | undefined> {
    return this.#guard(async () => {
      const job = await this.#change(id, readmitted);
      if (job?.state === 'queued') await this.#tickets.add(id, job);
      return job;
    });
  }

  retry(id: string): Promise<QueuedJob | undefined> {
    return this.#guard(async () => {
      let isNew = false;
      const job = await this.#change(id, (record) => {
        const again = retried(record);
        isNew = again !== record;
        return again;
      });
      if (job === undefined || !isNew) return job;
      await this.#wait(job);
      return job;
    });
  }

  remove(id: string): Promise<QueuedJob | undefined> {
    return this.#guard(async () => {
      for (;;) {
        const found = await this.#find(id);
        const job = found && (await this.#whole(found.record));
        if (found === undefined || job === undefined || isOpen(job.state)) return job;
        if (await this.#forget(found)) return job;
      }
    });
  }

  finish({ job, epoch }: JobClaim, outcome: JobOutcome): Promise<QueuedJob | undefined> {
    return this.#guard(async () => {
      const held = this.#held.get(job.id);
      if (held?.epoch !== epoch || this.#store.newestClaim(job.id) !== epoch) {
        this.#lose(job.id, epoch);
        return undefined;
      }
      const nowMs = this.#options.nowMs();
      const over = await this.#change(job.id, (now) => (isHeld(now, epoch) ? ended(now, outcome, nowMs) : now));
      // A Redis that has just forgotten it finds its end in storage.
      let known = over ?? ended(job, outcome, nowMs);
      if (over === undefined && !isOpen(known.state)) known = await this.#store.end(known);
      if (known.state === 'queued') await this.#tickets.putOff(held.ticket, this.#delayOf(known));
      else await this.#tickets.finish(held.ticket);
      this.#held.delete(job.id);
      await this.#forgetOld();
      return known;
    });
  }

  release({ job, epoch }: JobClaim): Promise<void> {
    return this.#guard(async () => {
      const held = this.#held.get(job.id);
      if (held?.epoch !== epoch) return;
      await this.#change(job.id, (record) => (isHeld(record, epoch) ? released(record) : record));
      await this.#tickets.giveBack(held.ticket);
      this.#held.delete(job.id);
    });
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#tickets.close();
    disconnectRedis(this.#options.clients);
    await this.#tending;
    await this.#lost.close();
  }

  #delayOf({ notBeforeMs = 0 }: Pick<QueuedJob, 'notBeforeMs'>): number {
    return Math.max(0, notBeforeMs - this.#options.nowMs());
  }

  /** A job for whoever holds its ticket; undefined where there is nothing to do with it. */
  async #claimTicket(ticket: Ticket): Promise<JobClaim | undefined> {
    for (;;) {
      const found = await this.#records.get(ticket.id);
      const stored = found === undefined || !isOpen(found.record.state) ? undefined : await this.#whole(found.record);
      if (found === undefined || stored === undefined || stored.state === 'quarantined') {
        await this.#tickets.finish(ticket);
        return undefined;
      }
      if (await this.#holdsAlready(ticket, { ...found, job: stored })) return undefined;
      // Who holds the ticket of a claimed job has it from BullMQ, since its claimer's lock ran out.
      const now = stored.state === 'claimed' ? takenBack(stored, this.#options.nowMs()) : stored;
      // A Redis that lost its last moments may know nothing of an end that storage has.
      const waiting = (await this.#store.ended(ticket.id)) ?? (isOpen(now.state) ? now : await this.#store.end(now));
      if (waiting.state !== 'queued') {
        if (!(await this.#records.put({ ...found, record: recordOf(waiting), from: found.version }))) continue;
        await this.#tickets.finish(ticket);
        this.#onEnded(waiting);
        return undefined;
      }
      const mayOverlap = this.#store.newestClaim(ticket.id) > 0;
      const epoch = await this.#nextEpoch(ticket.id);
      const job = claimed(waiting, { epoch, nowMs: this.#options.nowMs() });
      if (!(await this.#records.put({ ...found, record: recordOf(job), from: found.version }))) continue;
      const stop = new AbortController();
      this.#held.set(job.id, { ticket, epoch, planned: false, stop });
      return { job, epoch, mayOverlap, stop: stop.signal };
    }
  }

  /**
   * Whether a ticket is of a job that this coordinator is running, which Redis has forgotten or whose lock ran out: it
   * keeps the job, under the ticket that it has now.
   */
  async #holdsAlready(
    ticket: Ticket,
    { job, ...found }: VersionedRecord & { readonly job: QueuedJob },
  ): Promise<boolean> {
    const held = this.#held.get(ticket.id);
    if (held === undefined || held.stop.signal.aborted) return false;
    const { epoch, planned } = held;
    if (this.#store.newestClaim(ticket.id) !== epoch) return false;
    const isKnown = isHeld(job, epoch);
    const kept = isKnown ? job : { ...claimed(job, { epoch, nowMs: this.#options.nowMs() }), planned };
    if (!isKnown && !(await this.#records.put({ ...found, record: recordOf(kept), from: found.version }))) return false;
    held.ticket = ticket;
    return true;
  }

  /** Above whatever Redis and shared storage know, and nobody else's. */
  async #nextEpoch(id: string): Promise<number> {
    for (;;) {
      const epoch = await this.#records.next('epoch', this.#store.newestClaim(id));
      if (await this.#store.claim(id, epoch)) return epoch;
    }
  }

  /** Changes a record as long as nobody else does so at the same time; undefined where there is none. */
  async #change(id: string, change: (job: QueuedJob) => QueuedJob): Promise<QueuedJob | undefined> {
    for (;;) {
      const found = await this.#find(id);
      if (found === undefined) return undefined;
      const job = await this.#whole(found.record);
      if (job === undefined) return undefined;
      let changed = change(job);
      if (changed === job) return job;
      if (!isOpen(changed.state) && isOpen(job.state)) changed = await this.#store.end(changed);
      if (isOpen(changed.state) && !isOpen(job.state)) await this.#store.reopen(id);
      if (await this.#records.put({ ...found, record: recordOf(changed), from: found.version })) return changed;
    }
  }

  /** The record of a job, put back first where Redis has forgotten it. */
  async #find(id: string): Promise<VersionedRecord | undefined> {
    const found = await this.#records.get(id);
    if (found !== undefined || (await this.#lost.putBackJobs([id])) === 0) return found;
    return this.#records.get(id);
  }

  /** A record with what of it lies in shared storage; undefined where that is gone. */
  async #whole(record: JobRecord): Promise<QueuedJob | undefined> {
    if (record.leaving) return undefined;
    const needsResult = record.state === 'succeeded' && record.result === undefined;
    if (record.spec !== undefined && !needsResult) return record as QueuedJob;
    const stored = await this.#store.read(record.id);
    if (stored === undefined) return undefined;
    return { ...record, spec: record.spec ?? stored.job.spec, ...(needsResult && { result: stored.job.result }) };
  }

  async #repeated(earlier: VersionedRecord, submission: JobSubmission): Promise<{ job: QueuedJob; existed: boolean }> {
    const job = await this.#whole(earlier.record);
    if (job === undefined || jobDigest(job.spec) !== jobDigest(submission.spec)) {
      throw new HalotileError('already-exists', {
        what: 'this request id was used for another job',
        where: `request ${submission.requestId}`,
        remedy: 'use a new request id',
      });
    }
    // Whoever added it may have died before it waited.
    if (job.state === 'queued') await this.#tickets.add(job.id, { ...job, delayMs: this.#delayOf(job) });
    return { job, existed: true };
  }

  /** Renews what is held, looks whether Redis has forgotten anything, and whether it can be reached at all. */
  async #tend(): Promise<void> {
    try {
      // Locks are renewed meanwhile.
      await this.#lost.areBackWithin(this.#tendMs);
      await this.#renew();
      await this.#tickets.wakeDue();
      const nowMs = this.#options.nowMs();
      if (Math.abs(nowMs - this.#reconciledMs) >= RECONCILE_MS) {
        this.#reconciledMs = nowMs;
        await this.#reconcile();
        await this.#forgetOld();
      }
      this.#setHealthy(true);
    } catch (error) {
      this.#setHealthy(false, error as Error);
      // Redis cannot say who holds what; storage can.
      for (const [id, { epoch }] of this.#held) if (this.#store.newestClaim(id) > epoch) this.#lose(id, epoch);
    }
  }

  async #renew(): Promise<void> {
    const held = [...this.#held.values()];
    if (held.length === 0) return;
    const lost = await this.#tickets.renew(held.map(({ ticket }) => ticket));
    for (const id of lost) {
      const epoch = this.#held.get(id)?.epoch;
      // A lock that ran out is no loss as long as nobody else has claimed the job.
      if (epoch !== undefined && this.#store.newestClaim(id) > epoch) this.#lose(id, epoch);
    }
    for (const { ticket } of held) if (this.#store.isCancelAsked(ticket.id)) this.#held.get(ticket.id)?.stop.abort();
  }

  #lose(id: string, epoch: number): void {
    const held = this.#held.get(id);
    if (held?.epoch !== epoch) return;
    this.#options.log(`job ${id} is another coordinator's by now; this one leaves it`);
    this.#held.delete(id);
    held.stop.abort();
  }

  async #lookForCancel(id: string): Promise<void> {
    const held = this.#held.get(id);
    if (held !== undefined && this.#store.isCancelAsked(id)) held.stop.abort();
  }

  /** Every job that is to run has a ticket. */
  async #reconcile(): Promise<void> {
    let some: JobRecord[] = [];
    const addSome = async () => {
      const unknown = new Set(await this.#tickets.unknown(some.map(({ id }) => id)));
      const left = some.filter(({ id }) => unknown.has(id));
      some = [];
      await this.#tickets.addAll(left.map((record) => ({ ...record, delayMs: this.#delayOf(record) })));
    };
    for await (const { record } of this.#records.oldest({ openOnly: true })) {
      if (record.state === 'quarantined' || this.#held.has(record.id)) continue;
      if (some.push(record) >= RECONCILED_AT_ONCE) await addSome();
    }
    await addSome();
  }

  async #makeRoom(principal: string, bytes: number): Promise<void> {
    const limits = this.#options.limits ?? QUEUE_LIMITS;
    let taken: TakenRoom = await this.#records.taken(principal);
    if (hasRoom(taken, bytes, limits)) return;
    const leaving: VersionedRecord[] = [];
    for await (const ended of this.#records.oldest({ principal, openOnly: false })) {
      if (hasRoom(taken, bytes, limits)) break;
      if (isOpen(ended.record.state)) continue;
      leaving.push(ended);
      taken = { jobs: taken.jobs - 1, bytes: taken.bytes - ended.bytes };
    }
    if (!hasRoom(taken, bytes, limits)) throw roomRefusal({ principal, bytes }, taken, limits);
    for (const record of leaving) await this.#forget(record);
  }

  async #forgetOld(): Promise<void> {
    const { retentionMs, maxEnded = MAX_ENDED, nowMs } = this.#options;
    for (const record of await this.#records.expired(nowMs() - retentionMs, maxEnded)) await this.#forget(record);
  }

  /** False where somebody has changed the job meanwhile. */
  async #forget({ version, ...found }: VersionedRecord): Promise<boolean> {
    const { record } = found;
    // From here on nobody tries it again, whose folder would be gone then.
    if (
      !record.leaving &&
      !(await this.#records.put({ ...found, record: { ...record, leaving: true }, from: version }))
    )
      return false;
    await this.#store.remove(record.id);
    await this.#records.forget(record);
    return true;
  }

  /** Lets a job wait that ended just now: the ticket of its last claim must be gone before it gets another one. */
  async #wait(job: QueuedJob): Promise<void> {
    for (let looks = 0; looks < MAX_LOOKS; looks++) {
      await this.#tickets.add(job.id, job);
      const now = await this.#records.get(job.id);
      if (now?.record.state !== 'queued' || !(await this.#tickets.isHeld(job.id))) return;
      await pause(LOOK_MS);
    }
  }

  /** What Redis says of itself, as an error of ours. */
  async #guard<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (cause) {
      if (cause instanceof HalotileError) throw cause;
      const { code, message } = cause as NodeJS.ErrnoException;
      if (code === 'ENOSPC' || code === 'EDQUOT') {
        const detail = { what: 'the disk of the shared state is full', remedy: 'try again when there is room' };
        throw new HalotileError('unreachable', detail, { cause });
      }
      const what = /^OOM/.test(message)
        ? 'the Redis of the queue has no memory left'
        : `the Redis of the queue cannot be used (${message})`;
      throw new HalotileError('unreachable', { what, remedy: 'try again when it is back' }, { cause });
    }
  }

  #setHealthy(healthy: boolean, error?: Error): void {
    if (healthy === this.#healthy) return;
    this.#healthy = healthy;
    const line = healthy ? 'Redis is back' : `Redis cannot be used (${error?.message}); running jobs go on`;
    this.#options.log(line);
    if (healthy) {
      // What it was told in its last second may be gone, whatever else it has kept.
      this.#reconciledMs = Number.NEGATIVE_INFINITY;
      this.#lost.putBackLater();
    }
    this.#onHealth(healthy);
  }
}

/** The same request of the same principal always has the same id. */
function idOf({ principal, requestId }: JobSubmission): string {
  const hex = createHash('sha256')
    .update(JSON.stringify([principal, requestId]))
    .digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

function isHeld({ state, epoch }: JobRecord, by: number): boolean {
  return state === 'claimed' && epoch === by;
}
