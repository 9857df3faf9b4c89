import type { WorkKind } from './kind.js';
import { type TileData, type TileValue, tileBytes } from './tiles.js';

/** What a tile adds to a reduction. */
export interface ReduceValue extends Omit<TileValue, 'rasterCrcTerm'> {
  /** JSON data; see the operation's `Reduction`. */
  readonly partial: unknown;
}

/** Runs the chain up to an operation that waits for the whole image, and gathers one tile's term of the reduction. */
export const reduce: WorkKind<TileData, ReduceValue> = { memoryBytes: tileBytes };
