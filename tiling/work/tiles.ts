import type { FileRef } from './references.js';
import type { WorkJob } from './work-job.js';

/**
 * What a tile hands on to its right neighbour, for each operation of coupling `row` in chain order: float64
 * values, little-endian, as base64.
 */
export type Carries = readonly string[];

/** Of a tile that scans along its row: what the tile to the left handed on. */
export interface TileData {
  readonly carries?: Carries;
}

/** What a tile of a chain tells beside its blocks. */
export interface TileValue {
  /** This tile's term of the whole image's raster-order CRC; terms combine by exclusive or. */
  readonly rasterCrcTerm: number;
  /** What the tile to the right needs. */
  readonly carries?: Carries;
  /** The largest map value' met. */
  readonly mapMax: number;
}

/** A block that an earlier stage stored. */
export interface StoredRead {
  readonly level: number;
  /** Row-major among the level's blocks. */
  readonly index: number;
  readonly source: FileRef;
  /** Its bytes, where they were sent. */
  readonly content?: Uint8Array;
}

/** What one thread of a plan holds. */
export function tileBytes(_data: unknown, { plan }: Pick<WorkJob, 'plan'>): number {
  return plan?.memory.perThreadBytes ?? 0;
}
