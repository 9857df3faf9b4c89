import type { halotile } from '../../proto/gen/messages.js';
import { type ErrorRecord, HalotileError } from '../../tiling/errors.js';
import type { Log } from '../../tiling/log.js';
import type { StorageRoots } from '../../tiling/sources/storage-roots.js';
import { kindOf } from '../../tiling/work/index.js';
import type { Task, TaskResult } from '../../tiling/work/task.js';
import type { WorkJob } from '../../tiling/work/work-job.js';
import type { CoordinatorObserver } from '../observe/observer.js';
import type {
  LeaseName,
  SchedulerCommand,
  SchedulerEvent,
  SchedulerLimits,
  Verdict,
  WorkerId,
} from '../scheduler/events.js';
import type { SchedulerLoad } from '../scheduler/load.js';
import type { SeenStage } from '../scheduler/look.js';
import { Scheduler } from '../scheduler/scheduler.js';
import { AttemptEnds } from './attempt-ends.js';
import { BoundedOffers, boundedLabel } from './bounded-offers.js';
import { ClusterJob } from './cluster-job.js';
import type { Committers } from './committers.js';
import type { FileThreads } from './file-threads.js';
import type { NoResult } from './no-result.js';
import { type JobTerms, notOpen, type OpenedJob, OpenJobs } from './open-jobs.js';
import { type ConnectedWorker, WorkerFigures } from './worker-figures.js';
import type { Sender, WorkerLink } from './worker-link.js';

/** What a cluster's coordinator works with. */
export interface ClusterOptions {
  readonly limits: SchedulerLimits;
  readonly roots: StorageRoots;
  /** Read and write what travels inline. */
  readonly threads: FileThreads;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** One task in so many, drawn, counts only when another worker has computed the same; none where absent. */
  readonly verifyEvery?: number;
  /** Milliseconds on a clock that never goes back. */
  readonly nowMs: () => number;
  /** One line for the operator. */
  readonly log: Log;
  /** Counts what happens. */
  readonly observer?: CoordinatorObserver;
}

/** A job as somebody who looks on sees it. */
export interface SeenJob {
  readonly stages: readonly SeenStage[];
  readonly committers: Committers;
  /** What a worker is called, by the instance that leases name. */
  readonly nameOf: (instance: string) => string;
}

/** How often the scheduler looks for silence and late tiles. */
const TICK_MS = 500;

/** Carries out what the scheduler decides: the link between jobs that want tiles and workers that run them. */
export class Cluster {
  readonly #options: ClusterOptions;
  readonly #scheduler: Scheduler;
  readonly #links = new Map<WorkerId, WorkerLink>();
  readonly #figures = new WorkerFigures();
  readonly #bounded = new BoundedOffers();
  readonly #jobs = new OpenJobs(this.#links);
  readonly #ends: AttemptEnds;
  readonly #timer: NodeJS.Timeout;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#scheduler = new Scheduler(options.limits);
    const { log, observer } = options;
    this.#ends = new AttemptEnds({ log, observer, about: (tile) => this.#jobs.about(tile) });
    this.#timer = setInterval(() => this.#step({ type: 'tick' }), TICK_MS);
    this.#timer.unref();
  }

  /** Attempts that ended without a commit, since the start. */
  get wasted(): number {
    return this.#ends.wasted;
  }

  /** Tasks that two workers computed alike, since the start. */
  get verified(): number {
    return this.#ends.verified;
  }

  get limits(): SchedulerLimits {
    return this.#options.limits;
  }

  get workers(): number {
    return this.#scheduler.workers;
  }

  /** Leases held by all workers. */
  get leases(): number {
    return this.#scheduler.leases;
  }

  /** See {@link BoundedOffers.common}. */
  get boundedBackends(): readonly string[] {
    return this.#bounded.common;
  }

  /** What the workers do, and what waits for them. */
  get load(): SchedulerLoad {
    return this.#scheduler.load;
  }

  /** Is told what happens. */
  get observer(): CoordinatorObserver | undefined {
    return this.#options.observer;
  }

  leasesOf(key: string): number {
    return this.#scheduler.leasesOf(key);
  }

  join(link: WorkerLink, hello: halotile.v1.IHello): void {
    const about = Object.entries(hello.labels ?? {})
      .map(([label, value]) => `, ${label}: ${value}`)
      .join('');
    this.#links.set(link.id, link);
    this.#figures.join(link, hello, this.#options.nowMs());
    const bounded = this.#bounded.join(link.id, hello.boundedBackends ?? []);
    this.#options.log(
      `worker ${link.name} joined (${hello.slots} slots, roots: ${[...link.roots].join(', ') || 'none'}${about})`,
      { worker: link.name },
    );
    this.#step({
      type: 'worker-joined',
      worker: link.id,
      instance: link.sender.instance,
      owner: link.sender.owner,
      slots: hello.slots ?? 1,
      memoryBytes: hello.memoryBytes ? hello.memoryBytes : Number.POSITIVE_INFINITY,
      labels: [...(hello.backends ?? []), ...bounded],
    });
  }

  leave(id: WorkerId): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    this.#links.delete(id);
    this.#bounded.leave(id);
    this.#figures.leave(id);
    this.#jobs.forget(id);
    this.#options.log(`worker ${link.name} left`, { worker: link.name });
    this.#ends.lost(this.#scheduler.leasesAt(id));
    this.#step({ type: 'worker-left', worker: id });
  }

  /** What a worker says of the memory that its process takes. */
  noteMemory(id: WorkerId, residentBytes: number): void {
    this.#figures.noteMemory(id, residentBytes);
  }

  /** Connected workers, in the order in which they joined, for somebody who looks on. */
  lookAtWorkers(): readonly ConnectedWorker[] {
    const seen = this.#figures.all(this.#options.nowMs());
    return seen.map((worker) => ({ ...worker, ...this.#scheduler.lookAtWorker(worker.id)! }));
  }

  /** What the workers do for the stages of a queued job's plan; undefined where none of it is open. */
  lookAtJob(id: string): SeenJob | undefined {
    const found = this.#jobs.planned(id);
    if (found === undefined) return undefined;
    const [key, { committers }] = found;
    const nameOf = (instance: string) => this.#figures.nameOf(instance);
    return { stages: this.#scheduler.lookAtJob(key) ?? [], committers, nameOf };
  }

  /** The queued job that a key stands for; empty where it is none's. */
  queuedJobOf(key: string): string {
    return this.#jobs.get(key)?.id ?? '';
  }

  /** The kind of a task that somebody waits for; empty where nobody does. */
  kindOf(key: string, task: { readonly stage: number; readonly index: number }): string {
    return this.#jobs.get(key)?.work.kindOf(task) ?? '';
  }

  /** What times of leases are held against. */
  get nowMs(): number {
    return this.#options.nowMs();
  }

  /** Anything that a worker says of itself or its leases. */
  hear(event: Extract<SchedulerEvent, { worker: WorkerId }>): void {
    if (event.type === 'task-failed') this.#ends.failed(event, this.#links.get(event.worker)?.name);
    if (event.type === 'task-returned') this.#ends.returned();
    this.#step(event);
  }

  /** Runs one task of a job, which is opened with its first one. */
  async run(job: WorkJob, task: Task, terms: JobTerms): Promise<TaskResult> {
    const { key } = job;
    const opened = this.#jobs.get(key) ?? this.#open(job, task, terms);
    const { work, openedOn } = opened;
    await work.open();
    if (this.#jobs.get(key) !== opened) throw notOpen(key);
    if (work.update(job)) openedOn.clear();
    return work.run(task, () => this.#announce(key, work));
  }

  /** Storage that workers may share. */
  get roots(): StorageRoots {
    return this.#options.roots;
  }

  /** Tasks that all connected workers run at once. */
  get slots(): number {
    return this.#scheduler.slots;
  }

  /** @throws not-found where the job is not open (any more) */
  openJob(key: string): ClusterJob {
    return this.#jobs.opened(key).work;
  }

  /** Whether the tile came before: its blocks need not be stored, and must not take the place of those there. */
  isCommitted(key: string, { stage, tile }: { readonly stage: number; readonly tile: number }): boolean {
    return this.#scheduler.isCommitted(key, stage, tile);
  }

  /**
   * Nothing is taken from a worker that was sent away.
   * @throws not-allowed
   */
  assertWelcome({ owner }: Sender): void {
    if (!this.#scheduler.isBanned(owner, this.#options.nowMs())) return;
    throw new HalotileError('not-allowed', {
      what: 'its workers handed over too much that was no result, and are sent away for a while',
      where: owner,
      remedy: "look at the coordinator's log",
    });
  }

  /** Whether a worker was ever granted a lease. */
  wasGranted(lease: LeaseName, { instance }: Sender): boolean {
    return this.#scheduler.wasGranted(lease, instance);
  }

  /** What a worker handed over is no result. */
  refuse(sender: Sender, lease: LeaseName, error: NoResult): void {
    this.#ends.refused(sender, lease, error);
    const of = this.wasGranted(lease, sender) ? lease : undefined;
    this.#step({ type: 'result-refused', owner: sender.owner, of });
  }

  /** What a result is worth; one that counts is to be given to its job at once. */
  judge(key: string, result: Omit<Extract<SchedulerEvent, { type: 'result' }>, 'type' | 'job'>): Verdict {
    const { stage, tile } = result;
    const { verifyEvery = Number.POSITIVE_INFINITY, random } = this.#options;
    const every = Math.min(verifyEvery, this.#jobs.get(key)?.verifyEvery ?? Number.POSITIVE_INFINITY);
    // Drawn when the result is there: nobody knows before whether it will be looked at.
    const doubted = every < Number.POSITIVE_INFINITY && random() * every < 1;
    const commands = this.#step({ type: 'result', job: key, ...result, doubted });
    const verdict = commands.find((command) => command.type === 'verdict')?.verdict ?? 'unwanted';
    if (verdict === 'commit' || verdict === 'held') {
      this.#figures.noteResult(result.instance, this.#options.nowMs());
      this.#jobs.get(key)?.committers.note(this.#figures.nameOf(result.instance), result);
    }
    this.#ends.judged(verdict, { job: key, stage, tile });
    return verdict;
  }

  /** The job needs nothing more; what still waits fails with `reason`. */
  async closeJob(key: string, reason: ErrorRecord): Promise<void> {
    const opened = this.#jobs.get(key);
    if (opened === undefined) return;
    this.#step({ type: 'job-closed', job: key });
    this.#jobs.end(key, reason);
    await opened.work.close();
  }

  /** No further grants; workers are told to finish and go. */
  drain(): void {
    this.#step({ type: 'drain' });
    for (const link of this.#links.values()) link.send({ drain: {} });
  }

  close(): void {
    clearInterval(this.#timer);
    for (const link of this.#links.values()) link.close('the coordinator ends');
  }

  #open(job: WorkJob, task: Task, terms: JobTerms): OpenedJob {
    const { key, plan, boundedBackend, failsAlone } = job;
    const { roots, threads, random } = this.#options;
    const opened = this.#jobs.open(key, new ClusterJob(job, roots, { threads, random, terms }), terms);
    this.#step({
      ...{ type: 'job-opened', job: key, priority: terms.priority, failsAlone },
      needs: boundedBackend === undefined ? [] : [boundedLabel(boundedBackend)],
      taskBytes: kindOf(task.kind).memoryBytes(task.data, job),
      stageTiles: plan?.stages.map(({ across, down }) => across * down) ?? [0],
    });
    return opened;
  }

  #announce(key: string, work: ClusterJob): void {
    for (const tiles of work.takeFresh()) this.#step({ type: 'tiles-added', job: key, ...tiles });
  }

  #step(event: SchedulerEvent) {
    const commands = this.#scheduler.step(event, this.#options.nowMs());
    for (const command of commands) {
      switch (command.type) {
        case 'grant':
          this.#grant(command);
          break;
        case 'cancel': {
          const { lease, overdue } = command;
          this.#links.get(command.worker)?.send({ cancelTask: { lease, overdue } });
          break;
        }
        case 'job-failed': {
          const opened = this.#jobs.get(command.job);
          this.#jobs.end(command.job, command.failure);
          opened?.work.close().catch((error: Error) => {
            // The job has failed already, and what it leaves open is lost with it.
            this.#options.log(`job ${command.job}: ${error.message}`, { job: command.job, level: 'warn' });
          });
          break;
        }
        case 'tile-failed': {
          const { job, stage, tile, failure } = command;
          this.#jobs.get(job)?.work.reject(stage, tile, failure);
          break;
        }
        case 'job-waiting':
        case 'job-running':
          this.#jobs.get(command.job)?.onWaiting(command.type === 'job-waiting');
          break;
        case 'worker-expired':
          this.#links.get(command.worker)?.close('silent for longer than a lease');
          break;
        case 'worker-banned': {
          const link = this.#links.get(command.worker);
          this.#ends.banned(link);
          link?.close('too much of what this worker or others of its principal handed over was no result');
          break;
        }
        case 'compared':
          this.#ends.compared(command);
          break;
        case 'verdict':
          break;
      }
    }
    return commands;
  }

  #grant({ worker, lease, job, stage, tile, attempt }: Extract<SchedulerCommand, { type: 'grant' }>): void {
    const link = this.#links.get(worker);
    const opened = this.#jobs.get(job);
    if (link === undefined || opened === undefined) return;
    this.#jobs.tell(opened, link);
    const about = { ...this.#jobs.about({ job, stage, tile }), attempt, worker: link.name };
    const line = `tile ${tile} of stage ${stage} of ${job}: attempt ${attempt} on ${link.name}`;
    this.#options.log(line, { ...about, level: attempt > 1 ? 'info' : 'debug' });
    const granted = opened.work.grant({ stage, index: tile }, link.roots);
    this.observer?.attemptBegun();
    link.send({ grant: { lease, key: job, stage, task: tile, attempt, ...granted } });
  }
}
