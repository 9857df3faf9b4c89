import type { FitSums } from '../palette/fit.js';
import {
  type FrameColours,
  type FrameSource,
  type FramesData,
  frameBlamed,
  framesBytes,
  framesPlaced,
  framesRead,
  framesSplit,
} from './frames.js';
import type { AskedTask, WorkKind } from './kind.js';
import { isBytes, isCount, isFields, isListOf } from './value-checks.js';

/** One frame to be written in the palette's colours. */
export interface FrameToRemap extends FrameSource {
  /** Appears whole or not at all. Its directory exists. */
  readonly output: string;
  /** Whether small images of before and after are wanted, for a report. */
  readonly sample: boolean;
}

/** Frames of one character to be written in its palette's colours, or in those of `target` where it is not null. */
export interface RemapData extends FramesData, FrameColours {
  readonly frames: readonly FrameToRemap[];
}

/** Small images for a report: PNGs of at most 128 pixels a side. */
export interface FrameSample {
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

/** A frame that a {@link RemapData} wrote. */
export interface RemappedFrame {
  readonly index: number;
  readonly bytes: number;
  /** How far its pixels lie from what they were. */
  readonly fit: FitSums;
  /** Where one was wanted. */
  readonly sample: FrameSample | null;
}

/** Writes frames in the colours of a palette; refuses ones that cannot be read any more. */
export const remap: WorkKind<RemapData, readonly RemappedFrame[]> = {
  reads: framesRead,
  placed: framesPlaced,
  writes: ({ frames }) => frames.map(({ output }) => ({ form: 'file', path: output })),
  split: framesSplit,
  merge: (values) => values.flat(),
  blame: frameBlamed,
  isValue: isRemapped,
  memoryBytes: framesBytes,
};

/** One entry for each frame, in any order. */
function isRemapped(value: unknown, { data }: AskedTask<RemapData>): value is readonly RemappedFrame[] {
  const missing = new Set(data.frames.map(({ index }) => index));
  const isFrame = (frame: unknown): frame is RemappedFrame =>
    isFields(frame) &&
    missing.delete(frame.index as number) &&
    isCount(frame.bytes) &&
    isFit(frame.fit) &&
    isSample(frame.sample);
  return isListOf(value, isFrame) && missing.size === 0;
}

function isFit(fit: unknown): fit is FitSums {
  return isFields(fit) && [fit.pixels, fit.squares, fit.measured, fit.differences].every((sum) => isCount(sum));
}

function isSample(sample: unknown): sample is FrameSample | null {
  return sample === null || (isFields(sample) && isBytes(sample.before) && isBytes(sample.after));
}
