import type { z } from 'zod';
import type { Reach, Rect, Size } from '../../geometry/rect.js';
import type { SampleMeaning } from '../../raster/carried/index.js';
import type { DType } from '../../raster/dtype.js';
import type { RasterInfo } from '../../raster/raster-info.js';
import type { ModuleShape } from '../module/custom-module.js';

/**
 * What stands beyond the image: `clip` cuts the window at the image and renormalises; the others are SciPy's
 * (`mirror` is OpenCV's reflect-101) and extend the image, `constant` by `constantValue`.
 */
export const BORDERS = ['clip', 'nearest', 'reflect', 'mirror', 'constant'] as const;
/** One of {@link BORDERS}. */
export type Border = (typeof BORDERS)[number];

/**
 * What an output pixel depends on: itself; a window; all pixels left of it in its row; the whole image, of which full
 * rows are worked on at a time and hand on little to each other; or a reduction over the whole image.
 */
export type Coupling = 'point' | 'window' | 'row' | 'band' | 'global';

/** Identical pixels for every tiling and backend, or equal within the operation's stated bound. */
export type Numeric = 'exact' | 'bounded';

/**
 * `quick`: some 100 ns for each sample at most, whatever the image, so that a small one is worth no thread beside the caller's.
 * `slow`: what needs the result twice is given a stored one.
 */
export type Pace = 'quick' | 'slow';

/** One operation of a chain, its parameters checked and completed by its descriptor. */
export interface Operation {
  readonly name: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly border: Border;
  readonly constantValue: number;
  /** The job's map gives the per-pixel radius or sigma. */
  readonly byMap: boolean;
}

/** What a kernel's scratch memory follows from. */
export interface KernelShape {
  /** The raster that the kernel reads. */
  readonly input: Size;
  readonly outputWidth: number;
  readonly dtype: DType;
  readonly channels: number;
  /** Unassociated alpha weighs the colour. */
  readonly weighted: boolean;
  /** At least one channel has a nodata value. */
  readonly nodata: boolean;
  /** Pixels may be masked. */
  readonly masked?: boolean;
}

/** What only the whole job knows, for parameters that follow from it. */
export interface JobFacts {
  /** The operation's own input: in a chain, what the operation before it gives. */
  readonly image: RasterInfo;
  /** Width and height of its pixels as the file states them; in its coordinates, or in micrometres. */
  readonly pixelSize?: { readonly x: number; readonly y: number };
  /** The largest map value' of the whole map; 0 without a map. */
  readonly mapMax: number;
  /** The file that a parameter names, as {@link OperationDescriptor.files} declares it; undefined where it names none. */
  readonly file: (param: string) => ReadFile | undefined;
  /**
   * The shape of a user's module, which was parsed and compiled before, apart from every main thread.
   * @throws bad-input where these are other bytes than those that were checked
   */
  readonly shapeOf: (module: Uint8Array, path: string) => ModuleShape;
  /** For coupling `band`: rows of a band; as many as suit where absent. */
  readonly bandRows?: number;
}

/** A file that a parameter names, read. */
export interface ReadFile {
  /** How messages name it. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * What a file holds that a parameter names: an image of the size of the operation's input, read by tiles beside it;
 * a footprint's members; a table of numbers; a WebAssembly module; the colours of a palette.
 */
export type FileKind = 'image' | 'mask' | 'table' | 'kernel' | 'palette';

/** That a parameter's text names a file, and how. */
export interface FileParam {
  readonly kind: FileKind;
  /** What stands before the path; text without it names no file. */
  readonly prefix?: string;
  /** Text that is a number names no file. */
  readonly orNumber?: boolean;
  /** Text that matches names no file. */
  readonly or?: RegExp;
}

/** What of a result's description an operation decides. */
export type OutputType = Pick<RasterInfo, 'dtype' | 'channels'> &
  Partial<Pick<RasterInfo, 'alpha' | 'photometric' | 'nodata'>>;

/** The data that defines an operation to the planner, the command line and the documentation. */
export interface OperationDescriptor {
  readonly name: string;
  /** One line for help texts. */
  readonly summary: string;
  readonly coupling: Coupling;
  /** Where the coupling depends on parameters: replaces `coupling`. */
  readonly couplingOf?: (operation: Operation) => Coupling;
  /** Parameters beside `border` and `constant`; unknown names are refused by it. */
  readonly params: z.ZodObject;
  /** Which of its parameters name files; no others are ever read. */
  readonly files?: Readonly<Record<string, FileParam>>;
  /** What a map's value' means to it; `none` where it takes no map. */
  readonly mapMeaning: 'radius' | 'sigma' | 'none';
  readonly defaultBorder: (byMap: boolean) => Border;
  readonly numeric: (input: DType) => Numeric;
  /**
   * What a result says in the image's own units: a value, a difference of values, or, where absent, something else.
   * Scale and offset in the file's metadata outlive the operation accordingly.
   */
  readonly meaning?: SampleMeaning;
  /**
   * Pixels read beyond an output rect; `mapMax` is the largest value' (rounded half up where it means a
   * radius) in that rect, and counts only for operations by map.
   */
  readonly reach: (operation: Operation, mapMax: number) => Reach;
  /** Bytes of scratch that the operation's kernels take beside their input, output and map; 0 where absent. */
  readonly scratchBytes?: (operation: Operation, shape: KernelShape, mapMax: number) => number;
  /** Type and channels of the result, and what else of its description differs; the input's where absent. */
  readonly outputType?: (operation: Operation, input: RasterInfo) => OutputType;
  /**
   * Size of the result where it is not the input's. Such an operation has `inputRect` too: the input pixels
   * that an output rect needs, which replaces `reach`.
   */
  readonly outputSize?: (operation: Operation, input: Size) => Size;
  readonly inputRect?: (operation: Operation, output: Rect, input: Size) => Rect;
  /**
   * Fills in parameters that need the whole job: files read, values that follow from the map's maximum. Runs
   * once, at planning; what it returns is JSON data, and nothing else is looked up later.
   * @throws bad-usage, bad-input
   */
  readonly prepare?: (operation: Operation, job: JobFacts) => Operation;
  /** Pixels of the map needed around an output rect, cut at the image; none where absent. */
  readonly mapReach?: (operation: Operation) => Reach;
  /** The change of parameters with which the reach fits into `tile` pixels, for the refusal's message. */
  readonly fitting?: (operation: Operation, mapMax: number, tileSide: number) => string | undefined;
  /** How overviews of its result are made: labels and colours of a palette have no averages. Those where absent. */
  readonly overviews?: 'nearest';
  /** How long it takes for each pixel; neither where absent, and where its parameters do not say yet. */
  readonly pace?: (operation: Operation) => Pace | undefined;
  /** Whether it takes samples of uint32, as labels are. */
  readonly takesLabels?: boolean;
  /** For coupling `global`: what is reduced over the image before the stage can run. */
  readonly reduction?: Reduction;
  /** For coupling `band`: what bands tell and are told. Such an operation has `inputRect` and the parameter `bandRows`. */
  readonly bands?: BandExchange;
}

/**
 * What bands of full rows tell each other. One pass over them gathers a partial each (worker: `PARTIALS`); when all are
 * there, each band is handed what it needs of the others. Both are text.
 */
export interface BandExchange {
  /** Whether what another machine or a ledger calls a band's partial is one. */
  readonly isPartial: (operation: Operation, partial: unknown, image: RasterInfo, band: number) => boolean;
  /** What each band is handed, from the partials of all of them, both from the top; `image` is the operation's input. */
  readonly handOut: (operation: Operation, partials: readonly string[], image: RasterInfo) => readonly string[];
}

/**
 * A reduction in passes over the whole image. Each pass gathers one partial a tile (worker: `PARTIALS`),
 * merges them in any order and completes the operation's parameters; the operation runs when
 * `passesLeft` is 0. Partials are JSON data.
 */
export interface Reduction {
  readonly passesLeft: (operation: Operation, input: DType) => number;
  /** Whether what another machine or a ledger calls a partial is one, of an image with so many channels. */
  readonly isPartial: (partial: unknown, channels: number) => boolean;
  readonly merge: (a: unknown, b: unknown) => unknown;
  readonly complete: (operation: Operation, input: DType, merged: unknown) => Operation;
}
