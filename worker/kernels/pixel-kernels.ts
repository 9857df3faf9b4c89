import type { Rect, Size } from '../../tiling/geometry/rect.js';
import type { Mapping } from '../../tiling/plan/mapping.js';
import type { Samples } from '../../tiling/raster/dtype.js';
import type { AlphaKind } from '../../tiling/raster/raster-info.js';
import type { KernelContext, TileRaster } from './kernel.js';

/** How a level becomes the next one. */
export interface HalveOptions {
  /** `nearest` takes the top left of each 2×2 pixels, for labels and palettes. */
  readonly mode: 'average' | 'nearest';
  readonly alpha: AlphaKind;
  /** Per channel, as in KernelContext. */
  readonly nodata?: readonly (number | null)[];
}

/** How pixels of a tile become the content of one output block, before its codec. */
export interface BlockOptions {
  /** Pixels of the block, in the raster's coordinates; may end before the block does, at the image's edges. */
  readonly rect: Rect;
  /** The block's full size; what `rect` leaves is filled with its last column and row, which compress best. */
  readonly block: Size;
  /** TIFF predictor: 1 none, 2 horizontal differences, 3 floating point (float32 only). */
  readonly predictor: 1 | 2 | 3;
}

/** Which points of which grid. */
export interface DecimateOptions {
  /** At least 1. */
  readonly octave: number;
  /** In points of the grid. */
  readonly rect: Rect;
}

/**
 * What every pixel of a job passes through beside its operations. One implementation reads like its rule, the
 * other is fast; their results are identical, but for encoded bytes.
 */
export interface PixelKernels {
  /**
   * Averages 2×2 pixels of level n into one of level n + 1, rounded half up. `output.rect` is in pixels of
   * level n + 1; `input.rect` holds the image's pixels under it and ends where the image does: averages are
   * over what exists. Nodata samples take no part, four of them stay nodata; masked pixels take no part, and where
   * the input has any, `output.valid` is filled: 0 where all pixels under it are masked; colour is weighted by
   * unassociated alpha; a non-finite float32 sample gives NaN.
   */
  halve(input: TileRaster, output: TileRaster, options: HalveOptions): void;
  /** As `radiiOf` in reference/map-values.ts. */
  radii(samples: Samples, rect: Rect, mapping: Mapping, into: Uint16Array): number;
  /** The largest value' of a map's samples, before rounding; undefined where they must be looked at one by one. */
  largestValue(samples: Samples, mapping: Mapping): number | undefined;
  /**
   * Writes one block's samples, little-endian, row-major, interleaved, predicted: `into` takes
   * block.width × block.height pixels.
   */
  cutBlock(raster: TileRaster, options: BlockOptions, into: Uint8Array): void;
  /**
   * A zlib stream of at least one byte of predicted samples, encoded by run lengths and, where that
   * is fast, by what repeats of the row above, `rowBytes` before; a search for strings is the caller's. Implementations
   * differ in the stream's bytes, not in what they decode to.
   */
  deflateRuns(bytes: Uint8Array, rowBytes: number): Uint8Array;
  /**
   * Copies samples from one type to another: values are kept and clamped, floats stored as integers are
   * rounded half up, NaN becomes 0. Both rasters have the same rect and channels.
   */
  convert(input: TileRaster, output: TileRaster): void;
  /**
   * Points of a decimated grid of the image, with their weights: `into` receives those of `rect` as a `TileGrid` has
   * them. `input` holds the pixels that they are made of, cut at the image.
   */
  decimate(input: TileRaster, context: KernelContext, options: DecimateOptions, into: Float32Array): void;
}
