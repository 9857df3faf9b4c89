import { type ErrorRecord, HalotileError } from '../../tiling/errors.js';
import type { LogFields } from '../../tiling/log.js';
import type { LeaseName, WorkerId } from '../scheduler/events.js';
import type { ClusterJob } from './cluster-job.js';
import { Committers } from './committers.js';
import type { PublishTerms } from './output-store.js';
import type { WorkerLink } from './worker-link.js';

/** What a job wants of the cluster beside its tasks. */
export interface JobTerms extends PublishTerms {
  /** The job's id in the queue. */
  readonly id: string;
  /** Larger runs first. */
  readonly priority: number;
  /** One task in so many is computed by two workers; the smaller of this and the cluster's counts. */
  readonly verifyEvery?: number;
  /** The span that its tasks are part of. */
  readonly traceparent?: string;
  /** Called when the job starts or stops to wait for a worker. */
  readonly onWaiting: (waiting: boolean) => void;
}

/** A job of which tasks were asked for. */
export interface OpenedJob extends JobTerms {
  readonly work: ClusterJob;
  readonly committers: Committers;
  /** Links that know the job. */
  readonly openedOn: Set<WorkerId>;
}

/** Jobs whose tasks the cluster runs, by their keys, and the workers that know them. */
export class OpenJobs {
  readonly #links: ReadonlyMap<WorkerId, WorkerLink>;
  readonly #jobs = new Map<string, OpenedJob>();

  constructor(links: ReadonlyMap<WorkerId, WorkerLink>) {
    this.#links = links;
  }

  get(key: string): OpenedJob | undefined {
    return this.#jobs.get(key);
  }

  /** @throws not-found where it is not open (any more) */
  opened(key: string): OpenedJob {
    const opened = this.#jobs.get(key);
    if (opened !== undefined) return opened;
    throw notOpen(key);
  }

  /** The one whose plan's stages run for a job of the queue; with its key. */
  planned(id: string): readonly [key: string, opened: OpenedJob] | undefined {
    for (const entry of this.#jobs) if (entry[1].id === id && entry[1].work.isPlanned) return entry;
    return undefined;
  }

  open(key: string, work: ClusterJob, terms: JobTerms): OpenedJob {
    const opened = { ...terms, work, committers: new Committers(), openedOn: new Set<WorkerId>() };
    this.#jobs.set(key, opened);
    return opened;
  }

  /** Says what a job is to a worker that does not know it yet. */
  tell({ work, openedOn, traceparent = '' }: OpenedJob, link: WorkerLink): void {
    if (openedOn.has(link.id)) return;
    openedOn.add(link.id);
    link.send({ openJob: { ...work.describe(link.roots), traceparent } });
  }

  /** A worker has gone: one with its number is another one. */
  forget(worker: WorkerId): void {
    for (const { openedOn } of this.#jobs.values()) openedOn.delete(worker);
  }

  /** Nobody works for the job any more; what still waits fails with `reason`. Its files are the caller's to close. */
  end(key: string, reason: ErrorRecord): void {
    const opened = this.#jobs.get(key);
    if (opened === undefined) return;
    this.#jobs.delete(key);
    for (const id of opened.openedOn) this.#links.get(id)?.send({ closeJob: { key } });
    opened.work.rejectAll(reason);
  }

  /** What a log line about a tile has for programs: the job by its id in the queue. */
  about({ job, stage, tile }: Pick<LeaseName, 'job' | 'stage' | 'tile'>): LogFields {
    return { job: this.#jobs.get(job)?.id ?? job, stage, tile };
  }
}

/** Of a job that nobody works for any more. */
export function notOpen(key: string): HalotileError {
  return new HalotileError('not-found', { what: 'the job is not open any more', where: key });
}
