import type { ErrorRecord } from '../errors.js';
import type { Size } from '../geometry/rect.js';
import type { ImageChain } from '../job/dataset-spec.js';
import type { SourceRef } from '../job/execution.js';
import type { RasterInfo } from '../raster/raster-info.js';
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
  /** Its bytes, instead of the file, where they are held already. */
  readonly content?: Uint8Array;
}

/** A finished image too large to hold, in a TIFF that is read by rects. */
export interface RasterFile {
  readonly path: string;
  /** Stands for the file's own description: a scratch file that holds another file's pixels. */
  readonly info: RasterInfo;
  /** Instead of the file, where only a coordinator sees it. */
  readonly fetched?: SourceRef;
}

/** Where a frame's pixels come from. */
export interface FrameSource {
  readonly path: string;
  /** What `path` holds, where it is known already: a PNG that no chain is to read. */
  readonly content?: Uint8Array;
  /** The distance map of the image at `path`. */
  readonly map?: string;
  /** The image after its chain, where it is too large to be held whole: stands for `path`, `map` and chain. */
  readonly raster?: RasterFile;
}

/** How all frames of a task become pixels. */
export interface FrameMaking {
  /** What every image passes first; null where nothing does. */
  readonly chain: ImageChain | null;
  /** Then its size; null keeps each image's own. */
  readonly size: Size | null;
  /** Images of more pixels are not held. */
  readonly wholePixels: number;
}

/** One frame to be counted; `index` is the caller's and comes back. */
export interface FrameToCount extends FrameSource {
  readonly index: number;
  /** Where an earlier run left it downscaled. Read again from `path` where that does not hold any more. */
  readonly spilled?: SpilledFrame;
}

/** Map of a palette: decode, filter, downscale, count. */
export interface CountTask extends FrameMaking {
  readonly frames: readonly FrameToCount[];
  /** Directory of the spill files; null counts without keeping pixels. */
  readonly spill: string | null;
}

/** What is known of a frame after counting. */
export interface CountedFrame {
  readonly index: number;
  /** Size as stored. */
  readonly source: Size;
  /** First 16 bytes of the SHA-256 of the image's bytes and then its map's, hexadecimal; empty for a raster. */
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

/** What a {@link CountTask} found. */
export interface CountReply {
  /** `ColourCounts.toBytes()` over all frames of the task that did not fail. */
  readonly counts: Uint8Array;
  readonly frames: readonly CountedFrame[];
  readonly failures: readonly FrameFailure[];
  /** Images of more pixels than the task allows: nothing was done with them. */
  readonly large: readonly LargeFrame[];
  readonly bytesRead: number;
}

/** Rows [from, to) of a large image at its final size, whole rows. */
export interface Band {
  readonly raster: RasterFile;
  /** Of the whole image, after the downscale. */
  readonly size: Size;
  readonly from: number;
  readonly to: number;
}

/** What counting one band gives. */
export interface BandCounts {
  /** `ColourCounts.toBytes()` */
  readonly counts: Uint8Array;
  readonly hasTransparent: boolean;
  readonly hasTranslucent: boolean;
  readonly bytesRead: number;
}

/** One band to be written in the palette's colours: a piece of a PNG's compressed stream in a file of its own. */
export interface BandToRemap extends Band {
  readonly palette: readonly Rgb[];
  readonly target: readonly Rgb[] | null;
  /** Samples are palette indices, transparent pixels one more; otherwise RGBA. */
  readonly indexed: boolean;
  readonly output: string;
}

/** A written band. */
export interface RemappedBand {
  /** Of its rows before compression, for the PNG's checksum. */
  readonly adler: number;
  readonly rawBytes: number;
}

/** Reduce of a palette. */
export interface FindTask {
  /** `ColourCounts.toBytes()` */
  readonly counts: Uint8Array;
  readonly options: PaletteOptions;
}

/** One frame to be written in the palette's colours. */
export interface FrameToRemap extends FrameSource {
  readonly index: number;
  readonly spilled: SpilledFrame | null;
  /** Written whole under a temporary name beside it, then renamed. Its directory exists. Null: sample only. */
  readonly output: string | null;
  /** Whether small images of before and after are wanted, for a report. */
  readonly sample: boolean;
}

/** Frames of one character to be written in its palette's colours, or in those of `target` where it is not null. */
export interface RemapTask extends FrameMaking {
  readonly frames: readonly FrameToRemap[];
  readonly palette: readonly Rgb[];
  readonly target: readonly Rgb[] | null;
}

/** A frame that a {@link RemapTask} wrote. */
export interface RemappedOutput {
  readonly index: number;
  readonly bytes: number;
  /** CRC-32 of the frame's RGBA pixels before they took the palette's colours. */
  readonly pixelCrc: number;
  /** PNGs of at most 128 pixels a side, where a sample was wanted. */
  readonly sample: { readonly before: Uint8Array; readonly after: Uint8Array } | null;
}

/**
 * Runs the pixel work of palettes; one interface for threads of this process and for other workers. Tasks of
 * one kind may run in any order and at the same time.
 */
export interface FrameExecutor {
  /** How many tasks it works on at once; may change. */
  readonly slots: number;
  /** How many tasks it takes at a time, so that no slot is idle between two. */
  readonly tasksAtOnce: number;
  /** A frame that cannot be read becomes a failure of its own. */
  countFrames(task: CountTask): Promise<CountReply>;
  /** @throws HalotileError bad-input where no pixel was counted */
  findPalette(task: FindTask): Promise<Palette>;
  /** @throws HalotileError output-failed, or input-changed where a frame can no longer be read */
  remapFrames(task: RemapTask): Promise<readonly RemappedOutput[]>;
  /** @throws HalotileError bad-input where the image is damaged */
  countBand(band: Band): Promise<BandCounts>;
  /** @throws HalotileError output-failed */
  remapBand(band: BandToRemap): Promise<RemappedBand>;
  /**
   * The opaque colours of an image in reading order, each once.
   * @throws HalotileError bad-input where it cannot be read
   */
  readColours(path: string): Promise<readonly Rgb[]>;
  close(): Promise<void>;
}
