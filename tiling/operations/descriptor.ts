import type { z } from 'zod';
import type { Reach, Size } from '../geometry/rect.js';
import type { DType } from '../raster/dtype.js';
import type { RasterInfo } from '../raster/raster-info.js';

/**
 * What stands beyond the image: `clip` cuts the window at the image and renormalises; the others are SciPy's
 * (`mirror` is OpenCV's reflect-101) and extend the image, `constant` by `constantValue`.
 */
export const BORDERS = ['clip', 'nearest', 'reflect', 'mirror', 'constant'] as const;
export type Border = (typeof BORDERS)[number];

/**
 * What an output pixel depends on: itself; a window; all pixels left of it in its row; or a reduction over
 * the whole image.
 */
export type Coupling = 'point' | 'window' | 'row' | 'global';

/** Identical pixels for every tiling and backend, or equal within the operation's stated bound. */
export type Numeric = 'exact' | 'bounded';

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
}

/** The data that defines an operation to the planner, the command line and the documentation. */
export interface OperationDescriptor {
  readonly name: string;
  /** One line for help texts. */
  readonly summary: string;
  readonly coupling: Coupling;
  /** Parameters beside `border` and `constant`; unknown names are refused by it. */
  readonly params: z.ZodObject;
  /** What a map's value' means to it; `none` where it takes no map. */
  readonly mapMeaning: 'radius' | 'sigma' | 'none';
  readonly defaultBorder: (byMap: boolean) => Border;
  readonly numeric: (input: DType) => Numeric;
  /**
   * Pixels read beyond an output rect; `mapMax` is the largest value' (rounded half up where it means a
   * radius) in that rect, and counts only for operations by map.
   */
  readonly reach: (operation: Operation, mapMax: number) => Reach;
  /** Bytes of scratch that the operation's kernels take beside their input, output and map; 0 where absent. */
  readonly scratchBytes?: (operation: Operation, shape: KernelShape, mapMax: number) => number;
  /** Type and channels of the result; the input's where absent. */
  readonly outputType?: (operation: Operation, input: RasterInfo) => { dtype: DType; channels: number };
}
