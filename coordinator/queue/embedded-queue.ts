import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { HalotileError } from '../../tiling/errors.js';
import { jobDigest } from '../../tiling/stitch/partial.js';
import { RecordLog, readRecords } from '../../tiling/stitch/record-log.js';
import { JobLock } from '../job/job-lock.js';
import { isLastListed, isListed } from './job-filter.js';
import type {
  JobClaim,
  JobFilter,
  JobOutcome,
  JobPage,
  JobQueue,
  JobSubmission,
  QueuedJob,
  QueueState,
} from './job-queue.js';
import { PrincipalRoom, type QueueLimits } from './principal-room.js';
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
} from './transitions.js';

/** What the embedded queue runs with. */
export interface EmbeddedQueueOptions {
  /** Holds `queue.log`; made where absent. One process at a time. */
  readonly directory: string;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  /** A fresh id each time. */
  readonly newId: () => string;
  /** Finished jobs older than this are forgotten when another one ends, and when the queue is opened. */
  readonly retentionMs: number;
  /** What one principal's jobs may come to, ended ones too; the usual where absent. */
  readonly limits?: QueueLimits;
}

/** Every change is one record: the job's whole new state, or that it was removed. The last record of a job counts. */
type QueueRecord =
  | {
      readonly type: 'job';
      /** Order of submission. */
      readonly sequence: number;
      readonly job: QueuedJob;
    }
  | { readonly type: 'removed'; readonly id: string };

/** One job; what is over is kept as text, a third of its size in memory. */
class Entry {
  readonly sequence: number;
  /** Of its spec as JSON. */
  readonly bytes: number;
  stop?: AbortController;
  /** Whether it is on the disk, as its submitter was told. */
  isSafe = true;
  #principal = '';
  #submittedMs = 0;
  #state: QueueState = 'queued';
  #endedMs = 0;
  #job: QueuedJob | string = '';

  constructor(sequence: number, job: QueuedJob) {
    this.sequence = sequence;
    this.bytes = specBytes(job.spec);
    this.job = job;
  }

  get job(): QueuedJob {
    return typeof this.#job === 'string' ? (JSON.parse(this.#job) as QueuedJob) : this.#job;
  }

  set job(job: QueuedJob) {
    this.#principal = job.principal;
    this.#submittedMs = job.submittedMs;
    this.#state = job.state;
    this.#endedMs = job.finishedMs ?? 0;
    this.#job = isOpen(job.state) ? job : JSON.stringify(job);
  }

  get principal(): string {
    return this.#principal;
  }

  /** Milliseconds since 1970. */
  get submittedMs(): number {
    return this.#submittedMs;
  }

  get state(): QueueState {
    return this.#state;
  }

  get endedMs(): number {
    return this.#endedMs;
  }
}

const LOG = 'queue.log';
/** Records of the new log that the disk is waited for together. */
const COMPACTED_AT_ONCE = 500;
/** Specs name what their owners work on: nobody else on this machine reads them. */
const MODE = 0o600;

/** The queue of a single coordinator: in memory, with its state in an append-only log. */
export class EmbeddedQueue implements JobQueue {
  readonly #options: EmbeddedQueueOptions;
  readonly #lock: JobLock;
  readonly #log: RecordLog;
  /** By id, in order of submission. */
  readonly #entries = new Map<string, Entry>();
  /** Those that may still change, in order of submission, and the others in the order in which they ended. */
  readonly #open = new Set<Entry>();
  readonly #ended = new Set<Entry>();
  readonly #byRequest = new Map<string, string>();
  readonly #room: PrincipalRoom;
  readonly #waiters = new Set<() => void>();
  #sequence = 0;
  #epoch = 0;

  private constructor(options: EmbeddedQueueOptions, lock: JobLock) {
    this.#options = options;
    this.#lock = lock;
    this.#room = new PrincipalRoom(options.limits);
    const path = join(options.directory, LOG);
    for (const record of readRecords(path).records) this.#replay(record as QueueRecord);
    for (const entry of [...this.#ended].sort((a, b) => a.endedMs - b.endedMs)) {
      this.#ended.delete(entry);
      this.#ended.add(entry);
    }
    this.#forgetOld();
    this.#compact(path);
    this.#log = RecordLog.open(path, { mode: MODE });
    this.#takeBackClaims();
  }

  /** @throws partial-conflict where another process has this queue open */
  static async open(options: EmbeddedQueueOptions): Promise<EmbeddedQueue> {
    mkdirSync(options.directory, { recursive: true });
    const lock = await JobLock.acquire(join(options.directory, LOG));
    return new EmbeddedQueue(options, lock);
  }

  async submit(submission: JobSubmission): Promise<{ job: QueuedJob; existed: boolean }> {
    const earlier = this.#entries.get(this.#byRequest.get(requestKey(submission)) ?? '');
    if (earlier !== undefined) {
      if (jobDigest(earlier.job.spec) === jobDigest(submission.spec)) return { job: earlier.job, existed: true };
      throw new HalotileError('already-exists', {
        what: 'this request id was used for another job',
        where: `request ${submission.requestId}`,
        remedy: 'use a new request id',
      });
    }
    this.#makeRoom({ principal: submission.principal, bytes: specBytes(submission.spec) });
    const job = submitted(submission, { id: this.#options.newId(), nowMs: this.#options.nowMs() });
    const entry = new Entry(++this.#sequence, job);
    entry.isSafe = false;
    this.#store(entry, job);
    this.#index(entry);
    await this.#log.synced();
    entry.isSafe = true;
    this.#wake();
    return { job, existed: false };
  }

  async get(id: string): Promise<QueuedJob | undefined> {
    return this.#entries.get(id)?.job;
  }

  async list(filter: JobFilter): Promise<JobPage> {
    const { pageSize, after } = filter;
    const before = after === undefined ? Number.POSITIVE_INFINITY : Number(after);
    const jobs: QueuedJob[] = [];
    let last = 0;
    for (const entry of [...this.#entries.values()].reverse()) {
      if (entry.sequence >= before) continue;
      if (isLastListed(entry, filter)) break;
      if (!isListed(entry, filter)) continue;
      if (jobs.length === pageSize) return { jobs, next: String(last) };
      jobs.push(entry.job);
      last = entry.sequence;
    }
    return { jobs };
  }

  async countOpen(principal: string): Promise<number> {
    let count = 0;
    for (const entry of this.#open) if (entry.principal === principal) count++;
    return count;
  }

  async requestCancel(id: string): Promise<QueuedJob | undefined> {
    const entry = this.#entries.get(id);
    if (entry === undefined || !isOpen(entry.state)) return entry?.job;
    const { job } = entry;
    const asked = cancelAsked(job, this.#options.nowMs());
    if (asked !== job) this.#store(entry, asked);
    if (asked.cancelRequested) entry.stop?.abort();
    await this.#log.synced();
    return entry.job;
  }

  async claim(signal: AbortSignal): Promise<JobClaim | undefined> {
    while (!signal.aborted) {
      const entry = this.#next();
      if (entry !== undefined) return this.#claimEntry(entry);
      await new Promise<void>((resolve) => {
        const later = this.#wakeLater();
        const wake = () => {
          clearTimeout(later);
          signal.removeEventListener('abort', wake);
          this.#waiters.delete(wake);
          resolve();
        };
        signal.addEventListener('abort', wake, { once: true });
        this.#waiters.add(wake);
      });
    }
    return undefined;
  }

  async planned({ job: { id }, epoch }: JobClaim): Promise<void> {
    const entry = this.#held(id, epoch);
    if (entry !== undefined && !entry.job.planned) this.#store(entry, { ...entry.job, planned: true });
  }

  async readmit(id: string): Promise<QueuedJob | undefined> {
    const entry = this.#entries.get(id);
    if (entry?.state !== 'quarantined') return entry?.job;
    this.#store(entry, readmitted(entry.job));
    await this.#log.synced();
    this.#wake();
    return entry.job;
  }

  async retry(id: string): Promise<QueuedJob | undefined> {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    const { job } = entry;
    const again = retried(job);
    if (again === job) return job;
    this.#store(entry, again);
    await this.#log.synced();
    this.#wake();
    return entry.job;
  }

  async remove(id: string): Promise<QueuedJob | undefined> {
    const entry = this.#entries.get(id);
    if (entry === undefined || isOpen(entry.state)) return entry?.job;
    this.#log.append({ type: 'removed', id } satisfies QueueRecord);
    this.#forget(entry);
    await this.#log.synced();
    return entry.job;
  }

  async finish({ job: { id }, epoch }: JobClaim, outcome: JobOutcome): Promise<QueuedJob | undefined> {
    const entry = this.#held(id, epoch);
    if (entry === undefined) return undefined;
    entry.stop = undefined;
    const job = ended(entry.job, outcome, this.#options.nowMs());
    this.#store(entry, job);
    await this.#log.synced();
    // Those who wait for a job wait no longer than until its time.
    if (job.state === 'queued') this.#wake();
    return job;
  }

  async release({ job: { id }, epoch }: JobClaim): Promise<void> {
    const entry = this.#held(id, epoch);
    if (entry === undefined) return;
    entry.stop = undefined;
    this.#store(entry, released(entry.job));
    this.#wake();
  }

  async close(): Promise<void> {
    await this.#log.synced();
    this.#log.close();
    await this.#lock.release();
  }

  #claimEntry(entry: Entry): JobClaim {
    const epoch = ++this.#epoch;
    this.#store(entry, claimed(entry.job, { epoch, nowMs: this.#options.nowMs() }));
    entry.stop = new AbortController();
    return { job: entry.job, epoch, stop: entry.stop.signal };
  }

  #next(): Entry | undefined {
    const nowMs = this.#options.nowMs();
    let best: Entry | undefined;
    for (const entry of this.#open) {
      if (entry.state !== 'queued' || !entry.isSafe || (entry.job.notBeforeMs ?? 0) > nowMs) continue;
      if (best === undefined || entry.job.priority > best.job.priority) best = entry;
    }
    return best;
  }

  /** Wakes all who wait when the first job comes to its time that is not to be claimed before. */
  #wakeLater(): NodeJS.Timeout | undefined {
    const times = [...this.#open].flatMap(({ state, job }) => (state === 'queued' ? (job.notBeforeMs ?? []) : []));
    if (times.length === 0) return undefined;
    const waitMs = Math.min(...times) - this.#options.nowMs();
    return setTimeout(() => this.#wake(), Math.max(1, waitMs));
  }

  #held(id: string, epoch: number): Entry | undefined {
    const entry = this.#entries.get(id);
    return entry?.state === 'claimed' && entry.job.epoch === epoch ? entry : undefined;
  }

  /** The log first: what is in memory survives the process. What was promised to somebody waits for the disk too. */
  #store(entry: Entry, job: QueuedJob): void {
    this.#log.append({ type: 'job', sequence: entry.sequence, job } satisfies QueueRecord);
    entry.job = job;
    this.#sort(entry);
    // The log keeps what is forgotten until the queue is opened again.
    if (!isOpen(job.state)) this.#forgetOld();
  }

  #replay(record: QueueRecord): void {
    if (record.type === 'removed') {
      const entry = this.#entries.get(record.id);
      if (entry !== undefined) this.#forget(entry);
      return;
    }
    const { sequence, job } = record;
    const known = this.#entries.get(job.id);
    const entry = known ?? new Entry(sequence, job);
    entry.job = job;
    if (known === undefined) this.#index(entry);
    this.#sort(entry);
    this.#sequence = Math.max(this.#sequence, sequence);
    this.#epoch = Math.max(this.#epoch, job.epoch);
  }

  #sort(entry: Entry): void {
    const [to, from] = isOpen(entry.state) ? [this.#open, this.#ended] : [this.#ended, this.#open];
    from.delete(entry);
    to.add(entry);
  }

  #index(entry: Entry): void {
    this.#entries.set(entry.job.id, entry);
    this.#byRequest.set(requestKey(entry.job), entry.job.id);
    this.#room.add(entry);
  }

  #forget(entry: Entry): void {
    const { job } = entry;
    this.#ended.delete(entry);
    this.#entries.delete(job.id);
    this.#byRequest.delete(requestKey(job));
    this.#room.remove(entry);
  }

  /** Forgets a principal's jobs that ended first, as far as a new one needs, none where all do not do. @throws over-limit */
  #makeRoom(wanted: { readonly principal: string; readonly bytes: number }): void {
    const freed = { jobs: 0, bytes: 0 };
    const leaving: Entry[] = [];
    for (const entry of this.#ended) {
      if (this.#room.has(wanted, freed)) break;
      if (entry.principal !== wanted.principal) continue;
      leaving.push(entry);
      freed.jobs++;
      freed.bytes += entry.bytes;
    }
    if (!this.#room.has(wanted, freed)) throw this.#room.refusal(wanted, freed);
    for (const entry of leaving) this.#forget(entry);
  }

  #forgetOld(): void {
    const limit = this.#options.nowMs() - this.#options.retentionMs;
    for (const entry of this.#ended) {
      // Those after it ended later.
      if (entry.endedMs > limit) return;
      this.#forget(entry);
    }
  }

  /** Rewrites the log with one record a job, beside it and then in one rename. */
  #compact(path: string): void {
    const fresh = RecordLog.open(`${path}.new-${this.#options.newId()}`, { durable: true, mode: MODE });
    let some: QueueRecord[] = [];
    for (const { sequence, job } of this.#entries.values()) {
      some.push({ type: 'job', sequence, job });
      if (some.length < COMPACTED_AT_ONCE) continue;
      fresh.append(...some);
      some = [];
    }
    fresh.append(...some);
    fresh.close();
    renameSync(fresh.path, path);
  }

  /** Whoever held a claim is dead, since this process holds the lock. */
  #takeBackClaims(): void {
    for (const entry of this.#entries.values()) {
      if (entry.state === 'claimed') this.#store(entry, takenBack(entry.job, this.#options.nowMs()));
    }
  }

  #wake(): void {
    for (const wake of [...this.#waiters]) wake();
  }
}

function requestKey({ principal, requestId }: { principal: string; requestId: string }): string {
  return JSON.stringify([principal, requestId]);
}

function specBytes(spec: QueuedJob['spec']): number {
  return Buffer.byteLength(JSON.stringify(spec));
}
