import { chooseLate, chooseTile } from './choose.js';
import type { SchedulerCommand, SchedulerLimits, WorkerId } from './events.js';
import {
  type Lease,
  type OpenJob,
  runnableStage,
  TILE_COMMITTED,
  TILE_PENDING,
  TILE_RUNNING,
  type Worker,
} from './state.js';

/** Mean durations follow the last few results. */
const MEAN_WEIGHT = 0.1;

/** What leases are booked in; the scheduler's own. */
export interface Books {
  readonly jobs: ReadonlyMap<string, OpenJob>;
  readonly workers: ReadonlyMap<WorkerId, Worker>;
  readonly limits: SchedulerLimits;
  readonly say: (command: SchedulerCommand) => void;
}

/** Who holds which attempt: gives leases to workers with room, and takes them back. */
export class Leases {
  readonly #books: Books;
  #nextLease = 1;
  /** Of the event under way. */
  nowMs = 0;
  /** No further grants. */
  draining = false;

  constructor(books: Books) {
    this.#books = books;
  }

  /** Takes a lease out of all books; the tile's state is the caller's. */
  end(lease: Lease): void {
    const { job, worker, tile } = lease;
    const stage = job.stages[lease.stage]!;
    if (!worker.leases.delete(lease.id)) return;
    worker.usedBytes -= job.taskBytes;
    if (lease.startedAtMs !== undefined) worker.lastProgressMs = this.nowMs;
    if (lease.suspect) worker.suspects--;
    job.leases--;
    const left = stage.running.get(tile)!.filter((other) => other !== lease);
    if (left.length > 0) stage.running.set(tile, left);
    else stage.running.delete(tile);
    if (stage.tileState[tile] === TILE_COMMITTED && lease.startedAtMs !== undefined) {
      const ms = this.nowMs - lease.startedAtMs;
      stage.meanMs = stage.meanMs === undefined ? ms : stage.meanMs + MEAN_WEIGHT * (ms - stage.meanMs);
    }
  }

  /** Puts the tile of an ended lease back, unless it is committed or runs elsewhere or the job is gone. */
  requeue(lease: Lease): void {
    const stage = lease.job.stages[lease.stage]!;
    if (this.#books.jobs.get(lease.job.key) !== lease.job) return;
    if (stage.tileState[lease.tile] !== TILE_RUNNING || stage.running.has(lease.tile)) return;
    stage.tileState[lease.tile] = TILE_PENDING;
    stage.retries.add(lease.tile);
  }

  /** What the worker had claimed becomes anybody's. */
  unclaim(worker: Worker): void {
    for (const job of this.#books.jobs.values()) for (const stage of job.stages) stage.pool.release(worker.id);
  }

  /** Gives every worker with room something to do, one tile each in turn, so that slots fill before queues. */
  fillAll(): void {
    let hungry = [...this.#books.workers.values()].filter((worker) => this.#hasRoom(worker));
    while (hungry.length > 0) {
      hungry = hungry.filter((worker) => this.#grantNext(worker) && this.#hasRoom(worker));
    }
  }

  /** Gives one worker as much to do as it has room for. */
  fill(worker: Worker): void {
    while (this.#grantNext(worker));
  }

  #hasRoom(worker: Worker): boolean {
    const capacity = worker.idles ? Math.min(1, worker.capacity) : worker.capacity;
    return !this.draining && !worker.draining && worker.leases.size < capacity;
  }

  #grantNext(worker: Worker): boolean {
    if (!this.#hasRoom(worker)) return false;
    // When there are fewer tiles left than workers, nobody hoards them: only free slots are served.
    if (worker.leases.size >= worker.slots && this.#pending() <= this.#books.workers.size) return false;
    const choice =
      chooseTile(worker, this.#books.jobs.values(), this.#books.workers) ??
      chooseLate(worker, this.#books.jobs.values(), this.#books.limits, this.nowMs);
    if (choice === undefined) return false;
    const { job, stage: index, tile } = choice;
    const stage = job.stages[index]!;
    const suspect = (stage.trouble.get(tile)?.kills ?? 0) > 0;
    const lease: Lease = {
      ...{ id: this.#nextLease++, job, stage: index, tile, worker, suspect },
      ...{ grantedAtMs: this.nowMs, startedAtMs: undefined },
    };
    worker.leases.set(lease.id, lease);
    worker.usedBytes += job.taskBytes;
    if (suspect) worker.suspects++;
    job.leases++;
    stage.tileState[tile] = TILE_RUNNING;
    stage.attempts[tile] = Math.min(255, stage.attempts[tile]! + 1);
    stage.running.set(tile, [...(stage.running.get(tile) ?? []), lease]);
    stage.granted.note(tile, lease.id, holderNumber(job, worker.instance));
    const attempt = stage.attempts[tile]!;
    this.#books.say({
      type: 'grant',
      worker: worker.id,
      lease: lease.id,
      job: job.key,
      stage: index,
      tile,
      attempt,
    });
    return true;
  }

  #pending(): number {
    let count = 0;
    for (const job of this.#books.jobs.values()) count += runnableStage(job)?.stage.pending ?? 0;
    return count;
  }

  /** Ends leases whose results are not wanted any more. */
  cancelAll(leases: readonly Lease[]): void {
    for (const lease of [...leases]) {
      this.#books.say({ type: 'cancel', worker: lease.worker.id, lease: lease.id, overdue: false });
      this.end(lease);
    }
  }
}

function holderNumber({ holders }: OpenJob, instance: string): number {
  let number = holders.get(instance);
  if (number === undefined) {
    number = holders.size;
    holders.set(instance, number);
  }
  return number;
}
