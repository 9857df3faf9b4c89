import type { QueuedJob } from '../job-queue.js';
import { hasRoom, QUEUE_LIMITS, type QueueLimits, roomRefusal, type TakenRoom } from '../principal-room.js';
import { isOpen } from '../transitions.js';
import type { JobStore } from './job-store.js';
import type { LostJobs } from './lost-jobs.js';
import { type JobRecord, type Records, recordOf, type VersionedRecord } from './records.js';

/** Where jobs are known, and for how long. */
export interface KnownJobsOptions {
  readonly records: Records;
  readonly store: JobStore;
  readonly lost: LostJobs;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  /** Ended jobs are forgotten after so long. */
  readonly retentionMs: number;
  /** And the oldest of them where there are more; 100,000 where absent. */
  readonly maxEnded?: number | undefined;
  readonly limits?: QueueLimits | undefined;
}

const MAX_ENDED = 100_000;
/** How often it is looked for jobs that are to be forgotten, while jobs end. */
const FORGET_MS = 1_000;

/** Jobs as their records in Redis and their folders in shared storage say together: found, changed, and forgotten in both. */
export class KnownJobs {
  readonly #options: KnownJobsOptions;
  #forgotMs = Number.NEGATIVE_INFINITY;

  constructor(options: KnownJobsOptions) {
    this.#options = options;
  }

  /** The record of a job, put back first where Redis has forgotten it. */
  async find(id: string): Promise<VersionedRecord | undefined> {
    const { records, lost } = this.#options;
    const found = await records.get(id);
    if (found !== undefined || (await lost.putBackJobs([id])) === 0) return found;
    return records.get(id);
  }

  /** A record with what of it lies in shared storage; undefined where that is gone. */
  async whole(record: JobRecord): Promise<QueuedJob | undefined> {
    if (record.leaving) return undefined;
    const needsResult = record.state === 'succeeded' && record.result === undefined;
    if (record.spec !== undefined && !needsResult) return record as QueuedJob;
    const stored = await this.#options.store.read(record.id);
    if (stored === undefined) return undefined;
    return { ...record, spec: record.spec ?? stored.job.spec, ...(needsResult && { result: stored.job.result }) };
  }

  /** Changes a record as long as nobody else does so at the same time; undefined where there is none. */
  async change(id: string, change: (job: QueuedJob) => QueuedJob): Promise<QueuedJob | undefined> {
    return (await this.changeFrom(id, change))?.job;
  }

  /**
   * {@link change} with the record as it is stored then.
   * @param known as it was when this process stored it last: it is read where the job ends, or somebody has changed it since
   */
  async changeFrom(
    id: string,
    change: (job: QueuedJob) => QueuedJob,
    known?: VersionedRecord,
  ): Promise<{ readonly job: QueuedJob; readonly stored: VersionedRecord } | undefined> {
    const { records, store } = this.#options;
    for (let found = known ?? (await this.find(id)); ; found = await this.find(id)) {
      const job = found && (await this.whole(found.record));
      if (found === undefined || job === undefined) return undefined;
      let changed = change(job);
      if (changed === job) return { job, stored: found };
      const isOver = !isOpen(changed.state) && isOpen(job.state);
      // The first end that storage has stays: it is made from what is true now.
      if (isOver && found === known) continue;
      if (isOver) changed = await store.end(changed);
      if (isOpen(changed.state) && !isOpen(job.state)) await store.reopen(id);
      const version = await records.put({ ...found, record: recordOf(changed), from: found.version });
      if (version !== undefined) return { job: changed, stored: { ...found, record: changed, version } };
    }
  }

  /** Removes a job that has ended; false where somebody has changed it meanwhile. */
  async forget({ version, ...found }: VersionedRecord): Promise<boolean> {
    const { records, store } = this.#options;
    const { record } = found;
    // From here on nobody tries it again, whose folder would be gone then.
    if (!record.leaving && !(await records.put({ ...found, record: { ...record, leaving: true }, from: version })))
      return false;
    await store.remove(record.id);
    await records.forget(record);
    return true;
  }

  /** Removes jobs that ended long ago, and the oldest where too many have ended; not again within a second. */
  async forgetOld(): Promise<void> {
    const { records, retentionMs, maxEnded = MAX_ENDED } = this.#options;
    const nowMs = this.#options.nowMs();
    if (Math.abs(nowMs - this.#forgotMs) < FORGET_MS) return;
    this.#forgotMs = nowMs;
    for (const record of await records.expired(nowMs - retentionMs, maxEnded)) await this.forget(record);
  }

  /** Forgets a principal's jobs that were submitted first and have ended, as far as a new one needs. @throws over-limit */
  async makeRoom(principal: string, bytes: number): Promise<void> {
    const { records, limits = QUEUE_LIMITS } = this.#options;
    let taken: TakenRoom = await records.taken(principal);
    if (hasRoom(taken, bytes, limits)) return;
    const leaving: VersionedRecord[] = [];
    for await (const ended of records.oldest({ principal, openOnly: false })) {
      if (hasRoom(taken, bytes, limits)) break;
      if (isOpen(ended.record.state)) continue;
      leaving.push(ended);
      taken = { jobs: taken.jobs - 1, bytes: taken.bytes - ended.bytes };
    }
    if (!hasRoom(taken, bytes, limits)) throw roomRefusal({ principal, bytes }, taken, limits);
    for (const record of leaving) await this.forget(record);
  }
}
