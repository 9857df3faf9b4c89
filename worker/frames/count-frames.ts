import { toErrorRecord } from '../../tiling/errors.js';
import type { Size } from '../../tiling/geometry/rect.js';
import { ColourCounts } from '../../tiling/palette/colour-counts.js';
import type {
  CountedFrame,
  CountReply,
  CountTask,
  FrameFailure,
  FrameMaking,
  FrameToCount,
  LargeFrame,
  SpilledFrame,
} from '../../tiling/palette/frame-execution.js';
import type { DecodedFrame } from './decoded-frame.js';
import { loadFrame } from './load-frame.js';
import { readSpilled, SpillWriter } from './spill-file.js';

/** Frames that one thread has in decoding at once: the next is decoded while one is counted. */
const AHEAD = 2;

/** Keeps a downscaled frame for the remap; returns where, or null where it is not kept. */
export type KeepFrame = (index: number, pixels: DecodedFrame) => SpilledFrame | null;

/** Decodes, filters, downscales and counts frames, and keeps the small pixels in a spill file where one is wanted. */
export async function countFrames(task: CountTask): Promise<CountReply> {
  if (task.spill === null) return countKeeping(task, () => null);
  const spill = new SpillWriter(task.spill);
  try {
    return await countKeeping(task, (_, pixels) => spill.append(pixels));
  } finally {
    spill.close();
  }
}

/** As {@link countFrames}, with the small pixels kept by the caller. */
export async function countKeeping(task: CountTask, keep: KeepFrame): Promise<CountReply> {
  const counts = new ColourCounts();
  const frames: CountedFrame[] = [];
  const failures: FrameFailure[] = [];
  const large: LargeFrame[] = [];
  let bytesRead = 0;
  let next = 0;
  const lane = async () => {
    while (next < task.frames.length) {
      const frame = task.frames[next++]!;
      const { index } = frame;
      try {
        const loaded = await pixelsOf(frame, task);
        if ('tooLarge' in loaded) {
          large.push({ index, source: loaded.tooLarge });
          continue;
        }
        const { pixels, spilled, source, contentHash, bytes } = loaded;
        bytesRead += bytes;
        const opaquePixels = counts.addRgba(pixels.rgba);
        const fromSpill = spilled !== undefined;
        // At once, so that a task of many frames never holds them all.
        const kept = spilled ?? keep(index, pixels);
        frames.push({ index, source, contentHash, fromSpill, opaquePixels, spilled: kept });
      } catch (error) {
        failures.push({ index, error: toErrorRecord(error, 'bad-input', frame.path) });
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

async function pixelsOf(
  { spilled, ...source }: FrameToCount,
  making: FrameMaking,
): Promise<FramePixels | { readonly tooLarge: Size }> {
  const pixels = spilled === undefined ? undefined : readSpilled(spilled);
  if (spilled !== undefined && pixels !== undefined) {
    return { pixels, spilled, source: pixels.size, contentHash: '', bytes: 0 };
  }
  const loaded = await loadFrame(source, making);
  if ('tooLarge' in loaded) return loaded;
  return { ...loaded, pixels: loaded.frame, bytes: loaded.bytesRead };
}
