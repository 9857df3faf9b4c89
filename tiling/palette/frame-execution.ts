import type { ErrorRecord } from '../errors.js';
import type { Size } from '../geometry/rect.js';
import type { Palette } from './palette.js';
import type { PaletteOptions } from './palette-options.js';
import type { Rgb } from './remap.js';

/** Where a downscaled frame lies in a spill file: raw interleaved RGBA, so that no frame is decoded twice. */
export interface SpilledFrame {
  readonly file: string;
  readonly offset: number;
  readonly size: Size;
  /** CRC-32 of its bytes. */
  readonly crc: number;
}

/** One frame to be counted; `index` is the caller's and comes back. */
export interface FrameToCount {
  readonly index: number;
  readonly path: string;
  /** Where an earlier run left it downscaled. Read again from `path` where that does not hold any more. */
  readonly spilled?: SpilledFrame;
}

/** Map of a palette: decode, downscale, count. */
export interface CountTask {
  readonly frames: readonly FrameToCount[];
  /** Size to downscale to; null keeps each frame's own. */
  readonly size: Size | null;
  /** Directory of the spill files; null counts without keeping pixels. */
  readonly spill: string | null;
}

/** What is known of a frame after counting. */
export interface CountedFrame {
  readonly index: number;
  /** Size as stored. */
  readonly source: Size;
  /** First 16 bytes of the SHA-256 of the file's bytes, hexadecimal; empty where it came from a spill file. */
  readonly contentHash: string;
  readonly opaquePixels: number;
  readonly spilled: SpilledFrame | null;
}

/** A frame that could not be read, and why. */
export interface FrameFailure {
  readonly index: number;
  readonly error: ErrorRecord;
}

export interface CountReply {
  /** `ColourCounts.toBytes()` over all frames of the task that did not fail. */
  readonly counts: Uint8Array;
  readonly frames: readonly CountedFrame[];
  readonly failures: readonly FrameFailure[];
  readonly bytesRead: number;
}

/** Reduce of a palette. */
export interface FindTask {
  /** `ColourCounts.toBytes()` */
  readonly counts: Uint8Array;
  readonly options: PaletteOptions;
}

/** One frame to be written in the palette's colours. */
export interface FrameToRemap {
  readonly index: number;
  readonly path: string;
  readonly spilled: SpilledFrame | null;
  /** Written whole under a temporary name beside it, then renamed. Its directory exists. */
  readonly output: string;
  /** Whether small images of before and after are wanted, for a report. */
  readonly sample: boolean;
}

export interface RemapTask {
  readonly frames: readonly FrameToRemap[];
  readonly size: Size | null;
  readonly palette: readonly Rgb[];
  readonly target: readonly Rgb[] | null;
}

export interface RemappedOutput {
  readonly index: number;
  readonly bytes: number;
  /** PNGs of at most 128 pixels a side, where a sample was wanted. */
  readonly sample: { readonly before: Uint8Array; readonly after: Uint8Array } | null;
}

/**
 * Runs the pixel work of palettes; one interface for threads of this process and for other workers. Tasks of
 * one kind may run in any order and at the same time.
 */
export interface FrameExecutor {
  /** How many tasks it works on at once. */
  readonly slots: number;
  /** A frame that cannot be read becomes a failure of its own. */
  countFrames(task: CountTask): Promise<CountReply>;
  /** @throws HalotileError bad-input where no pixel was counted */
  findPalette(task: FindTask): Promise<Palette>;
  /** @throws HalotileError output-failed, or input-changed where a frame can no longer be read */
  remapFrames(task: RemapTask): Promise<readonly RemappedOutput[]>;
  /**
   * The opaque colours of an image in reading order, each once.
   * @throws HalotileError bad-input where it cannot be read
   */
  readColours(path: string): Promise<readonly Rgb[]>;
  close(): Promise<void>;
}
