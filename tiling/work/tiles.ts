import type { TileBands } from '../plan/band-exchanges.js';
import { couplingOf, operationsIn } from '../plan/chain.js';
import type { AskedTask } from './kind.js';
import type { FileRef } from './references.js';
import { isFields, isListOf } from './value-checks.js';
import type { WorkJob } from './work-job.js';

/**
 * What a tile hands on to its right neighbour, for each operation of coupling `row` in chain order: float64
 * values, little-endian, as base64.
 */
export type Carries = readonly string[];

/** What a tile is handed: by the tile to its left, where the chain scans along rows; by the other bands. */
export interface TileData {
  readonly carries?: Carries;
  readonly bands?: TileBands;
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

/** Whether a result's value is a filtered tile's. */
export function isTileValue(value: unknown, task: AskedTask<TileData>): value is TileValue {
  return isFields(value) && isTerm(value.rasterCrcTerm) && isTold(value, task);
}

/** Whether what every tile of a chain tells is there: its largest map value', and a carry for each scan along its row. */
export function isTold(
  { mapMax, carries }: Readonly<Record<string, unknown>>,
  { stage, job: { plan } }: AskedTask<TileData>,
): boolean {
  if (typeof mapMax !== 'number') return false;
  const operations = operationsIn(plan!.stages[stage]!, plan!.operations);
  const scans = operations.filter((operation) => couplingOf(operation) === 'row').length;
  if (carries === undefined) return scans === 0;
  return isListOf(carries, (carry) => typeof carry === 'string') && carries.length === scans;
}

/** Terms of a CRC are combined by exclusive or, which gives signed numbers. */
function isTerm(term: unknown): boolean {
  return Number.isInteger(term) && Math.abs(term as number) <= 0xffff_ffff;
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
