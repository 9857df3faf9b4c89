/// <reference types="@webgpu/types" />
import type { Rect, Size } from '../../../tiling/geometry/rect.js';
import type { Operation } from '../../../tiling/operations/index.js';
import type { DType } from '../../../tiling/raster/dtype.js';
import type { AlphaKind } from '../../../tiling/raster/raster-info.js';
import type { DeviceLimits } from './adapter.js';
import type { DeviceRun } from './device-run.js';

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
  /** The largest radius in `output`, for operations by map. */
  readonly mapMax?: number;
}

/** Pixels on the device: rows dense, samples packed into words, the last word filled up. */
export interface DeviceRaster {
  readonly rect: Rect;
  readonly dtype: DType;
  readonly channels: number;
  readonly buffer: GPUBuffer;
}

/** One operation in WGSL. */
export interface GpuKernel {
  /** The variants of its programs that this step uses: each must have passed its self-check. */
  readonly variants: (step: DeviceStep) => readonly string[];
  /** Whether it gives the operation's pixels for this step; otherwise the step runs on the processor. */
  readonly takes: (step: DeviceStep, limits: DeviceLimits) => boolean;
  /** Bytes of its largest scratch buffer, and of all its scratch. */
  readonly scratchBytes: (step: DeviceStep) => { readonly largest: number; readonly total: number };
  /** Adds the passes that fill `output` from `input`, which holds `step.window`. */
  readonly encode: (run: DeviceRun, step: DeviceStep, rasters: StepRasters) => Promise<void>;
}

/** What a step works on. */
export interface StepRasters {
  readonly input: DeviceRaster;
  readonly output: DeviceRaster;
  /** Radii of the output's pixels, uint16, two a word. */
  readonly radii?: GPUBuffer;
}
