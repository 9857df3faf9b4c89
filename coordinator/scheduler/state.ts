import type { LeaseId, WorkerId } from './events.js';
import { GrantedLeases } from './granted-leases.js';
import type { Opinion } from './opinions.js';
import { TilePool } from './tile-pool.js';

/** One attempt that a worker holds. */
export interface Lease {
  readonly id: LeaseId;
  readonly job: OpenJob;
  readonly stage: number;
  readonly tile: number;
  readonly worker: Worker;
  readonly grantedAtMs: number;
  /** When the worker said that it runs; undefined while it waits there. */
  startedAtMs: number | undefined;
  /** Whether the tile had killed a worker before. */
  readonly suspect: boolean;
}

/** What is known of a tile that had an attempt without a commit. */
export interface Trouble {
  failures: number;
  kills: number;
  /** Instances of the workers on which it went wrong. */
  readonly avoid: Set<string>;
}

/** Not asked for yet, or given up. */
export const TILE_UNKNOWN = 0;
/** Asked for, on no worker. */
export const TILE_PENDING = 1;
/** Leased to at least one worker. */
export const TILE_RUNNING = 2;
/** A result was taken; later ones are duplicates. */
export const TILE_COMMITTED = 3;

/** One stage of a job; arrays are by tile index. */
export class Stage {
  readonly pool = new TilePool();
  /** Tiles to be granted again, oldest first. */
  readonly retries = new Set<number>();
  tileState: Uint8Array;
  attempts: Uint8Array;
  crcs: Uint32Array;
  readonly trouble = new Map<number, Trouble>();
  /** Tiles that are given up at their first death. */
  readonly divisible = new Set<number>();
  /** Leases of running tiles, oldest grant first; a second element is the second copy of a late tile. */
  readonly running = new Map<number, Lease[]>();
  /** Tiles added and not committed. */
  remaining = 0;
  readonly granted: GrantedLeases;
  /** What was said of tiles that are computed again elsewhere. */
  readonly opinions = new Map<number, readonly Opinion[]>();
  /** Mean milliseconds from start to result, exponentially weighted; undefined before the first result. */
  meanMs: number | undefined;

  constructor(tiles: number) {
    this.tileState = new Uint8Array(tiles);
    this.attempts = new Uint8Array(tiles);
    this.crcs = new Uint32Array(tiles);
    this.granted = new GrantedLeases(tiles);
  }

  /** Makes room for a tile beyond those that the stage was made for. */
  reserve(tile: number): void {
    if (tile < this.tileState.length) return;
    const tiles = Math.max(tile + 1, 2 * this.tileState.length);
    this.tileState = widened(this.tileState, new Uint8Array(tiles));
    this.attempts = widened(this.attempts, new Uint8Array(tiles));
    this.crcs = widened(this.crcs, new Uint32Array(tiles));
    this.granted.reserve(tiles);
  }

  /** A result of a tile counts. */
  commit(tile: number, pixelCrc: number): void {
    this.tileState[tile] = TILE_COMMITTED;
    this.crcs[tile] = pixelCrc;
    this.remaining--;
    this.opinions.delete(tile);
    this.retries.delete(tile);
    this.trouble.delete(tile);
    this.divisible.delete(tile);
  }

  /** A tile that was given up: no result of it is wanted any more. */
  forget(tile: number): void {
    this.tileState[tile] = TILE_UNKNOWN;
    this.attempts[tile] = 0;
    this.remaining--;
    this.retries.delete(tile);
    this.trouble.delete(tile);
    this.opinions.delete(tile);
    this.divisible.delete(tile);
  }

  /** Tiles that wait for a grant. */
  get pending(): number {
    return this.pool.size + this.retries.size;
  }

  troubleOf(tile: number): Trouble {
    let trouble = this.trouble.get(tile);
    if (trouble === undefined) {
      trouble = { failures: 0, kills: 0, avoid: new Set() };
      this.trouble.set(tile, trouble);
    }
    return trouble;
  }
}

/** A job as the scheduler knows it, from its opening to its end. */
export interface OpenJob {
  readonly key: string;
  readonly priority: number;
  readonly needs: readonly string[];
  readonly taskBytes: number;
  readonly stages: readonly Stage[];
  /** Whether a tile that is given up leaves the others. */
  readonly failsAlone: boolean;
  /** Instances of the workers that were ever granted one of its tiles, with their numbers. */
  readonly holders: Map<string, number>;
  /** Leases held by workers. */
  leases: number;
  /** Whether `job-waiting` was said last. */
  waiting: boolean;
}

/** A connected worker and what it holds. */
export interface Worker {
  readonly id: WorkerId;
  readonly instance: string;
  readonly owner: string;
  readonly slots: number;
  readonly memoryBytes: number;
  readonly labels: ReadonlySet<string>;
  readonly leases: Map<LeaseId, Lease>;
  capacity: number;
  usedBytes: number;
  /** Leases of tiles that killed a worker before: at most one a worker, so that it is known which one kills. */
  suspects: number;
  lastHeardMs: number;
  /** When it last began or ended an attempt, or joined. */
  lastProgressMs: number;
  /** Whether it let a lease lie: it gets one at a time until it begins one. */
  idles: boolean;
  draining: boolean;
}

/** The stage that may run now: the first with tiles left. */
export function runnableStage(job: OpenJob): { stage: Stage; index: number } | undefined {
  for (let index = 0; index < job.stages.length; index++) {
    const stage = job.stages[index]!;
    if (stage.remaining > 0) return { stage, index };
  }
  return undefined;
}

/** Whether a worker has what a job needs. */
export function canRun(worker: Worker, job: OpenJob): boolean {
  return job.needs.every((label) => worker.labels.has(label));
}

function widened<T extends Uint8Array | Uint32Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
