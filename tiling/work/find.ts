import type { Palette } from '../palette/palette.js';
import type { PaletteOptions } from '../palette/palette-options.js';
import type { WorkKind } from './kind.js';

/** Reduce of a palette. */
export interface FindData {
  /** `ColourCounts.toBytes()`, of at least one pixel. */
  readonly counts: Uint8Array;
  readonly options: PaletteOptions;
}

/** Finds the palette that stands for counted colours. */
export const find: WorkKind<FindData, Palette> = { memoryBytes: ({ counts }) => counts.length * 8, stays: true };
