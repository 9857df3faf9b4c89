import type { halotile } from '../../proto/gen/messages.js';
import { type ErrorRecord, HalotileError } from '../../tiling/errors.js';
import type { Log, LogFields } from '../../tiling/log.js';
import type { StorageRoots } from '../../tiling/sources/storage-roots.js';
import { textOf } from '../../tiling/words.js';
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
import { BoundedOffers, boundedLabel } from './bounded-offers.js';
import { ClusterJob } from './cluster-job.js';
import { Committers } from './committers.js';
import type { FileThreads } from './file-threads.js';
import type { NoResult } from './no-result.js';
import { type ConnectedWorker, WorkerFigures } from './worker-figures.js';

/** Who hands over results. */
export interface Sender {
  /** What the worker calls itself, in the names of its part files too. */
  readonly name: string;
  /** That and its principal: no principal's worker is taken for another's. */
  readonly instance: string;
  /** Who answers for it: the principal; the worker itself where there are no principals. */
  readonly owner: string;
}

/** A connected worker, as far as the cluster talks to it. */
export interface WorkerLink {
  readonly id: WorkerId;
  /** For people. */
  readonly name: string;
  readonly sender: Sender;
  /** Storage roots that were proved visible and writable. */
  readonly roots: ReadonlySet<string>;
  send(message: halotile.v1.IAttachResponse): void;
  /** Ends the stream. */
  close(reason: string): void;
}

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

/** What a job wants of the cluster beside its tasks. */
export interface JobTerms {
  /** The job's id in the queue. */
  readonly id: string;
  /** Larger runs first. */
  readonly priority: number;
  /** As {@link ClusterOptions.verifyEvery}, for this job; the smaller of both counts. */
  readonly verifyEvery?: number;
  /** The span that its tasks are part of. */
  readonly traceparent?: string;
  /** Called when the job starts or stops to wait for a worker. */
  readonly onWaiting: (waiting: boolean) => void;
}

/** A job as somebody who looks on sees it. */
export interface SeenJob {
  readonly stages: readonly SeenStage[];
  readonly committers: Committers;
  /** What a worker is called, by the instance that leases name. */
  readonly nameOf: (instance: string) => string;
}

interface OpenedJob extends JobTerms {
  readonly work: ClusterJob;
  readonly committers: Committers;
  /** Links that know the job. */
  readonly openedOn: Set<WorkerId>;
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
  readonly #jobs = new Map<string, OpenedJob>();
  readonly #timer: NodeJS.Timeout;
  #wasted = 0;
  #verified = 0;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#scheduler = new Scheduler(options.limits);
    this.#timer = setInterval(() => this.#step({ type: 'tick' }), TICK_MS);
    this.#timer.unref();
  }

  /** Attempts that ended without a commit, since the start. */
  get wasted(): number {
    return this.#wasted;
  }

  /** Tasks that two workers computed alike, since the start. */
  get verified(): number {
    return this.#verified;
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
    for (const { openedOn } of this.#jobs.values()) openedOn.delete(id);
    this.#options.log(`worker ${link.name} left`, { worker: link.name });
    for (let lost = this.#scheduler.leasesAt(id); lost > 0; lost--) this.observer?.attemptEnded('lost');
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
    for (const [key, { id: of, work, committers }] of this.#jobs) {
      if (of !== id || !work.isPlanned) continue;
      return {
        stages: this.#scheduler.lookAtJob(key) ?? [],
        committers,
        nameOf: (instance) => this.#figures.nameOf(instance),
      };
    }
    return undefined;
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
    if (event.type === 'task-failed') {
      this.#wasted++;
      this.observer?.attemptEnded(event.crashed ? 'crashed' : 'failed');
      const worker = this.#links.get(event.worker)?.name;
      this.#options.log(`worker ${worker}: ${textOf(event.failure.detail.what)}`, { worker, level: 'warn' });
    }
    if (event.type === 'task-returned') this.observer?.attemptEnded('returned');
    this.#step(event);
  }

  /** Runs one task of a job, which is opened with its first one. */
  async run(job: WorkJob, task: Task, terms: JobTerms): Promise<TaskResult> {
    const { key, plan, boundedBackend, failsAlone } = job;
    let opened = this.#jobs.get(key);
    if (opened === undefined) {
      opened = this.#open(key, new ClusterJob(job, this.#options.roots, this.#options), terms, {
        needs: boundedBackend === undefined ? [] : [boundedLabel(boundedBackend)],
        taskBytes: kindOf(task.kind).memoryBytes(task.data, job),
        stageTiles: plan?.stages.map(({ across, down }) => across * down) ?? [0],
        failsAlone,
      });
    }
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
    const opened = this.#jobs.get(key);
    if (opened !== undefined) return opened.work;
    throw notOpen(key);
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
    this.#wasted++;
    this.observer?.attemptEnded('refused');
    this.observer?.alarm('result-refused');
    this.#options.log(`REFUSED a result of worker ${sender.name} (${sender.owner}): ${error.message}`, {
      ...{ ...this.#about(lease), worker: sender.name, level: 'error' },
    });
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
    if (verdict !== 'commit' && verdict !== 'held') this.#wasted++;
    else {
      this.#figures.noteResult(result.instance, this.#options.nowMs());
      this.#jobs.get(key)?.committers.note(this.#figures.nameOf(result.instance), result);
    }
    this.observer?.attemptEnded(verdict);
    if (verdict === 'unequal') {
      this.observer?.alarm('repeated-unequal');
      this.#options.log(`ALARM: tile ${tile} of stage ${stage} of ${key} came twice with different pixels`, {
        ...this.#about({ job: key, stage, tile }),
        level: 'error',
      });
    }
    return verdict;
  }

  /** The job needs nothing more; what still waits fails with `reason`. */
  async closeJob(key: string, reason: ErrorRecord): Promise<void> {
    const opened = this.#jobs.get(key);
    if (opened === undefined) return;
    this.#step({ type: 'job-closed', job: key });
    this.#forget(key, opened, reason);
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

  #open(
    key: string,
    work: ClusterJob,
    terms: JobTerms,
    shape: {
      readonly needs?: readonly string[];
      readonly taskBytes: number;
      readonly stageTiles: readonly number[];
      readonly failsAlone?: boolean;
    },
  ): OpenedJob {
    const { priority } = terms;
    const opened = { ...terms, work, committers: new Committers(), openedOn: new Set<WorkerId>() };
    this.#jobs.set(key, opened);
    this.#step({ type: 'job-opened', job: key, priority, needs: [], ...shape });
    return opened;
  }

  #announce(key: string, work: ClusterJob): void {
    for (const tiles of work.takeFresh()) this.#step({ type: 'tiles-added', job: key, ...tiles });
  }

  #forget(key: string, { work, openedOn }: OpenedJob, reason: ErrorRecord): void {
    this.#jobs.delete(key);
    for (const id of openedOn) this.#links.get(id)?.send({ closeJob: { key } });
    work.rejectAll(reason);
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
          if (opened !== undefined) this.#forget(command.job, opened, command.failure);
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
          this.observer?.alarm('worker-banned');
          this.#options.log(`worker ${link?.name} is sent away, as are all of ${link?.sender.owner}`, {
            worker: link?.name,
            level: 'error',
          });
          link?.close('too much of what this worker or others of its principal handed over was no result');
          break;
        }
        case 'compared':
          this.#noteCompared(command);
          break;
        case 'verdict':
          break;
      }
    }
    return commands;
  }

  /** What a log line about a tile has for programs: the job by its id in the queue. */
  #about({ job, stage, tile }: Pick<LeaseName, 'job' | 'stage' | 'tile'>): LogFields {
    return { job: this.#jobs.get(job)?.id ?? job, stage, tile };
  }

  #noteCompared({
    job,
    stage,
    tile,
    outcome,
    instances,
    wrong,
  }: Extract<SchedulerCommand, { type: 'compared' }>): void {
    const where = `tile ${tile} of stage ${stage} of ${job}`;
    const who = instances.join(' and ');
    const about = this.#about({ job, stage, tile });
    if (outcome === 'different') this.observer?.alarm('workers-disagree');
    if (outcome === 'different')
      this.#options.log(`ALARM: ${where}: workers ${who} computed different pixels`, { ...about, level: 'error' });
    if (outcome === 'nobody-else')
      this.#options.log(`${where} is not verified: no other worker than ${who} is there`, { ...about, level: 'warn' });
    for (const instance of wrong)
      this.#options.log(`ALARM: ${where}: two workers agree against ${instance}, which is sent away`, {
        ...about,
        level: 'error',
      });
    if (outcome === 'equal') this.#verified++;
  }

  #grant({
    worker,
    lease,
    job,
    stage,
    tile,
    attempt,
  }: {
    worker: WorkerId;
    lease: number;
    job: string;
    stage: number;
    tile: number;
    attempt: number;
  }): void {
    const link = this.#links.get(worker);
    const opened = this.#jobs.get(job);
    if (link === undefined || opened === undefined) return;
    if (!opened.openedOn.has(worker)) {
      opened.openedOn.add(worker);
      link.send({ openJob: { ...opened.work.describe(link.roots), traceparent: opened.traceparent ?? '' } });
    }
    const about = { ...this.#about({ job, stage, tile }), attempt, worker: link.name };
    const line = `tile ${tile} of stage ${stage} of ${job}: attempt ${attempt} on ${link.name}`;
    this.#options.log(line, { ...about, level: attempt > 1 ? 'info' : 'debug' });
    const granted = opened.work.grant({ stage, index: tile }, link.roots);
    this.observer?.attemptBegun();
    link.send({ grant: { lease, key: job, stage, task: tile, attempt, ...granted } });
  }
}

function notOpen(key: string): HalotileError {
  return new HalotileError('not-found', { what: 'the job is not open any more', where: key });
}
