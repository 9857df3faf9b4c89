import type { Palette } from '../../tiling/palette/palette.js';
import type { Rgb } from '../../tiling/palette/remap.js';

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
  readonly failures: CharacterSummary['failures'];
}

/** Frames in a report's strips. */
export const SAMPLES = 8;

/** Indices spread evenly over a list of candidates, at most {@link SAMPLES}. */
export function sampleOf(candidates: readonly number[]): ReadonlySet<number> {
  const count = Math.min(SAMPLES, candidates.length);
  return new Set(
    Array.from({ length: count }, (_, place) => candidates[Math.floor(((place + 0.5) * candidates.length) / count)]!),
  );
}
