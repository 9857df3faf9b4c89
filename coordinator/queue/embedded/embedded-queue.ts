import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { HalotileError } from '../../../tiling/errors.js';
import { jobDigest } from '../../../tiling/stitch/partial.js';
import type { RecordLog } from '../../../tiling/stitch/record-log.js';
import { systemWords } from '../../../tiling/system-fault.js';
import { isLastListed, isListed, MAX_PAGE_BYTES } from '../job-filter.js';
import type { JobClaim, JobFilter, JobOutcome, JobPage, JobQueue, JobSubmission, QueuedJob } from '../job-queue.js';
import { PrincipalRoom, type QueueLimits } from '../principal-room.js';
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
import { Entry, specBytes } from './entry.js';
import { openLog, type QueueRecord, replayLog } from './queue-log.js';
import { StateLock } from './state-lock.js';

/** What the embedded queue runs with. */
export interface EmbeddedQueueOptions {
  /** Holds `queue.log`; made where absent. One process at a time. */
  readonly directory: string;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  /** A fresh id each time. */
  readonly newId: () => string;
  /** Tells the operator. */
  readonly log: (line: string) => void;
  /** Finished jobs older than this are forgotten when another one ends, and when the queue is opened. */
  readonly retentionMs: number;
  /** What one principal's jobs may come to, ended ones too; the usual where absent. */
  readonly limits?: QueueLimits;
}

const LOG = 'queue.log';

/** The queue of a single coordinator: in memory, with its state in an append-only log. */
export class EmbeddedQueue implements JobQueue {
  readonly #options: EmbeddedQueueOptions;
  readonly #lock: StateLock;
  readonly #log: RecordLog;
  /** By id, in order of submission. */
  readonly #entries = new Map<string, Entry>();
  /** Those that may still change, in order of submission, and the others in the order in which they ended. */
  readonly #open = new Set<Entry>();
  readonly #ended = new Set<Entry>();
  readonly #byRequest = new Map<string, string>();
  readonly #room: PrincipalRoom;
  readonly #waiters = new Set<() => void>();
  #isWritable = true;
  #sequence = 0;
  #epoch = 0;

  private constructor(options: EmbeddedQueueOptions, lock: StateLock) {
    this.#options = options;
    this.#lock = lock;
    this.#room = new PrincipalRoom(options.limits);
    const path = join(options.directory, LOG);
    const scanned = replayLog(path, (record, text) => this.#replay(record, text));
    for (const entry of [...this.#ended].sort((a, b) => a.endedMs - b.endedMs)) {
      this.#ended.delete(entry);
      this.#ended.add(entry);
    }
    this.#forgetOld();
    this.#log = openLog(path, scanned, this.#entries, options.log);
    this.#takeBackClaims();
  }

  /** @throws partial-conflict where another process, of this machine or another, has this queue open */
  static async open(options: EmbeddedQueueOptions): Promise<EmbeddedQueue> {
    mkdirSync(options.directory, { recursive: true });
    const lock = await StateLock.acquire(options.directory, options.log);
    try {
      return new EmbeddedQueue(options, lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  async submit(submission: JobSubmission): Promise<{ job: QueuedJob; existed: boolean }> {
    const earlier = this.#entries.get(this.#byRequest.get(requestKey(submission)) ?? '');
    if (earlier !== undefined) {
      const { job } = earlier;
      if (jobDigest(job.spec) === jobDigest(submission.spec)) return { job, existed: true };
      throw new HalotileError('already-exists', {
        what: 'this request id was used for another job',
        where: `request ${submission.requestId}`,
        remedy: 'use a new request id',
      });
    }
    this.#makeRoom({ principal: submission.principal, bytes: specBytes(submission.spec) });
    const job = submitted(submission, { id: this.#options.newId(), nowMs: this.#options.nowMs() });
    const entry = Entry.of(++this.#sequence, job);
    entry.isSafe = false;
    const { sequence, bytes } = entry;
    this.#append({ type: 'job', sequence, bytes, job });
    this.#index(entry);
    this.#sort(entry);
    try {
      await this.#synced();
    } catch (error) {
      // Nobody was told of it. If the disk has it all the same, the next start runs what the same request may ask again.
      this.#forget(entry);
      throw error;
    }
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
    let bytes = 0;
    for (const entry of [...this.#entries.values()].reverse()) {
      if (entry.sequence >= before) continue;
      if (isLastListed(entry, filter)) break;
      if (!isListed(entry, filter)) continue;
      bytes += entry.bytes;
      const isFull = jobs.length === pageSize || bytes > MAX_PAGE_BYTES;
      if (isFull && jobs.length > 0) return { jobs, next: String(last) };
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
    await this.#synced();
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
    if (entry !== undefined && !entry.rest.planned) this.#store(entry, { ...entry.job, planned: true });
  }

  async readmit(id: string): Promise<QueuedJob | undefined> {
    const entry = this.#entries.get(id);
    if (entry?.state !== 'quarantined') return entry?.job;
    this.#store(entry, readmitted(entry.job));
    await this.#synced();
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
    await this.#synced();
    this.#wake();
    return entry.job;
  }

  async remove(id: string): Promise<QueuedJob | undefined> {
    const entry = this.#entries.get(id);
    if (entry === undefined || isOpen(entry.state)) return entry?.job;
    this.#append({ type: 'removed', id });
    this.#forget(entry);
    await this.#synced();
    return entry.job;
  }

  async finish({ job: { id }, epoch }: JobClaim, outcome: JobOutcome): Promise<QueuedJob | undefined> {
    const entry = this.#held(id, epoch);
    if (entry === undefined) return undefined;
    entry.stop = undefined;
    const job = ended(entry.job, outcome, this.#options.nowMs());
    this.#store(entry, job);
    await this.#synced();
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
    await this.#synced();
    this.#log.close();
    await this.#lock.release();
  }

  #claimEntry(entry: Entry): JobClaim {
    const epoch = ++this.#epoch;
    this.#store(entry, claimed(entry.job, { epoch, nowMs: this.#options.nowMs() }));
    entry.stop = new AbortController();
    const isHeld = () => this.#lock.isHeld && this.#held(entry.id, epoch) !== undefined;
    return { job: entry.job, epoch, stop: entry.stop.signal, isHeld };
  }

  #next(): Entry | undefined {
    const nowMs = this.#options.nowMs();
    let best: Entry | undefined;
    for (const entry of this.#open) {
      if (entry.state !== 'queued' || !entry.isSafe || entry.notBeforeMs > nowMs) continue;
      if (best === undefined || entry.priority > best.priority) best = entry;
    }
    return best;
  }

  /** Wakes all who wait when the first job comes to its time that is not to be claimed before. */
  #wakeLater(): NodeJS.Timeout | undefined {
    let first = Number.POSITIVE_INFINITY;
    for (const { state, notBeforeMs } of this.#open) {
      if (state === 'queued' && notBeforeMs > 0) first = Math.min(first, notBeforeMs);
    }
    if (first === Number.POSITIVE_INFINITY) return undefined;
    const waitMs = first - this.#options.nowMs();
    return setTimeout(() => this.#wake(), Math.max(1, waitMs));
  }

  #held(id: string, epoch: number): Entry | undefined {
    const entry = this.#entries.get(id);
    return entry?.state === 'claimed' && entry.epoch === epoch ? entry : undefined;
  }

  /** The log first: what is in memory survives the process. What was promised to somebody waits for the disk too. */
  #store(entry: Entry, { spec: _, ...rest }: QueuedJob): void {
    this.#append({ type: 'job', sequence: entry.sequence, job: rest });
    entry.rest = rest;
    this.#sort(entry);
    // The log keeps what is forgotten until it is written anew.
    if (!isOpen(rest.state)) this.#forgetOld();
  }

  /** @throws unreachable where the state cannot be written, or another process has taken it, as this one slept too long */
  #append(record: QueueRecord): void {
    if (!this.#lock.isHeld) {
      throw new HalotileError('unreachable', {
        what: 'another coordinator has taken the state of this one',
        file: this.#options.directory,
        remedy: 'stop this one',
      });
    }
    try {
      this.#log.append(record);
    } catch (cause) {
      throw this.#unwritten(cause);
    }
    this.#setWritable(true);
  }

  /** @throws unreachable */
  async #synced(): Promise<void> {
    try {
      await this.#log.synced();
    } catch (cause) {
      throw this.#unwritten(cause);
    }
  }

  #unwritten(cause: unknown): HalotileError {
    this.#setWritable(false, cause);
    const what = `the state of the coordinator cannot be written: ${systemWords(cause)}`;
    return new HalotileError('unreachable', { what, remedy: 'try again when its operator has mended that' }, { cause });
  }

  /** Tells the operator once. */
  #setWritable(isWritable: boolean, cause?: unknown): void {
    if (isWritable === this.#isWritable) return;
    this.#isWritable = isWritable;
    const { directory, log } = this.#options;
    log(
      isWritable
        ? `the state in ${directory} can be written again`
        : `the state in ${directory} cannot be written (${systemWords(cause)}): no job is taken until it can`,
    );
  }

  #replay(record: QueueRecord, text: string): void {
    if (record.type === 'removed') {
      const entry = this.#entries.get(record.id);
      if (entry !== undefined) this.#forget(entry);
      return;
    }
    const { sequence, bytes, job } = record;
    let entry = this.#entries.get(job.id);
    if (entry !== undefined) entry.reread(job, text);
    else {
      // What it is to do stood in a line that is damaged.
      if (job.spec === undefined) return;
      entry = Entry.read(sequence, job as QueuedJob, { text, bytes });
      this.#index(entry);
    }
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
    this.#entries.set(entry.id, entry);
    this.#byRequest.set(requestKey(entry), entry.id);
    this.#room.add(entry);
  }

  #forget(entry: Entry): void {
    this.#ended.delete(entry);
    this.#open.delete(entry);
    this.#entries.delete(entry.id);
    this.#byRequest.delete(requestKey(entry));
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
  return `${principal.length} ${principal}${requestId}`;
}
