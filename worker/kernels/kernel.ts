import type { Rect, Size } from '../../tiling/geometry/rect.js';
import type { Operation } from '../../tiling/operations/descriptor.js';
import type { DType, Samples } from '../../tiling/raster/dtype.js';
import type { AlphaKind } from '../../tiling/raster/raster-info.js';

/** Interleaved pixels of one rect of an image in memory. */
export interface TileRaster {
  /** The pixels held, in image coordinates; leaves the image where a border extension was filled in. */
  readonly rect: Rect;
  readonly dtype: DType;
  readonly channels: number;
  /** Samples from one row to the next, at least rect.width × channels. */
  readonly stride: number;
  /** The first sample is the top left pixel of `rect`. */
  readonly samples: Samples;
  /**
   * One byte a pixel, 0 where it is masked: such a pixel takes part in no window and stays what it is. The first
   * is the top left pixel of `rect`, rows are stride / channels apart. Absent where every pixel counts.
   */
  readonly valid?: Uint8Array;
}

/** The part of a raster that holds `rect`, in the same memory. */
export function partOf(raster: TileRaster, rect: Rect): TileRaster {
  const { stride, channels, samples, valid } = raster;
  const start = (rect.y - raster.rect.y) * stride + (rect.x - raster.rect.x) * channels;
  return { ...raster, rect, samples: samples.subarray(start), valid: valid?.subarray(start / channels) };
}

/** Copies which pixels count from an operation's input to its output, which lies in it. */
export function copyValidity(input: TileRaster, output: TileRaster): void {
  const from = partOf(input, output.rect);
  const { width, height } = output.rect;
  for (let y = 0; y < height; y++) {
    const row = (y * from.stride) / from.channels;
    output.valid!.set(from.valid!.subarray(row, row + width), (y * output.stride) / output.channels);
  }
}

/** The map of one output rect as kernels use it, row-major, one value a pixel. */
export interface TileMap {
  readonly rect: Rect;
  /** Radii (Uint16Array) or sigmas (Float32Array). */
  readonly values: Uint16Array | Float32Array;
  /** The largest of `values`. */
  readonly max: number;
}

/** A part of a decimated grid of the whole image. */
export interface TileGrid {
  readonly octave: number;
  /** In points of the grid. */
  readonly rect: Rect;
  /** Of each point four sums, then their four weights; row-major. */
  readonly values: Float32Array;
}

/** What a kernel knows beside its pixels. */
export interface KernelContext {
  /** Size of the operation's whole input: where `clip` cuts windows. */
  readonly image: Size;
  readonly alpha: AlphaKind;
  /** Per channel; samples equal to it take part in no window and stay what they are. */
  readonly nodata?: readonly (number | null)[];
  /**
   * Present for operations by map; its rect is the output's rect, grown by the descriptor's `mapReach` and cut
   * at the image where it has one.
   */
  readonly map?: TileMap;
  /** Other images that the operation reads, by parameter name; they cover the output's rect. */
  readonly extras?: Readonly<Record<string, TileRaster>>;
  /**
   * For coupling `row`: one float64 for each row and channel of the tile (row-major), what the tile to the left
   * handed on, NaN where nothing was. The kernel replaces it by what it hands on itself.
   */
  readonly carry?: Float64Array;
  /** Of a Gaussian by map: grids of the whole image at the octaves that a halo does not serve. */
  readonly grids?: readonly TileGrid[];
  /** For coupling `band`: what the band that the input holds is handed; the output lies in it. */
  readonly handed?: string;
}

/**
 * One operation on one backend: fills `output` from `input`. The input holds the output's rect grown by the
 * operation's reach: cut at the image where the border is `clip`, otherwise whole, already extended beyond
 * the image. Buffers stay the caller's. Input and output never overlap. The caller tells which pixels of the output
 * are masked, but for an operation that changes the size: that fills `output.valid` where the input has one.
 */
export type Kernel = (input: TileRaster, output: TileRaster, operation: Operation, context: KernelContext) => void;

/**
 * One tile's term of a reduction over the image: JSON data for the descriptor's `reduction.merge`. The
 * raster holds the tile's own pixels, no halo.
 */
export type PartialKernel = (tile: TileRaster, operation: Operation, context: KernelContext) => unknown;

/** What tiles contribute to reductions, by the operation that waits for it. */
export type PartialTable = Readonly<Record<string, PartialKernel>>;

/** The kernels of one backend by operation name; what has none is the user's own module and runs apart. */
export type KernelTable = Readonly<Record<string, Kernel>>;
