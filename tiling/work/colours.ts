import type { Rgb } from '../palette/nearest-colour.js';
import type { WorkKind } from './kind.js';

/** An image that is read for its colours. */
export interface ColoursData {
  readonly path: string;
}

/** The opaque colours of an image in reading order, each once. */
export const colours: WorkKind<ColoursData, readonly Rgb[]> = { memoryBytes: () => 0, stays: true };
