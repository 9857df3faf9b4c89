import { toErrorRecord } from '../../tiling/errors.js';
import type { Size } from '../../tiling/geometry/rect.js';
import { ColourCounts } from '../../tiling/palette/colour-counts.js';
import type { CountData, CountedFrame, CountValue, FrameFailure, LargeFrame } from '../../tiling/work/count.js';
import type { FrameSource, SpilledFrame } from '../../tiling/work/frames.js';
import type { DecodedFrame } from './decoded-frame.js';
import { loadFrame } from './load-frame.js';
import { readSpilled } from './read-spilled.js';

/** Frames that one thread has in decoding at once: the next is decoded while one is counted. */
const AHEAD = 2;

/** Keeps a downscaled frame for the remap; returns where, or null where it is not kept. */
export type KeepFrame = (position: number, pixels: DecodedFrame) => SpilledFrame | null;

/** Decodes, filters, downscales and counts frames, and hands the small pixels to `keep`. */
export async function countFrames(data: CountData, keep: KeepFrame): Promise<CountValue> {
  const counts = new ColourCounts();
  const frames: CountedFrame[] = [];
  const failures: FrameFailure[] = [];
  const large: LargeFrame[] = [];
  let bytesRead = 0;
  let next = 0;
  const lane = async () => {
    while (next < data.frames.length) {
      const position = next++;
      const frame = data.frames[position]!;
      const { index } = frame;
      try {
        const loaded = await pixelsOf(frame, data);
        if ('tooLarge' in loaded) {
          large.push({ index, source: loaded.tooLarge });
          continue;
        }
        const { pixels, spilled, source, contentHash, bytes } = loaded;
        bytesRead += bytes;
        const opaquePixels = counts.addRgba(pixels.rgba);
        const fromSpill = spilled !== undefined;
        // At once, so that a task of many frames never holds them all.
        const kept = spilled ?? keep(position, pixels);
        frames.push({ index, source, contentHash, fromSpill, opaquePixels, spilled: kept });
      } catch (error) {
        failures.push({ index, error: toErrorRecord(error, 'bad-input', { file: frame.path }) });
      }
    }
  };
  await Promise.all(Array.from({ length: AHEAD }, lane));
  frames.sort((a, b) => a.index - b.index);
  return { counts: counts.toBytes(), frames, failures, large, bytesRead };
}

interface FramePixels {
  readonly pixels: DecodedFrame;
  readonly spilled?: SpilledFrame;
  readonly source: Size;
  readonly contentHash: string;
  readonly bytes: number;
}

async function pixelsOf(frame: FrameSource, data: CountData): Promise<FramePixels | { readonly tooLarge: Size }> {
  const { spilled } = frame;
  const pixels = spilled ? readSpilled(spilled) : undefined;
  if (spilled && pixels !== undefined) {
    const { content: _, ...place } = spilled;
    return { pixels, spilled: place, source: pixels.size, contentHash: '', bytes: 0 };
  }
  const loaded = await loadFrame(frame, data);
  if ('tooLarge' in loaded) return loaded;
  return { ...loaded, pixels: loaded.frame, bytes: loaded.bytesRead };
}
