import type { ErrorRecord } from '../../tiling/errors.js';
import type { SchedulerEvent } from './events.js';
import type { Books, Leases } from './leases.js';
import { type Lease, TILE_COMMITTED, TILE_UNKNOWN } from './state.js';

/** What failures are dealt with by; the scheduler's own. */
export interface FailureBooks extends Books {
  readonly leases: Leases;
  /** Ends a job: all its leases are cancelled. */
  readonly closeJob: (key: string) => void;
}

/** What becomes of a tile whose attempt brought nothing: it is tried elsewhere, until it is given up. */
export class Failures {
  readonly #books: FailureBooks;

  constructor(books: FailureBooks) {
    this.#books = books;
  }

  /** A worker says that an attempt failed. */
  fail({ worker, lease: id, failure, retryable, crashed }: Extract<SchedulerEvent, { type: 'task-failed' }>): void {
    const { workers, leases, limits } = this.#books;
    const lease = workers.get(worker)?.leases.get(id);
    if (lease === undefined) return;
    leases.end(lease);
    if (!retryable) this.giveUp(lease, failure);
    else if (crashed) this.kill(lease);
    else {
      const trouble = lease.job.stages[lease.stage]!.troubleOf(lease.tile);
      trouble.failures++;
      trouble.avoid.add(lease.worker.instance);
      if (trouble.failures >= limits.maxFailures) this.giveUp(lease, failure);
    }
    leases.requeue(lease);
    leases.fillAll();
  }

  /** Counts a death against the tile of a lease that has ended; at the limit the tile is poison and its job fails by name. */
  kill(lease: Lease): void {
    const { job, stage: index, tile } = lease;
    const stage = job.stages[index]!;
    if (stage.tileState[tile] === TILE_COMMITTED || stage.tileState[tile] === TILE_UNKNOWN) return;
    const trouble = stage.troubleOf(tile);
    trouble.kills++;
    trouble.avoid.add(lease.worker.instance);
    if (trouble.kills < (stage.divisible.has(tile) ? 1 : this.#books.limits.maxKills)) return;
    this.giveUp(lease, {
      tag: 'tile-poisoned',
      detail: {
        what: `${trouble.kills} ${trouble.kills === 1 ? 'worker or thread' : 'workers or threads'} died or hung while they ran it`,
        tile: { stage: index, index: tile },
        remedy: "look at the workers' logs, and submit the job again to continue it",
      },
    });
  }

  /** The tile of a lease that has ended is not tried again. */
  giveUp({ job, stage: index, tile }: Pick<Lease, 'job' | 'stage' | 'tile'>, failure: ErrorRecord): void {
    const { jobs, leases, say, closeJob } = this.#books;
    if (jobs.get(job.key) !== job) return;
    if (job.failsAlone) {
      const stage = job.stages[index]!;
      leases.cancelAll(stage.running.get(tile) ?? []);
      stage.forget(tile);
      say({ type: 'tile-failed', job: job.key, stage: index, tile, failure });
      return;
    }
    closeJob(job.key);
    say({ type: 'job-failed', job: job.key, failure });
  }

  /** Ends a lease, which is not its tile's failure; the tile is tried elsewhere where there is somebody else. */
  takeBack(lease: Lease): void {
    this.#books.leases.end(lease);
    lease.job.stages[lease.stage]!.troubleOf(lease.tile).avoid.add(lease.worker.instance);
    this.#books.leases.requeue(lease);
  }
}
