import { isPartial } from '../plan/reductions.js';
import type { AskedTask, WorkKind } from './kind.js';
import { isTold, type TileData, type TileValue, tileBytes } from './tiles.js';
import { isFields } from './value-checks.js';

/** What a tile adds to a reduction. */
export interface ReduceValue extends Omit<TileValue, 'rasterCrcTerm'> {
  /** JSON data; see the operation's `Reduction`. */
  readonly partial: unknown;
}

/** Runs the chain up to an operation that waits for the whole image, and gathers one tile's term of the reduction. */
export const reduce: WorkKind<TileData, ReduceValue> = {
  isValue: isReduceValue,
  memoryBytes: tileBytes,
};

function isReduceValue(value: unknown, task: AskedTask<TileData>): value is ReduceValue {
  return (
    isFields(value) &&
    isTold(value, task) &&
    isPartial(value.partial, task.job.plan!, { stage: task.stage, tileIndex: task.index })
  );
}
