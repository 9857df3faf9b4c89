import type { halotile } from '../../proto/gen/messages.js';
import type { ErrorRecord } from '../../tiling/errors.js';

/** Tiles that were asked for, as the scheduler is told of them. */
export interface AddedTiles {
  readonly stage: number;
  readonly tiles: readonly number[];
  /** See the scheduler's `tiles-added`. */
  readonly divisible?: boolean;
}

/** A job of the cluster as far as workers and the scheduler are concerned: tiles of an image, or frames. */
export interface ClusterWork {
  /** What a worker needs to open the job, by reference where it sees the root. */
  describe(visible: ReadonlySet<string>): halotile.v1.IOpenJob;
  /** What a grant says beside its lease. */
  grant(stage: number, tile: number, visible: ReadonlySet<string>): halotile.v1.IGrant;
  /** The tiles that were asked for since the last call. */
  takeFresh(): readonly AddedTiles[];
  /** One tile that was asked for fails. */
  reject(stage: number, tile: number, failure: ErrorRecord): void;
  /** Every tile that was asked for fails. */
  rejectAll(error: ErrorRecord): void;
  close(): Promise<void>;
}
