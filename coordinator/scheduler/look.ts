import type { Lease, OpenJob, Stage, Worker } from './state.js';

/** A task that a worker holds, as somebody who looks on sees it. */
export interface SeenLease {
  readonly job: string;
  readonly stage: number;
  readonly tile: number;
  readonly instance: string;
  /** Undefined while it waits at the worker. */
  readonly startedAtMs: number | undefined;
}

/** A stage of an open job as somebody who looks on sees it. */
export interface SeenStage {
  readonly running: readonly SeenLease[];
  /** Tiles that were begun more than once, with the number of attempts. */
  readonly repeated: readonly (readonly [tile: number, attempts: number])[];
  /** Of one tile, from its start to its result; undefined before the first. */
  readonly meanMs: number | undefined;
}

/** A worker's state as somebody who looks on sees it. */
export interface SeenWorker {
  readonly leases: readonly SeenLease[];
  readonly draining: boolean;
}

/** Costs as much as the job has leases and troubled tiles. */
export function lookAtJob(job: OpenJob): SeenStage[] {
  return job.stages.map((stage) => ({
    running: [...stage.running.values()].flat().map(seen),
    repeated: repeatedTiles(stage),
    meanMs: stage.meanMs,
  }));
}

export function lookAtWorker({ leases, draining }: Worker): SeenWorker {
  return { leases: [...leases.values()].map(seen), draining };
}

/** A second copy of a late tile is an attempt too. */
function repeatedTiles({ trouble, running, attempts }: Stage): [number, number][] {
  const tiles = new Set(trouble.keys());
  for (const [tile, leases] of running) if (leases.length > 1) tiles.add(tile);
  return [...tiles].map((tile) => [tile, attempts[tile]!]);
}

function seen({ job, stage, tile, worker, startedAtMs }: Lease): SeenLease {
  return { job: job.key, stage, tile, instance: worker.instance, startedAtMs };
}
