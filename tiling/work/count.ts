import { basename, join } from 'node:path';
import { type ErrorRecord, errorRecordSchema } from '../errors.js';
import type { Size } from '../geometry/rect.js';
import { ColourCounts, isColourCounts } from '../palette/colour-counts.js';
import {
  type FramesData,
  frameBlamed,
  framesBytes,
  framesPlaced,
  framesRead,
  framesSplit,
  type SpilledFrame,
} from './frames.js';
import type { AskedTask, SpillPlace, WorkKind } from './kind.js';
import { isChecksum, isCount, isFields, isListOf } from './value-checks.js';

/** Map of a palette: decode, filter, downscale, count. */
export interface CountData extends FramesData {
  /** Folder of the spill files; null counts without keeping pixels. */
  readonly spill: string | null;
}

/** What is known of a frame after counting. */
export interface CountedFrame {
  readonly index: number;
  /** Size as stored. */
  readonly source: Size;
  /** First 16 bytes of the SHA-256 of the image's bytes and then its map's, hexadecimal. */
  readonly contentHash: string;
  /** Whether its pixels came from the spill file that the task named. */
  readonly fromSpill: boolean;
  readonly opaquePixels: number;
  readonly spilled: SpilledFrame | null;
}

/** A frame that could not be read, and why. */
export interface FrameFailure {
  readonly index: number;
  readonly error: ErrorRecord;
}

/** A frame that is too large to be held, and its size as stored. */
export interface LargeFrame {
  readonly index: number;
  readonly source: Size;
}

/** What a {@link CountData} found. */
export interface CountValue {
  /** `ColourCounts.toBytes()` over all frames of the task that did not fail. */
  readonly counts: Uint8Array;
  readonly frames: readonly CountedFrame[];
  readonly failures: readonly FrameFailure[];
  /** Images of more pixels than the task allows: nothing was done with them. */
  readonly large: readonly LargeFrame[];
  readonly bytesRead: number;
}

/** Counts the colours of frames and keeps their downscaled pixels; a frame that cannot be read is a failure of its own. */
export const count: WorkKind<CountData, CountValue> = {
  reads: framesRead,
  placed: framesPlaced,
  writes: ({ frames, spill }) => frames.map(() => (spill === null ? null : { form: 'spill', folder: spill })),
  stored: (value, data, spilled) => ({ ...value, frames: value.frames.map((frame) => keptAt(frame, data, spilled)) }),
  split: framesSplit,
  merge: merged,
  blame: frameBlamed,
  without: ({ frames }, error) => ({
    counts: new ColourCounts().toBytes(),
    frames: [],
    failures: frames.map(({ index }) => ({ index, error })),
    large: [],
    bytesRead: 0,
  }),
  isValue: isCountValue,
  memoryBytes: framesBytes,
};

/** A worker that sees the spill folder has named its own path of a file in it. */
function keptAt(
  frame: CountedFrame,
  { frames, spill }: CountData,
  spilled: ReadonlyMap<number, SpillPlace>,
): CountedFrame {
  if (frame.spilled === null || spill === null) return frame;
  const place = spilled.get(frames.findIndex(({ index }) => index === frame.index));
  const kept = place ?? { file: join(spill, basename(frame.spilled.file)) };
  return { ...frame, spilled: { ...frame.spilled, ...kept } };
}

function merged(values: readonly CountValue[]): CountValue {
  const counts = new ColourCounts();
  for (const value of values) counts.merge(ColourCounts.fromBytes(value.counts));
  return {
    counts: counts.toBytes(),
    frames: values.flatMap(({ frames }) => frames),
    failures: values.flatMap(({ failures }) => failures),
    large: values.flatMap(({ large }) => large),
    bytesRead: values.reduce((sum, { bytesRead }) => sum + bytesRead, 0),
  };
}

/** Each frame is counted, failed or large, once. */
function isCountValue(value: unknown, { data }: AskedTask<CountData>): value is CountValue {
  if (!isFields(value) || !isColourCounts(value.counts) || !isCount(value.bytesRead)) return false;
  const missing = new Set(data.frames.map(({ index }) => index));
  const isOf = (found: unknown): found is Readonly<Record<string, unknown>> =>
    isFields(found) && missing.delete(found.index as number);
  const isCounted = (frame: unknown): frame is CountedFrame =>
    isOf(frame) &&
    isSize(frame.source) &&
    typeof frame.contentHash === 'string' &&
    /^(?:[0-9a-f]{32})?$/.test(frame.contentHash) &&
    typeof frame.fromSpill === 'boolean' &&
    isCount(frame.opaquePixels) &&
    (frame.spilled === null || isSpilled(frame.spilled));
  const isFailure = (failure: unknown): failure is FrameFailure =>
    isOf(failure) && errorRecordSchema.safeParse(failure.error).success;
  const isLarge = (frame: unknown): frame is LargeFrame => isOf(frame) && isSize(frame.source);
  const { frames, failures, large } = value;
  return isListOf(frames, isCounted) && isListOf(failures, isFailure) && isListOf(large, isLarge) && missing.size === 0;
}

function isSize(value: unknown): value is Size {
  return isFields(value) && isCount(value.width) && isCount(value.height) && value.width > 0 && value.height > 0;
}

function isSpilled(value: unknown): value is SpilledFrame {
  if (!isFields(value)) return false;
  const { file, offset, size, crc } = value;
  return typeof file === 'string' && isCount(offset) && isSize(size) && isChecksum(crc) && value.content === undefined;
}
