import { mkdirSync } from 'node:fs';
import { toErrorRecord } from '../../tiling/errors.js';
import type { Size } from '../../tiling/geometry/rect.js';
import { ColourCounts } from '../../tiling/palette/colour-counts.js';
import type {
  CountedFrame,
  CountReply,
  CountTask,
  FrameFailure,
  FrameToCount,
  SpilledFrame,
} from '../../tiling/palette/frame-execution.js';
import type { DecodedFrame } from './decode-frame.js';
import { loadFrame } from './load-frame.js';
import { readSpilled, spillFrames } from './spill-file.js';

/** Frames that one thread has in decoding at once: the next is decoded while one is counted. */
const AHEAD = 2;

/** Decodes, downscales and counts frames, and keeps the small pixels in a spill file where one is wanted. */
export async function countFrames(task: CountTask): Promise<CountReply> {
  const counts = new ColourCounts();
  const counted: (Omit<CountedFrame, 'spilled'> & { readonly spilled: SpilledFrame | DecodedFrame })[] = [];
  const failures: FrameFailure[] = [];
  let bytesRead = 0;
  let next = 0;
  const lane = async () => {
    while (next < task.frames.length) {
      const frame = task.frames[next++]!;
      const { index } = frame;
      try {
        const { pixels, spilled, source, contentHash, bytes } = await pixelsOf(frame, task.size);
        bytesRead += bytes;
        const opaquePixels = counts.addRgba(pixels.rgba);
        counted.push({ index, source, contentHash, opaquePixels, spilled: spilled ?? pixels });
      } catch (error) {
        failures.push({ index, error: toErrorRecord(error, 'bad-input', frame.path) });
      }
    }
  };
  await Promise.all(Array.from({ length: AHEAD }, lane));
  counted.sort((a, b) => a.index - b.index);
  const fresh = counted.flatMap(({ spilled }) => ('rgba' in spilled ? [spilled] : []));
  const places = task.spill === null ? undefined : spillAll(task.spill, fresh);
  const frames = counted.map(({ spilled, ...rest }): CountedFrame => {
    return { ...rest, spilled: 'rgba' in spilled ? (places?.shift() ?? null) : spilled };
  });
  return { counts: counts.toBytes(), frames, failures, bytesRead };
}

interface FramePixels {
  readonly pixels: DecodedFrame;
  readonly spilled?: SpilledFrame;
  readonly source: Size;
  readonly contentHash: string;
  readonly bytes: number;
}

async function pixelsOf({ path, spilled }: FrameToCount, size: Size | null): Promise<FramePixels> {
  const pixels = spilled === undefined ? undefined : readSpilled(spilled);
  if (spilled !== undefined && pixels !== undefined) {
    return { pixels, spilled, source: pixels.size, contentHash: '', bytes: 0 };
  }
  const { frame, source, contentHash, bytesRead } = await loadFrame(path, size);
  return { pixels: frame, source, contentHash, bytes: bytesRead };
}

function spillAll(directory: string, frames: readonly DecodedFrame[]): SpilledFrame[] {
  if (frames.length === 0) return [];
  mkdirSync(directory, { recursive: true });
  return spillFrames(directory, frames);
}
