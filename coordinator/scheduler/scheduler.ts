import { Blame } from './blame.js';
import {
  DEFAULT_LIMITS,
  type LeaseName,
  type SchedulerCommand,
  type SchedulerEvent,
  type SchedulerLimits,
  type WorkerId,
} from './events.js';
import { Failures } from './failures.js';
import { Leases } from './leases.js';
import { loadOf, type SchedulerLoad } from './load.js';
import { lookAtJob, lookAtWorker, type SeenStage, type SeenWorker } from './look.js';
import type { Opinion } from './opinions.js';
import { Results } from './results.js';
import { canRun, type Lease, type OpenJob, Stage, TILE_COMMITTED, TILE_PENDING, type Worker } from './state.js';
import { Trust } from './trust.js';

type Event<T extends SchedulerEvent['type']> = Extract<SchedulerEvent, { type: T }>;

/**
 * Which worker runs which tile of which job. A state machine: `step` takes an event and the time and returns
 * what to do, in order; it reads no clock and does no I/O, and the same events give the same commands. The
 * state is changed in place. No event costs more than O(jobs + workers) plus the commands it returns, except
 * `tick`, which looks at every lease.
 */
export class Scheduler {
  readonly #limits: SchedulerLimits;
  readonly #jobs = new Map<string, OpenJob>();
  readonly #workers = new Map<WorkerId, Worker>();
  readonly #blame = new Blame();
  readonly #trust: Trust;
  readonly #leases: Leases;
  readonly #failures: Failures;
  readonly #results: Results;
  #commands: SchedulerCommand[] = [];
  #nowMs = 0;

  constructor(limits: SchedulerLimits = DEFAULT_LIMITS) {
    this.#limits = limits;
    this.#trust = new Trust(limits);
    const say = (command: SchedulerCommand) => this.#commands.push(command);
    const books = { jobs: this.#jobs, workers: this.#workers, limits, say };
    const leases = new Leases(books);
    const failures = new Failures({ ...books, leases, closeJob: (key) => this.#closeJob(key) });
    this.#leases = leases;
    this.#failures = failures;
    this.#results = new Results({ ...books, leases, failures });
  }

  /** Leases held by all workers. */
  get leases(): number {
    let count = 0;
    for (const worker of this.#workers.values()) count += worker.leases.size;
    return count;
  }

  /** Connected workers that accept tiles. */
  get workers(): number {
    let count = 0;
    for (const worker of this.#workers.values()) if (!worker.draining) count++;
    return count;
  }

  /** Attempts that connected workers run at once. */
  get slots(): number {
    let count = 0;
    for (const worker of this.#workers.values()) if (!worker.draining) count += worker.slots;
    return count;
  }

  /** What the workers do, and what waits for them. */
  get load(): SchedulerLoad {
    return loadOf(this.#jobs.values(), this.#workers.values());
  }

  /** Leases that one worker holds; 0 where it is not connected. */
  leasesAt(worker: WorkerId): number {
    return this.#workers.get(worker)?.leases.size ?? 0;
  }

  /** Leases of one job; 0 where it is not open. */
  leasesOf(job: string): number {
    return this.#jobs.get(job)?.leases ?? 0;
  }

  /** What the workers do for a job; undefined where it is not open. */
  lookAtJob(key: string): readonly SeenStage[] | undefined {
    const job = this.#jobs.get(key);
    return job && lookAtJob(job);
  }

  /** What a worker does; undefined where it is not connected. */
  lookAtWorker(id: WorkerId): SeenWorker | undefined {
    const worker = this.#workers.get(id);
    return worker && lookAtWorker(worker);
  }

  /** Whether a result for the tile was taken already. */
  isCommitted(job: string, stage: number, tile: number): boolean {
    return this.#jobs.get(job)?.stages[stage]?.tileState[tile] === TILE_COMMITTED;
  }

  /** Whether a worker was ever granted this lease of a tile; the lease may have ended long ago. */
  wasGranted({ job: key, stage, tile, lease }: LeaseName, instance: string): boolean {
    const job = this.#jobs.get(key);
    const holder = job?.holders.get(instance);
    return holder !== undefined && job!.stages[stage]?.granted.holderOf(tile, lease) === holder;
  }

  /** Whether an owner's workers are to stay away. */
  isBanned(owner: string, nowMs: number): boolean {
    return this.#trust.isBanned(owner, nowMs);
  }

  /** Applies one event; `nowMs` in milliseconds. */
  step(event: SchedulerEvent, nowMs: number): readonly SchedulerCommand[] {
    this.#commands = [];
    this.#nowMs = nowMs;
    this.#leases.nowMs = nowMs;
    this.#apply(event);
    return this.#commands;
  }

  #apply(event: SchedulerEvent): void {
    switch (event.type) {
      case 'job-opened':
        this.#openJob(event);
        break;
      case 'tiles-added':
        this.#addTiles(event);
        break;
      case 'job-closed':
        this.#closeJob(event.job);
        break;
      case 'worker-joined':
        this.#join(event);
        break;
      case 'worker-capacity':
        this.#setCapacity(event);
        break;
      case 'worker-heard': {
        const worker = this.#workers.get(event.worker);
        if (worker !== undefined) worker.lastHeardMs = this.#nowMs;
        break;
      }
      case 'worker-draining': {
        const worker = this.#workers.get(event.worker);
        if (worker === undefined) break;
        worker.draining = true;
        this.#leases.unclaim(worker);
        this.#noteWaiting();
        this.#leases.fillAll();
        break;
      }
      case 'worker-left':
        this.#lose(event.worker);
        break;
      case 'task-started': {
        const worker = this.#workers.get(event.worker);
        const lease = worker?.leases.get(event.lease);
        if (worker === undefined || lease === undefined || lease.startedAtMs !== undefined) break;
        lease.startedAtMs = this.#nowMs;
        worker.lastProgressMs = this.#nowMs;
        if (!worker.idles) break;
        worker.idles = false;
        this.#leases.fill(worker);
        break;
      }
      case 'task-failed':
        this.#failures.fail(event);
        break;
      case 'task-returned': {
        const lease = this.#workers.get(event.worker)?.leases.get(event.lease);
        if (lease === undefined) break;
        this.#leases.end(lease);
        this.#leases.requeue(lease);
        this.#leases.fillAll();
        break;
      }
      case 'result':
        this.#distrust(this.#results.judge(event));
        break;
      case 'result-refused':
        this.#refuse(event);
        break;
      case 'tick':
        this.#tick();
        break;
      case 'drain':
        this.#leases.draining = true;
        break;
    }
  }

  #openJob({ job: key, priority, needs, taskBytes, stageTiles, failsAlone = false }: Event<'job-opened'>): void {
    const stages = stageTiles.map((tiles) => new Stage(tiles));
    const job: OpenJob = {
      key,
      priority,
      needs,
      taskBytes,
      stages,
      failsAlone,
      holders: new Map(),
      leases: 0,
      waiting: false,
    };
    this.#jobs.set(key, job);
    this.#noteWaiting();
  }

  #addTiles({ job: key, stage: index, tiles, divisible = false }: Event<'tiles-added'>): void {
    const stage = this.#jobs.get(key)?.stages[index];
    if (stage === undefined) return;
    for (let i = 0; i < tiles.length; i++) {
      const tile = tiles[i]!;
      stage.reserve(tile);
      stage.tileState[tile] = TILE_PENDING;
      if (divisible) stage.divisible.add(tile);
    }
    stage.pool.add(tiles);
    stage.remaining += tiles.length;
    this.#leases.fillAll();
  }

  #closeJob(key: string): void {
    const job = this.#jobs.get(key);
    if (job === undefined) return;
    for (const stage of job.stages) for (const leases of [...stage.running.values()]) this.#leases.cancelAll(leases);
    this.#jobs.delete(key);
    this.#leases.fillAll();
  }

  #join({ worker: id, instance, owner, slots, memoryBytes, labels }: Event<'worker-joined'>): void {
    this.#workers.set(id, {
      ...{ id, instance, owner, slots, memoryBytes, labels: new Set(labels), leases: new Map() },
      ...{ capacity: 0, usedBytes: 0, suspects: 0, draining: false },
      ...{ lastHeardMs: this.#nowMs, lastProgressMs: this.#nowMs, idles: false },
    });
    this.#blame.forgive(instance, this.#jobs);
    this.#noteWaiting();
  }

  #setCapacity({ worker: id, leases }: Event<'worker-capacity'>): void {
    const worker = this.#workers.get(id);
    if (worker === undefined) return;
    worker.capacity = leases;
    this.#leases.fill(worker);
  }

  /** A worker's stream ended or it was silent for too long. */
  #lose(id: WorkerId): void {
    const worker = this.#workers.get(id);
    if (worker === undefined) return;
    const started = [...worker.leases.values()].filter((lease) => lease.startedAtMs !== undefined);
    const suspects = started.filter((lease) => lease.suspect);
    // Where a tile that killed a worker before ran here, its neighbours are innocent.
    this.#forget(worker, suspects.length > 0 ? suspects : started);
  }

  /** A worker is gone; the tiles of some of its leases are held to have killed it. */
  #forget(worker: Worker, blamed: readonly Lease[]): void {
    const { id } = worker;
    const leases = [...worker.leases.values()];
    for (const lease of leases) this.#leases.end(lease);
    this.#leases.unclaim(worker);
    this.#workers.delete(id);
    this.#blame.remember(worker.instance, blamed);
    for (const lease of leases) {
      if (blamed.includes(lease)) this.#failures.kill(lease);
      this.#leases.requeue(lease);
    }
    this.#noteWaiting();
    this.#leases.fillAll();
  }

  /** The tile of an attempt that gave no result is tried elsewhere, which is not the tile's failure. */
  #refuse({ owner, of }: Event<'result-refused'>): void {
    const stage = of && this.#jobs.get(of.job)?.stages[of.stage];
    const lease = stage?.running.get(of!.tile)?.find(({ id }) => id === of!.lease);
    if (lease !== undefined) this.#failures.takeBack(lease);
    if (this.#trust.fault(owner, this.#nowMs)) this.#banish(owner);
    this.#leases.fillAll();
  }

  /** Workers that said something else than two others. */
  #distrust(wrong: readonly Opinion[]): void {
    if (wrong.length === 0) return;
    for (const { owner } of wrong) {
      this.#trust.ban(owner, this.#nowMs);
      this.#banish(owner);
    }
    this.#leases.fillAll();
  }

  #banish(owner: string): void {
    for (const worker of [...this.#workers.values()]) {
      if (worker.owner !== owner) continue;
      this.#commands.push({ type: 'worker-banned', worker: worker.id });
      this.#forget(worker, []);
    }
  }

  #tick(): void {
    const { leaseMs, attemptLimitMs } = this.#limits;
    for (const worker of [...this.#workers.values()]) {
      if (this.#nowMs - worker.lastHeardMs >= leaseMs) {
        this.#commands.push({ type: 'worker-expired', worker: worker.id });
        this.#lose(worker.id);
        continue;
      }
      this.#takeBackUnbegun(worker);
      for (const lease of [...worker.leases.values()]) {
        // An earlier lease of this round may have closed the job.
        if (!worker.leases.has(lease.id)) continue;
        if (lease.startedAtMs === undefined || this.#nowMs - lease.startedAtMs < attemptLimitMs) continue;
        this.#commands.push({ type: 'cancel', worker: worker.id, lease: lease.id, overdue: true });
        this.#leases.end(lease);
        this.#failures.kill(lease);
        this.#leases.requeue(lease);
      }
    }
    this.#leases.fillAll();
  }

  /** Leases that were not begun by their deadline: the worker is busy elsewhere, or means not to begin them. */
  #takeBackUnbegun(worker: Worker): void {
    const { startLimitMs, attemptLimitMs } = this.#limits;
    const unbegun = [...worker.leases.values()].filter(({ startedAtMs }) => startedAtMs === undefined);
    // One that waits for a slot behind others may wait as long as they may run.
    const hasSlot = worker.leases.size - unbegun.length < worker.slots;
    const isStuck = hasSlot && this.#nowMs - worker.lastProgressMs >= startLimitMs;
    const limitMs = isStuck ? startLimitMs : attemptLimitMs;
    for (const lease of unbegun) {
      // An earlier lease of this round may have closed the job.
      if (this.#nowMs - lease.grantedAtMs < limitMs || !worker.leases.has(lease.id)) continue;
      worker.idles = true;
      this.#commands.push({ type: 'cancel', worker: worker.id, lease: lease.id, overdue: false });
      this.#failures.takeBack(lease);
    }
    if (worker.idles) this.#leases.unclaim(worker);
  }

  #noteWaiting(): void {
    const workers = [...this.#workers.values()].filter((worker) => !worker.draining);
    for (const job of this.#jobs.values()) {
      const waiting = !workers.some((worker) => canRun(worker, job));
      if (waiting === job.waiting) continue;
      job.waiting = waiting;
      this.#commands.push({ type: waiting ? 'job-waiting' : 'job-running', job: job.key });
    }
  }
}
