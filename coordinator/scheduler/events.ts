import type { ErrorRecord } from '../../tiling/errors.js';
import type { TrustLimits } from './trust.js';

/** Names a worker's control stream; a worker that dials again gets another one. */
export type WorkerId = number;
/** Names one attempt; never used twice in a scheduler's life. */
export type LeaseId = number;

/** An attempt at a tile. */
export interface LeaseName {
  readonly job: string;
  readonly stage: number;
  readonly tile: number;
  readonly lease: LeaseId;
}

/** What can happen. `job` is the key under which the job was opened. */
export type SchedulerEvent =
  | {
      readonly type: 'job-opened';
      readonly job: string;
      /** Larger runs first. */
      readonly priority: number;
      /** Labels that a worker must have. */
      readonly needs: readonly string[];
      /** Bytes that one attempt holds on a worker. */
      readonly taskBytes: number;
      /**
       * Number of tiles of each stage, as far as it is known; stage n runs when all tiles added to stages before it
       * are committed.
       */
      readonly stageTiles: readonly number[];
      /** Whether a tile that is given up fails by itself and the job goes on; the whole job fails where absent. */
      readonly failsAlone?: boolean;
    }
  /** Tiles to run, in the order in which they should start; each at most once, none that the ledger has. */
  | {
      readonly type: 'tiles-added';
      readonly job: string;
      readonly stage: number;
      readonly tiles: ArrayLike<number>;
      /** Whether they are given up at the first death: whoever adds them can ask for their parts one by one. */
      readonly divisible?: boolean;
    }
  /** Finished, cancelled or given up: whatever still runs is cancelled. */
  | { readonly type: 'job-closed'; readonly job: string }
  | {
      readonly type: 'worker-joined';
      readonly worker: WorkerId;
      /** Of the process: the same when it dials again. */
      readonly instance: string;
      /** Who answers for it: those of one owner are banned together. */
      readonly owner: string;
      /** Tiles that run at once. */
      readonly slots: number;
      /** Bytes that all its attempts may hold; infinity for no limit. */
      readonly memoryBytes: number;
      readonly labels: readonly string[];
    }
  /** Leases that it wants to hold: slots and those that it prepares ahead. Until then 0. */
  | { readonly type: 'worker-capacity'; readonly worker: WorkerId; readonly leases: number }
  | { readonly type: 'worker-heard'; readonly worker: WorkerId }
  | { readonly type: 'worker-draining'; readonly worker: WorkerId }
  | { readonly type: 'worker-left'; readonly worker: WorkerId }
  | { readonly type: 'task-started'; readonly worker: WorkerId; readonly lease: LeaseId }
  | {
      readonly type: 'task-failed';
      readonly worker: WorkerId;
      readonly lease: LeaseId;
      readonly failure: ErrorRecord;
      /** Whether trying elsewhere may help. */
      readonly retryable: boolean;
      /** Whether it took its thread with it. */
      readonly crashed: boolean;
    }
  /** Not begun and given back. */
  | { readonly type: 'task-returned'; readonly worker: WorkerId; readonly lease: LeaseId }
  /** Answered by exactly one `verdict`. Its lease may have ended long ago. */
  | {
      readonly type: 'result';
      readonly job: string;
      readonly stage: number;
      readonly tile: number;
      readonly pixelCrc: number;
      /** The attempt's; other attempts at the tile are cancelled. */
      readonly lease: LeaseId;
      /** Of the worker that computed it. */
      readonly instance: string;
      readonly owner: string;
      /** Whether another worker must compute the same before it counts. */
      readonly doubted?: boolean;
    }
  /** What came as a result is none: the tile is tried elsewhere, and the fault counts against the owner. */
  | {
      readonly type: 'result-refused';
      /** Of the worker that handed it over. */
      readonly owner: string;
      /** The attempt, where the lease was granted. */
      readonly of?: LeaseName;
    }
  /** Time has passed; about once a second. */
  | { readonly type: 'tick' }
  /** Grants end for good. */
  | { readonly type: 'drain' };

/** `held`: another worker computes the tile again, and the first of those who agree is believed. `unwanted`: the job is not open or the tile is not one of its. */
export type Verdict = 'commit' | 'held' | 'duplicate' | 'unequal' | 'unwanted';

/** What to do about it. */
export type SchedulerCommand =
  | {
      readonly type: 'grant';
      readonly worker: WorkerId;
      readonly lease: LeaseId;
      readonly job: string;
      readonly stage: number;
      readonly tile: number;
      /** 1-based. */
      readonly attempt: number;
    }
  /** `overdue`: the attempt is over its time and its thread must end. */
  | { readonly type: 'cancel'; readonly worker: WorkerId; readonly lease: LeaseId; readonly overdue: boolean }
  | {
      readonly type: 'verdict';
      readonly verdict: Verdict;
      readonly job: string;
      readonly stage: number;
      readonly tile: number;
    }
  /**
   * A tile that several workers were to compute: two agree, against those who were `wrong`; they differ, and a further
   * one is asked or nobody is left; or nobody else was there to ask.
   */
  | {
      readonly type: 'compared';
      readonly outcome: 'equal' | 'different' | 'nobody-else';
      readonly job: string;
      readonly stage: number;
      readonly tile: number;
      readonly instances: readonly string[];
      readonly wrong: readonly string[];
    }
  /** The job is closed; every lease of it was cancelled. */
  | { readonly type: 'job-failed'; readonly job: string; readonly failure: ErrorRecord }
  /** The tile is given up; its job goes on without it. */
  | {
      readonly type: 'tile-failed';
      readonly job: string;
      readonly stage: number;
      readonly tile: number;
      readonly failure: ErrorRecord;
    }
  /** No connected worker can run it; sent once until one can. */
  | { readonly type: 'job-waiting'; readonly job: string }
  | { readonly type: 'job-running'; readonly job: string }
  /** Silent for longer than a lease: it is forgotten and its stream should be closed. */
  | { readonly type: 'worker-expired'; readonly worker: WorkerId }
  /** Its owner's workers have handed over too much that was no result: its stream should be closed. */
  | { readonly type: 'worker-banned'; readonly worker: WorkerId };

/** Times in milliseconds of the caller's clock, which must not go backwards. */
export interface SchedulerLimits extends TrustLimits {
  /** Silence after which a worker's leases are taken away. */
  readonly leaseMs: number;
  /** What an attempt may take from its start. */
  readonly attemptLimitMs: number;
  /** A lease that is not begun though the worker has a free slot for it is taken back after this. */
  readonly startLimitMs: number;
  /** Workers or threads that a tile may kill before it fails its job. */
  readonly maxKills: number;
  /** Failures of a tile, its worker alive, before it fails its job. */
  readonly maxFailures: number;
  /** An attempt is late, when nothing else is left to start, after this many times the mean duration... */
  readonly lateFactor: number;
  /** ...and not before this. */
  readonly minLateMs: number;
}

/** The limits of a coordinator that is told none. */
export const DEFAULT_LIMITS: SchedulerLimits = {
  leaseMs: 15_000,
  attemptLimitMs: 600_000,
  startLimitMs: 10_000,
  maxKills: 3,
  maxFailures: 3,
  lateFactor: 2,
  minLateMs: 500,
  maxFaults: 3,
  banMs: 600_000,
};
