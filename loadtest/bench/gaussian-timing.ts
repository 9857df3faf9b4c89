import { boxScratchBytes } from '../../tiling/operations/box-layout.js';
import { OPERATIONS, type Operation } from '../../tiling/operations/index.js';
import { type DType, SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import type { KernelContext } from '../../worker/kernels/kernel.js';
import { arenaBytes, wasmKernels } from '../../worker/kernels/wasm/index.js';
import { allocated, arena, nsPerPixel, pattern, round } from './box-timing.js';

const kernels = wasmKernels(arena);
const descriptor = OPERATIONS.gaussian!;

/** Milliseconds for a whole frame of one tile with its halo, on one thread. */
export function benchFixed(size: { width: number; height: number }, params: object, dtype: DType, channels: number) {
  const operation = gaussianOf(params, false);
  const reach = descriptor.reach!(operation, 0).left;
  const whole = { x: -reach, y: -reach, width: size.width + 2 * reach, height: size.height + 2 * reach };
  const rect = { x: 0, y: 0, ...size };
  const shape = { input: whole, outputWidth: rect.width, dtype, channels, weighted: false, nodata: false };
  const bytes = (pixels: number) => arenaBytes(pixels * channels * SAMPLE_BYTES[dtype]);
  const scratch = descriptor.scratchBytes!(operation, shape, 0);
  arena.reset(bytes(whole.width * whole.height) + bytes(size.width * size.height) + scratch);
  const input = pattern(allocated(whole, dtype, channels));
  const output = allocated(rect, dtype, channels);
  const context: KernelContext = { image: size, alpha: 'none' };
  const ns = nsPerPixel(size.width * size.height, () => kernels.gaussian!(input, output, operation, context));
  return { dtype, channels, ...size, ...params, ms: round((ns * size.width * size.height) / 1e6) };
}

/**
 * Nanoseconds an output pixel of one inner tile of RGB: `gaussian` by map through the scale space, and `box` with
 * the same map as radii. Sigmas swell from `low` to `high`.
 */
export function benchScaleSpace(low: number, high: number, tile: number, dtype: DType = 'uint8') {
  const channels = 3;
  const gaussian = gaussianOf({}, true);
  const reach = descriptor.reach!(gaussian, high).left;
  const side = tile + 2 * reach;
  const whole = { x: 0, y: 0, width: side, height: side };
  const rect = { x: reach, y: reach, width: tile, height: tile };
  const radius = Math.ceil(high);
  const boxed = { x: reach - radius, y: reach - radius, width: tile + 2 * radius, height: tile + 2 * radius };
  const shape = { outputWidth: tile, dtype, channels, weighted: false, nodata: false } as const;
  const scratch = Math.max(
    descriptor.scratchBytes!(gaussian, { ...shape, input: whole }, high),
    boxScratchBytes({ ...shape, input: boxed, maxRadius: radius }),
  );
  const pixelBytes = channels * SAMPLE_BYTES[dtype];
  arena.reset(arenaBytes(side * side * pixelBytes) + arenaBytes(tile * tile * (pixelBytes + 6)) + 64 + scratch);
  const input = pattern(allocated(whole, dtype, channels));
  const output = allocated(rect, dtype, channels);
  const sigmas = arena.allocSamples('float32', tile * tile) as Float32Array;
  const radii = arena.allocSamples('uint16', tile * tile) as Uint16Array;
  for (let i = 0; i < sigmas.length; i++) {
    const wave = 0.5 + 0.25 * Math.sin(((i % tile) / tile) * 6) + 0.25 * Math.cos((i / tile / tile) * 5);
    sigmas[i] = low + (high - low) * wave;
    radii[i] = Math.round(sigmas[i]!);
  }
  const context: KernelContext = { image: whole, alpha: 'none' };
  const byMap = (values: Float32Array | Uint16Array, max: number) => ({ ...context, map: { rect, values, max } });
  const time = (work: () => void) => nsPerPixel(tile * tile, work);
  const gaussianNs = time(() => kernels.gaussian!(input, output, gaussian, byMap(sigmas, high)));
  const inner = { ...input, rect: boxed, samples: input.samples.subarray((boxed.y * side + boxed.x) * channels) };
  const boxNs = time(() => kernels.box!(inner, output, { ...gaussian, name: 'box', params: {} }, byMap(radii, radius)));
  return { low, high, tile, gaussian: round(gaussianNs), box: round(boxNs), ratio: round(gaussianNs / boxNs) };
}

function gaussianOf(params: object, byMap: boolean): Operation {
  const written = descriptor.params.parse(params) as Operation['params'];
  const border = descriptor.defaultBorder(byMap);
  return { name: 'gaussian', params: written, border, constantValue: 0, byMap };
}
