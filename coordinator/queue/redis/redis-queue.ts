import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { HalotileError } from '../../../tiling/errors.js';
import { jobDigest } from '../../../tiling/stitch/partial.js';
import { isLastListed, isListed, MAX_PAGE_BYTES } from '../job-filter.js';
import type { JobRelay } from '../job-news.js';
import type { JobClaim, JobFilter, JobOutcome, JobPage, JobQueue, JobSubmission, QueuedJob } from '../job-queue.js';
import { cancelAsked, ended, isOpen, readmitted, released, retried, submitted } from '../transitions.js';
import { Claims } from './claims.js';
import { disconnectRedis, type RedisClients } from './connect.js';
import { JobStore } from './job-store.js';
import { KnownJobs, type KnownJobsOptions } from './known-jobs.js';
import { LostJobs } from './lost-jobs.js';
import { NewsChannel } from './news-channel.js';
import { type JobRecord, onlyOpen, Records, recordOf, type VersionedRecord } from './records.js';
import { orUnreachable } from './redis-faults.js';
import { Tickets, type TicketTimes } from './tickets.js';

/** What the queue in Redis runs with. */
export interface RedisQueueOptions extends Pick<KnownJobsOptions, 'nowMs' | 'retentionMs' | 'maxEnded' | 'limits'> {
  readonly clients: RedisClients;
  /** Before all keys. */
  readonly prefix: string;
  /** Shared by all coordinators of the queue: specs, results and who has claimed what. */
  readonly directory: string;
  /** Milliseconds since 1970, by a clock that all coordinators of the queue go by. */
  readonly nowMs: () => number;
  /** A claim whose coordinator says nothing for about twice the sum is another's to take; the usual where absent. */
  readonly times?: TicketTimes;
  readonly log: (line: string) => void;
}

/** A job goes on elsewhere some eight seconds after its coordinator died. */
const TIMES: TicketTimes = { lockMs: 4_000, stalledMs: 1_500 };
/** How often a lock is renewed while it lasts. */
const RENEWALS = 3;
/** How often records are held against what waits: a submitter may have died between the two. */
const RECONCILE_MS = 60_000;
const RECONCILED_AT_ONCE = 500;
/** How often and how long it is waited for that an old ticket goes; what is left then, the next look at all jobs mends. */
const MAX_LOOKS = 40;
const LOOK_MS = 50;

/** The queue of several coordinators: BullMQ holds who waits, records in Redis what a job is, shared storage the rest. */
export class RedisQueue implements JobQueue {
  readonly relay: JobRelay;
  readonly #options: RedisQueueOptions;
  readonly #records: Records;
  readonly #tickets: Tickets;
  readonly #store: JobStore;
  readonly #lost: LostJobs;
  readonly #jobs: KnownJobs;
  readonly #claims: Claims;
  readonly #channel: NewsChannel;
  readonly #timer: NodeJS.Timeout;
  readonly #tendMs: number;
  #healthy = true;
  #onHealth: (healthy: boolean) => void = () => {};
  #onEnded: (job: QueuedJob) => void = () => {};
  #tending: Promise<void> | undefined;
  #reconciledMs = 0;

  private constructor(options: RedisQueueOptions, parts: { readonly tickets: Tickets; readonly channel: NewsChannel }) {
    this.#options = options;
    const { nowMs, log, retentionMs, maxEnded, limits } = options;
    const { tickets } = parts;
    const records = new Records(options.clients.commands, options.prefix);
    const store = new JobStore(options.directory);
    const lost = new LostJobs({ records, tickets, store, nowMs, log });
    const jobs = new KnownJobs({ records, store, lost, nowMs, retentionMs, maxEnded, limits });
    this.#claims = new Claims({ records, jobs, tickets, store, nowMs, log, onEnded: (job) => this.#onEnded(job) });
    this.#records = records;
    this.#tickets = tickets;
    this.#store = store;
    this.#lost = lost;
    this.#jobs = jobs;
    this.#channel = parts.channel;
    this.relay = parts.channel;
    this.#channel.onCancel((id) => this.#claims.lookForCancel(id));
    const tend = () => {
      this.#tending ??= this.#tend()
        .catch((error: Error) => this.#options.log(`shared storage does not say who holds which job: ${error.message}`))
        .finally(() => {
          this.#tending = undefined;
        });
    };
    const { lockMs } = options.times ?? TIMES;
    this.#tendMs = Math.floor(lockMs / RENEWALS);
    this.#timer = setInterval(tend, this.#tendMs).unref();
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
    return orUnreachable(async () => {
      const id = idOf(submission);
      const earlier = await this.#records.get(id);
      if (earlier?.record.leaving) await this.#jobs.forget(earlier);
      else if (earlier !== undefined) return this.#repeated(earlier, submission);
      else if ((await this.#lost.putBackJobs([id])) > 0)
        return this.#repeated((await this.#records.get(id))!, submission);
      const bytes = Buffer.byteLength(JSON.stringify(submission.spec));
      await this.#jobs.makeRoom(submission.principal, bytes);
      const job = submitted(submission, { id, nowMs: this.#options.nowMs() });
      const sequence = await this.#records.next('sequence');
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
    return orUnreachable(async () => {
      const found = await this.#jobs.find(id);
      return found && this.#jobs.whole(found.record);
    });
  }

  list(filter: JobFilter): Promise<JobPage> {
    return orUnreachable(async () => {
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
        const whole = await this.#jobs.whole(record);
        bytes += whole === undefined ? 0 : JSON.stringify(whole.spec).length;
        if (bytes > MAX_PAGE_BYTES && jobs.length > 0) return { jobs, next: String(last) };
        if (whole !== undefined) jobs.push(whole);
        last = sequence;
      }
      return { jobs };
    });
  }

  countOpen(principal: string): Promise<number> {
    return orUnreachable(() => this.#records.countOpen(principal));
  }

  requestCancel(id: string): Promise<QueuedJob | undefined> {
    return orUnreachable(async () => {
      const job = await this.#jobs.change(id, (record) => cancelAsked(record, this.#options.nowMs()));
      if (job === undefined) return undefined;
      if (job.state === 'cancelled') await this.#tickets.remove(id).catch(() => {});
      if (job.state === 'claimed') {
        await this.#store.askCancel(id);
        this.#claims.stop(id);
        this.#channel.cancel(id);
      }
      return job;
    });
  }

  async claim(signal: AbortSignal): Promise<JobClaim | undefined> {
    for (;;) {
      const ticket = await this.#tickets.next(signal);
      if (ticket === undefined) return undefined;
      const claim = await orUnreachable(() => this.#claims.take(ticket));
      if (claim !== undefined) return claim;
    }
  }

  planned(claim: JobClaim): Promise<void> {
    return orUnreachable(() => this.#claims.planned(claim));
  }

  readmit(id: string): Promise<QueuedJob | undefined> {
    return orUnreachable(async () => {
      const job = await this.#jobs.change(id, readmitted);
      if (job?.state === 'queued') await this.#tickets.add(id, job);
      return job;
    });
  }

  retry(id: string): Promise<QueuedJob | undefined> {
    return orUnreachable(async () => {
      let isNew = false;
      const job = await this.#jobs.change(id, (record) => {
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
    return orUnreachable(async () => {
      for (;;) {
        const found = await this.#jobs.find(id);
        const job = found && (await this.#jobs.whole(found.record));
        if (found === undefined || job === undefined || isOpen(job.state)) return job;
        if (await this.#jobs.forget(found)) return job;
      }
    });
  }

  finish(claim: JobClaim, outcome: JobOutcome): Promise<QueuedJob | undefined> {
    const { job } = claim;
    return orUnreachable(async () => {
      const held = this.#claims.ofNow(claim);
      if (held === undefined) return undefined;
      const nowMs = this.#options.nowMs();
      const over = await this.#claims.change(claim, (now) => ended(now, outcome, nowMs));
      // A Redis that has just forgotten it finds its end in storage.
      let known = over ?? ended(job, outcome, nowMs);
      if (over === undefined && !isOpen(known.state)) known = await this.#store.end(known);
      if (known.state === 'queued') await this.#tickets.putOff(held.ticket, this.#delayOf(known));
      else await this.#tickets.finish(held.ticket);
      this.#claims.drop(job.id);
      await this.#jobs.forgetOld();
      return known;
    });
  }

  release(claim: JobClaim): Promise<void> {
    const { job } = claim;
    return orUnreachable(async () => {
      const held = this.#claims.of(claim);
      if (held === undefined) return;
      await this.#claims.change(claim, released);
      await this.#tickets.giveBack(held.ticket);
      this.#claims.drop(job.id);
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#tickets.close();
    disconnectRedis(this.#options.clients);
    await this.#tending;
    await this.#lost.close();
  }

  #delayOf({ notBeforeMs = 0 }: Pick<QueuedJob, 'notBeforeMs'>): number {
    return Math.max(0, notBeforeMs - this.#options.nowMs());
  }

  async #repeated(earlier: VersionedRecord, submission: JobSubmission): Promise<{ job: QueuedJob; existed: boolean }> {
    const job = await this.#jobs.whole(earlier.record);
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
      await this.#claims.renew();
      await this.#tickets.wakeDue();
      const nowMs = this.#options.nowMs();
      if (Math.abs(nowMs - this.#reconciledMs) >= RECONCILE_MS) {
        this.#reconciledMs = nowMs;
        await this.#reconcile();
        await this.#jobs.forgetOld();
      }
      this.#setHealthy(true);
    } catch (error) {
      this.#setHealthy(false, error as Error);
      // Redis cannot say who holds what; storage can.
      this.#claims.leaveTaken();
    }
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
      if (record.state === 'quarantined' || this.#claims.has(record.id)) continue;
      if (some.push(record) >= RECONCILED_AT_ONCE) await addSome();
    }
    await addSome();
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
