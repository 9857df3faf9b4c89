import type { Quality } from '../../../tiling/palette/fit.js';
import type { Rgb } from '../../../tiling/palette/nearest-colour.js';
import type { Palette } from '../../../tiling/palette/palette.js';

/** Small PNGs of one frame before and after, base64. */
export interface FrameSample {
  readonly frame: string;
  readonly before: string;
  readonly after: string;
}

/** What became of one character. */
export interface CharacterSummary {
  readonly character: string;
  readonly frames: number;
  readonly written: number;
  readonly palette: Palette;
  /** Colours that the frames are written in, where a target palette was given. */
  readonly target: readonly Rgb[] | null;
  /** How well the frames show what they were; null where none was held whole. */
  readonly quality: Quality | null;
  /** Frames that could not be read, the first thousand in order. */
  readonly failures: readonly { readonly frame: string; readonly message: string }[];
  /** Distinct sizes of the frames as stored, "640×900", at most 8. */
  readonly sourceSizes: readonly string[];
  /** Frames spread over the character, at most 8. */
  readonly samples: readonly FrameSample[];
}

/** A character none of whose frames could be written. */
export interface CharacterFailure {
  readonly character: string;
  readonly frames: number;
  readonly message: string;
}

/** Frames in a report's strips. */
const SAMPLES = 8;

/** Of `count` candidates those spread evenly over them, at most 8. */
export function sampleOf(candidates: Iterable<number>, count: number): ReadonlySet<number> {
  const samples = Math.min(SAMPLES, count);
  const places = Array.from({ length: samples }, (_, sample) => Math.floor(((sample + 0.5) * count) / samples));
  const sampled = new Set<number>();
  let place = 0;
  for (const index of candidates) {
    if (place++ === places[sampled.size]) sampled.add(index);
    if (sampled.size === samples) break;
  }
  return sampled;
}
