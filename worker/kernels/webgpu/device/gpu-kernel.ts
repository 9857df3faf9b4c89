/// <reference types="@webgpu/types" />
import type { Rect, Size } from '../../../../tiling/geometry/rect.js';
import type { Operation } from '../../../../tiling/operations/index.js';
import type { DType } from '../../../../tiling/raster/dtype.js';
import type { AlphaKind } from '../../../../tiling/raster/raster-info.js';
import type { TileMap } from '../../kernel.js';
import type { DeviceLimits } from './adapter.js';
import type { DeviceRun } from './device-run.js';

/** An interval between two levels of the scale space, and the least rect that holds all pixels that stand in it. */
export interface ScaleInterval {
  readonly interval: number;
  /** In image coordinates. */
  readonly rect: Rect;
}

/** One operation of a chain as a device is asked to run it on one tile; data only, it crosses threads. */
export interface DeviceStep {
  readonly operation: Operation;
  /** The pixels it reads, grown beyond the image where its border extends it. */
  readonly window: Rect;
  /** The pixels it writes. */
  readonly output: Rect;
  readonly input: { readonly dtype: DType; readonly channels: number };
  readonly result: { readonly dtype: DType; readonly channels: number };
  /** The operation's whole input. */
  readonly image: Size;
  readonly alpha: AlphaKind;
  readonly nodata?: readonly (number | null)[];
  /** The largest radius or sigma in `output`, for operations by map. */
  readonly mapMax?: number;
  /** Where in the scale space the sigmas of `output` stand, for a blur between scale-space levels; a plan does not know it. */
  readonly intervals?: readonly ScaleInterval[];
  /** Some pixels of the chain's input are masked. */
  readonly masked?: boolean;
  /** The images that it reads beside its input, over its output, by parameter. */
  readonly frames?: Readonly<Record<string, { readonly dtype: DType; readonly channels: number }>>;
}

/** Pixels on the device: rows dense, samples packed into words, the last word filled up. */
export interface DeviceRaster {
  readonly rect: Rect;
  readonly dtype: DType;
  readonly channels: number;
  readonly buffer: GPUBuffer;
  /** One byte a pixel, 0 where it is masked; absent where every pixel counts. */
  readonly valid?: GPUBuffer;
}

/** One operation in WGSL. */
export interface GpuKernel {
  /** The variants of its programs that this step uses: each must have passed its self-check. */
  readonly variants: (step: DeviceStep) => readonly string[];
  /** Why it does not give the operation's pixels for this step, which the processor then runs; a few words. */
  readonly refusal: (step: DeviceStep, limits: DeviceLimits) => string | undefined;
  /** Bytes of its largest scratch buffer, and of all its scratch. */
  readonly scratchBytes: (step: DeviceStep) => { readonly largest: number; readonly total: number };
  /** Bytes for each pixel of the output that it wants a map in; 2 where it is not there: radii as uint16. */
  readonly mapBytes?: (step: DeviceStep) => number;
  /** Fills those; where it is not there the map's own values are taken. */
  readonly packMap?: (step: DeviceStep, map: TileMap, into: Uint8Array) => void;
  /** Adds the passes that fill `output` from `input`, which holds `step.window`. */
  readonly encode: (run: DeviceRun, step: DeviceStep, rasters: StepRasters) => Promise<void>;
}

/** What a kernel that keeps the samples' type can do beside plain integers. */
export interface KnownPixels {
  readonly float32?: boolean;
  readonly nodata?: boolean;
  /** Colour weighted by unassociated alpha; or a kernel to which alpha means nothing. */
  readonly alpha?: boolean;
  readonly masks?: boolean;
}

const MAX_CHANNELS = 4;

/** Why a kernel that keeps the samples' type cannot compute a step, in a few words; undefined where it can. */
export function unfitPixels(
  { input, result, alpha, nodata, masked }: DeviceStep,
  known: KnownPixels,
): string | undefined {
  if ((input.dtype === 'float32' && !known.float32) || result.dtype !== input.dtype) return `${input.dtype} samples`;
  if (input.channels > MAX_CHANNELS) return `${input.channels} channels`;
  if (alpha === 'unassociated' && !known.alpha) return 'alpha weighs the colour';
  if (nodata !== undefined && !known.nodata) return 'nodata';
  if (masked && !known.masks) return 'masked pixels';
  return undefined;
}

/** What a step works on. */
export interface StepRasters {
  readonly input: DeviceRaster;
  readonly output: DeviceRaster;
  /** The map over the output's pixels: radii, uint16, two a word, or what `packMap` makes of it. */
  readonly radii?: GPUBuffer;
  /** The images of `step.frames` over the output's rect, dense. */
  readonly frames?: Readonly<Record<string, GPUBuffer>>;
}
