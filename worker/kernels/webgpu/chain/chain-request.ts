import { area, intersect, type Rect, rectOf } from '../../../../tiling/geometry/rect.js';
import type { DeviceSeconds } from '../../../../tiling/job/job-figures.js';
import { bytesOf, type DType, SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import type { TileMap } from '../../kernel.js';
import type { DeviceLimits } from '../device/adapter.js';
import type { ExchangePlace } from '../device/device-work.js';
import type { DeviceStep } from '../device/gpu-kernel.js';
import { GPU_KERNELS } from '../index.js';

/** Operations that run one after the other on the device, for one tile. Offsets are multiples of 4. */
export interface ChainRequest {
  readonly steps: readonly DeviceStep[];
  /** Memory that the asker fills and drains: pixels and radii in, pixels out. */
  readonly exchange: SharedArrayBuffer;
  /** The pixels of the first step's window that lie in the image, dense, at offset 0. */
  readonly inputBytes: number;
  /** The map of each step by map, over its output: radii as uint16, or what its kernel makes of them. */
  readonly radii: readonly (ExchangePlace | undefined)[];
  /** Where steps are masked: a byte for each pixel of the input, 0 where it is masked. */
  readonly mask?: ExchangePlace;
  /** The images that each step reads beside its input, by parameter, dense over its output. */
  readonly frames: readonly (Readonly<Record<string, ExchangePlace>> | undefined)[];
  /** Where the last step's output goes, dense. */
  readonly result: ExchangePlace;
}

/** How a chain ended: `refused` names what this device does not give; its pixels are for the processor to compute. */
export type ChainAnswer =
  | { readonly kind: 'done'; readonly seconds: DeviceSeconds }
  | { readonly kind: 'refused'; readonly variants: readonly string[] };

/** Places of a request's parts in an exchange, and the exchange's size. */
export function layOutExchange(steps: readonly DeviceStep[]): Omit<ChainRequest, 'exchange'> & { bytes: number } {
  const inputBytes = rasterBytes(firstRect(steps), steps[0]!.input);
  let offset = aligned(inputBytes);
  const place = (bytes: number) => {
    const at = offset;
    offset += aligned(bytes);
    return { offset: at, bytes };
  };
  const radii = steps.map((step) =>
    step.mapMax === undefined ? undefined : place(area(step.output) * mapBytes(step)),
  );
  const mask = steps[0]!.masked ? place(area(firstRect(steps))) : undefined;
  const frames = steps.map(({ frames: named, output }) => {
    if (named === undefined) return undefined;
    const places = Object.entries(named).map(([param, type]) => [param, place(rasterBytes(output, type))] as const);
    return Object.fromEntries(places);
  });
  const last = steps.at(-1)!;
  const result = place(rasterBytes(last.output, last.result));
  return { steps, inputBytes, radii, mask, frames, result, bytes: offset };
}

/** The pixels that are sent to the device for a chain. */
export function firstRect(steps: readonly DeviceStep[]): Rect {
  return intersect(steps[0]!.window, rectOf(steps[0]!.image));
}

/** Bytes of a raster's dense samples. */
export function rasterBytes(
  rect: Rect,
  { dtype, channels }: { readonly dtype: DType; readonly channels: number },
): number {
  return area(rect) * channels * SAMPLE_BYTES[dtype];
}

/** A buffer for dense samples has its last word filled up, and what kernels of four pixels write beyond it. */
export function bufferBytes(bytes: number): number {
  return aligned(bytes) + 32;
}

/** Device memory that a chain takes at once: staging, windows, results and scratch. */
export function deviceBytes(steps: readonly DeviceStep[]): number {
  const { bytes } = layOutExchange(steps);
  return steps.reduce((sum, step) => {
    const rasters =
      bufferBytes(rasterBytes(step.window, step.input)) + bufferBytes(rasterBytes(step.output, step.result));
    const masks = step.masked ? 2 * bufferBytes(area(step.window)) : 0;
    return sum + rasters + masks + GPU_KERNELS[step.operation.name]!.scratchBytes(step).total;
  }, 2 * bytes);
}

/** Whether a device with these limits can run a step at all; otherwise the processor does. */
export function fitsDevice(step: DeviceStep, limits: DeviceLimits): boolean {
  return deviceRefusal(step, limits) === undefined;
}

/** Why a device with these limits cannot run a step, in a few words; undefined where it can. */
export function deviceRefusal(step: DeviceStep, limits: DeviceLimits): string | undefined {
  const kernel = GPU_KERNELS[step.operation.name];
  if (kernel === undefined) return 'no GPU kernel';
  const refusal = kernel.refusal(step, limits);
  if (refusal !== undefined) return refusal;
  const largest = Math.max(
    bufferBytes(rasterBytes(step.window, step.input)),
    bufferBytes(rasterBytes(step.output, step.result)),
    kernel.scratchBytes(step).largest,
  );
  // The pool rounds sizes up by less than an eighth.
  if (largest * 1.125 <= limits.bufferBytes) return undefined;
  return `a tile needs a buffer of ${Math.ceil(largest / 2 ** 20)} MiB`;
}

/** Writes a map to its place in an exchange, as its kernel reads it. */
export function packMap(step: DeviceStep, map: TileMap, into: Uint8Array): void {
  const { packMap: pack } = GPU_KERNELS[step.operation.name]!;
  if (pack === undefined) into.set(bytesOf(map.values));
  else pack(step, map, into);
}

function mapBytes(step: DeviceStep): number {
  return GPU_KERNELS[step.operation.name]!.mapBytes?.(step) ?? 2;
}

/** Copies on a device are by words of 4 bytes. */
export function aligned(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}
