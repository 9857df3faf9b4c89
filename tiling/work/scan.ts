import { area, type Rect } from '../geometry/rect.js';
import type { Mapping } from '../plan/mapping.js';
import type { WorkKind } from './kind.js';

/** A rect of a map whose values must be known before a plan can be made; the job's only input is the map. */
export interface ScanData {
  /** How messages call the map: the user's file, whatever it was converted to. */
  readonly name: string;
  readonly mapping: Mapping;
  readonly rect: Rect;
}

/** Finds the largest map value' in a rect, before rounding; refuses the first value that is negative or not finite. */
export const scan: WorkKind<ScanData, { readonly max: number }> = {
  memoryBytes: ({ rect }) => area(rect) * 8,
  stays: true,
};
