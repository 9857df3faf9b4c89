import type { Size } from '../geometry/rect.js';
import type { WorkKind } from './kind.js';
import { tileBytes } from './tiles.js';

/** A tile of an image after its chain, of which the pixels count that the nearest downscale to `size` takes. */
export interface SampleData {
  readonly size: Size;
  /** Of a small image that is wanted beside. */
  readonly preview: Size;
  /** Whether the pixels themselves are wanted, not only how often each colour occurs. */
  readonly whole: boolean;
}

/** The pixels of a tile that a downscale takes: interleaved RGBA, rows dense. */
export interface SampleValue {
  /** `ColourCounts.toBytes()` */
  readonly counts: Uint8Array;
  /** Whether some alpha is 0, and whether some is neither 0 nor 255. */
  readonly transparent: boolean;
  readonly translucent: boolean;
  readonly preview: Uint8Array;
  /** Empty where they are not wanted. */
  readonly rgba: Uint8Array;
}

/** Looks at the colours of one tile of an image that is too large to be held. */
export const sample: WorkKind<SampleData, SampleValue> = { memoryBytes: tileBytes };
