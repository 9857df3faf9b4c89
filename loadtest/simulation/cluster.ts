import { DEFAULT_LIMITS, type SchedulerCommand, type SchedulerEvent } from '../../coordinator/scheduler/events.js';
import { Scheduler } from '../../coordinator/scheduler/scheduler.js';
import type { Costs } from './costs.js';
import { EventQueue, Server } from './event-queue.js';

/** A cluster to be simulated. */
export interface Cluster {
  readonly coordinators: number;
  readonly workers: number;
  /** Threads of each worker. */
  readonly slots: number;
  /** Pixels a side. */
  readonly tileSide: number;
  /** Jobs that are open all the time, spread over the coordinators. */
  readonly jobs: number;
  /** Tiles of all jobs together. */
  readonly tiles: number;
  readonly costs: Costs;
  readonly seed: number;
}

/** What became of it. Shares are of the time between a fifth and four fifths of the commits. */
export interface Outcome {
  readonly tilesPerSecond: number;
  readonly gigapixelsPerSecond: number;
  /** Until the last commit, without what lies around the tiles. */
  readonly seconds: number;
  /** Of the threads of all workers. */
  readonly workersBusy: number;
  /** Of the busiest coordinator's main thread. */
  readonly coordinatorBusy: number;
  readonly storageBusy: number;
  readonly committed: number;
  /** Attempts that ended in no commit. */
  readonly wasted: number;
  /** Real time that the schedulers took for one tile: that part is no model. */
  readonly schedulerMicroseconds: number;
}

/** Parts of what a coordinator's main thread does for a tile. */
const GRANT = 0.35;
const START = 0.15;
const COMMIT = 0.5;
const HEARTBEAT_MS = 1000;
const TICK_MS = 500;
/** As worker/session/session.ts has it. */
const WAITING_PER_SLOT = 1;

interface Held {
  readonly at: Coordinator;
  readonly grant: Extract<SchedulerCommand, { type: 'grant' }>;
}

interface Worker {
  readonly id: number;
  readonly instance: string;
  readonly waiting: Held[];
  busySlots: number;
  busyMs: number;
}

class Coordinator {
  readonly scheduler = new Scheduler(DEFAULT_LIMITS);
  readonly main = new Server();
}

interface Busy {
  readonly workers: number;
  readonly coordinator: number;
  readonly storage: number;
}

interface Mark {
  readonly ms: number;
  readonly committed: number;
  readonly busy: Busy;
}

/** Runs a cluster on the real scheduler, in simulated time, until all tiles are committed. */
export function simulate(cluster: Cluster): Outcome {
  return new Simulation(cluster).run();
}

class Simulation {
  readonly #cluster: Cluster;
  readonly #queue = new EventQueue();
  readonly #random: () => number;
  readonly #coordinators: readonly Coordinator[];
  readonly #workers: readonly Worker[];
  readonly #storage = new Server();
  #committed = 0;
  #granted = 0;
  #schedulerMs = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#random = uniform(cluster.seed);
    this.#coordinators = Array.from({ length: cluster.coordinators }, () => new Coordinator());
    this.#workers = Array.from({ length: cluster.workers }, (_, id) => {
      return { id, instance: `worker-${id}`, waiting: [], busySlots: 0, busyMs: 0 };
    });
  }

  run(): Outcome {
    const { tiles, tileSide, slots } = this.#cluster;
    this.#open();
    const marks: Mark[] = [];
    while (this.#committed < tiles && this.#queue.step()) {
      if (marks.length < 2 && this.#committed >= (marks.length === 0 ? 0.2 : 0.8) * tiles) marks.push(this.#mark());
    }
    const [from, to] = marks as [Mark, Mark];
    const spanMs = to.ms - from.ms;
    const share = (of: keyof Busy, servers = 1) => Math.min(1, (to.busy[of] - from.busy[of]) / (spanMs * servers));
    const tilesPerSecond = (1000 * (to.committed - from.committed)) / spanMs;
    return {
      tilesPerSecond,
      gigapixelsPerSecond: (tilesPerSecond * tileSide ** 2) / 1e9,
      seconds: this.#queue.nowMs / 1000,
      workersBusy: share('workers', this.#workers.length * slots),
      coordinatorBusy: share('coordinator'),
      storageBusy: share('storage'),
      committed: this.#committed,
      wasted: this.#granted - this.#committed,
      schedulerMicroseconds: (1000 * this.#schedulerMs) / tiles,
    };
  }

  #open(): void {
    const { coordinators, workers, slots, jobs, tiles } = this.#cluster;
    for (const [index, at] of this.#coordinators.entries()) {
      for (const { id, instance } of this.#workers) {
        const joins = { type: 'worker-joined', worker: id, instance, owner: 'all', slots } as const;
        this.#step(at, { ...joins, memoryBytes: Number.POSITIVE_INFINITY, labels: [] });
        this.#step(at, { type: 'worker-capacity', worker: id, leases: slots * (1 + WAITING_PER_SLOT) });
      }
      this.#every(TICK_MS, () => this.#step(at, { type: 'tick' }));
      const shared = this.#cluster.costs.heartbeatMs * workers;
      this.#every(HEARTBEAT_MS, () => {
        at.main.take(this.#queue.nowMs, shared);
        for (const { id } of this.#workers) this.#step(at, { type: 'worker-heard', worker: id });
      });
      for (let n = index; n < jobs; n += coordinators) {
        const job = `job-${n}`;
        const count = Math.floor(tiles / jobs) + (n < tiles % jobs ? 1 : 0);
        const opens = { type: 'job-opened', job, priority: 0, needs: [], taskBytes: 1 } as const;
        this.#step(at, { ...opens, stageTiles: [count] });
        this.#step(at, { type: 'tiles-added', job, stage: 0, tiles: Array.from({ length: count }, (_, tile) => tile) });
      }
    }
  }

  #every(ms: number, act: () => void): void {
    this.#queue.at(this.#queue.nowMs + ms, () => {
      act();
      this.#every(ms, act);
    });
  }

  /** Tells a scheduler what happened, and its commands to those whom they are for. */
  #step(at: Coordinator, event: SchedulerEvent): void {
    const before = performance.now();
    const commands = at.scheduler.step(event, this.#queue.nowMs);
    this.#schedulerMs += performance.now() - before;
    const { coordinatorMs, wayMs } = this.#cluster.costs;
    for (const command of commands) {
      if (command.type === 'verdict' && command.verdict === 'commit') this.#committed++;
      if (command.type === 'cancel') {
        this.#queue.at(this.#queue.nowMs + wayMs, () => drop(this.#workers[command.worker]!, at, command.lease));
      }
      if (command.type !== 'grant') continue;
      this.#granted++;
      const sentMs = at.main.take(this.#queue.nowMs, GRANT * coordinatorMs);
      this.#queue.at(sentMs + wayMs, () => this.#receive(this.#workers[command.worker]!, { at, grant: command }));
    }
  }

  /** What a worker sends is heard when the coordinator's main thread comes to it. */
  #say(at: Coordinator, share: number, event: SchedulerEvent): void {
    const { coordinatorMs, wayMs } = this.#cluster.costs;
    this.#queue.at(this.#queue.nowMs + wayMs, () => {
      const heardMs = at.main.take(this.#queue.nowMs, share * coordinatorMs);
      this.#queue.at(heardMs, () => this.#step(at, event));
    });
  }

  #receive(worker: Worker, held: Held): void {
    worker.waiting.push(held);
    this.#startNext(worker);
  }

  #startNext(worker: Worker): void {
    const { slots, tileSide, costs } = this.#cluster;
    const held = worker.busySlots < slots ? worker.waiting.shift() : undefined;
    if (held === undefined) return;
    const { at, grant } = held;
    worker.busySlots++;
    this.#say(at, START, { type: 'task-started', worker: worker.id, lease: grant.lease });
    const pixels = tileSide ** 2;
    const computedMs = (costs.tileMs + (pixels * costs.pixelNs) / 1e6) * lognormal(this.#random, costs.spread);
    const { nowMs } = this.#queue;
    const storedMs = this.#storage.take(nowMs, (1000 * pixels * costs.bytesPerPixel) / costs.storageBytesPerSecond);
    const endMs = Math.max(nowMs + computedMs, storedMs);
    worker.busyMs += computedMs;
    this.#queue.at(endMs, () => {
      worker.busySlots--;
      const { job, stage, tile, lease } = grant;
      const { instance } = worker;
      this.#say(at, COMMIT, { type: 'result', job, stage, tile, pixelCrc: 1, lease, instance, owner: 'all' });
      this.#startNext(worker);
    });
  }

  #mark(): Mark {
    const workers = this.#workers.reduce((sum, { busyMs }) => sum + busyMs, 0);
    const coordinator = Math.max(...this.#coordinators.map(({ main }) => main.busyMs));
    return {
      ms: this.#queue.nowMs,
      committed: this.#committed,
      busy: { workers, coordinator, storage: this.#storage.busyMs },
    };
  }
}

/** What runs already is let run out. */
function drop(worker: Worker, at: Coordinator, lease: number): void {
  const index = worker.waiting.findIndex((held) => held.at === at && held.grant.lease === lease);
  if (index >= 0) worker.waiting.splice(index, 1);
}

/** Median 1. */
function lognormal(random: () => number, spread: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.exp(spread * normal);
}

/** Uniform in [0, 1), the same for a seed (mulberry32). */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
