import { grow, intersect, type Rect, rectOf } from '../../../tiling/geometry/rect.js';
import { type BoxShape, boxScratchBytes } from '../../../tiling/operations/box-layout.js';
import { OPERATIONS, type Operation } from '../../../tiling/operations/index.js';
import { type DType, SAMPLE_BYTES, type Samples } from '../../../tiling/raster/dtype.js';
import type { Kernel, KernelContext, KernelTable, TileRaster } from '../kernel.js';
import type { PixelKernels } from '../pixel-kernels.js';
import { REFERENCE_KERNELS, REFERENCE_PIXELS } from '../reference/index.js';
import { arenaBytes, type WasmArena } from '../wasm/index.js';

/** Whether one kernel of this machine gives the reference's pixels. */
export interface SelfCheck {
  /** Operation or pixel kernel, then what it ran on. */
  readonly kernel: string;
  readonly passed: boolean;
}

const IMAGE = { width: 13, height: 7 };
const OUTPUT: Rect = { x: 2, y: 1, width: 11, height: 5 };
const MAX_RADIUS = 3;
const OPERATION: Operation = { name: 'box', params: {}, border: 'clip', constantValue: 0, byMap: true };

/** Channels, how a variant is called, and what makes the kernels take another path. */
const VARIANTS: readonly (readonly [number, string, KernelContext])[] = [
  [1, '', { image: IMAGE, alpha: 'none' }],
  [3, '', { image: IMAGE, alpha: 'none' }],
  [3, ' with nodata', { image: IMAGE, alpha: 'none', nodata: [0, null, 255] }],
  [4, ' weighted by alpha', { image: IMAGE, alpha: 'unassociated' }],
];

/** What one thread runs: kernels over its arena. */
export interface ThreadKernels {
  readonly arena: WasmArena;
  readonly kernels: KernelTable;
  readonly pixels: PixelKernels;
}

/**
 * Runs a thread's kernels on a small tile of every type against the reference, in some tens of milliseconds. A
 * worker whose kernels do not all pass runs the reference's instead. Allocations in the arena are forgotten.
 */
export function selfCheck({ arena, kernels, pixels }: ThreadKernels): SelfCheck[] {
  const box = kernels.box!;
  const checks: SelfCheck[] = [];
  for (const dtype of ['uint8', 'uint16', 'float32'] as const) {
    for (const [channels, name, context] of VARIANTS) {
      const what = `${dtype}×${channels}${name}`;
      checks.push({ kernel: `box ${what}`, passed: boxAgrees(arena, box, { dtype, channels }, context) });
      checks.push({ kernel: `halve ${what}`, passed: halveAgrees(arena, pixels, { dtype, channels }, context) });
    }
  }
  return [...checks, ...operationChecks(arena, kernels)];
}

/** Operations with a path of their own in WebAssembly; those that a table lacks are passed over. */
const OPERATION_CHECKS: readonly (readonly [string, Readonly<Record<string, string | number>>])[] = [
  // One radius everywhere slides down columns, where a map's radii read summed rows.
  ['box', { radius: 2 }],
  ['gamma', { gamma: 0.45 }],
  ['levels', { black: 3, white: 250 }],
  ['threshold', { method: 'sauvola', window: 3 }],
  ['row-ema', { alpha: 0.3 }],
  ['downscale', { factor: 2 }],
  ['downscale', { size: '5x3', method: 'nearest' }],
  ['mean', { footprint: 'disk:2' }],
  ['std', { footprint: 'disk:2' }],
  ['median', { footprint: 'disk:1' }],
  ['top-hat', { footprint: 'disk:1' }],
  ['gaussian', { sigma: 1 }],
];

function operationChecks(arena: WasmArena, kernels: KernelTable): SelfCheck[] {
  const present = OPERATION_CHECKS.filter(([name]) => kernels[name] !== undefined);
  return present.flatMap(([name, params]) =>
    (['uint8', 'uint16', 'float32'] as const).flatMap((dtype) =>
      [false, true].map((masked) => ({
        kernel: `${name} ${JSON.stringify(params)} ${dtype}×3${masked ? ' with a mask' : ''}`,
        passed: operationAgrees(arena, kernels[name]!, { name, params }, { dtype, channels: 3, masked }),
      })),
    ),
  );
}

function operationAgrees(
  arena: WasmArena,
  kernel: Kernel,
  { name, params }: Pick<Operation, 'name' | 'params'>,
  { masked, ...type }: PixelType & { readonly masked: boolean },
): boolean {
  const descriptor = OPERATIONS[name]!;
  const operation: Operation = { ...OPERATION, name, params: descriptor.params.parse(params), byMap: false };
  const image = rectOf(IMAGE);
  const result = rectOf(descriptor.outputSize?.(operation, IMAGE) ?? IMAGE);
  const shape = { input: image, outputWidth: result.width, ...type, weighted: false, nodata: false, masked };
  const scratch = descriptor.scratchBytes?.(operation, shape, 0) ?? 0;
  arena.reset(rasterBytes(image, type) + 2 * rasterBytes(result, type) + scratch + 4096);
  const plain = patterned(allocated(arena, image, type));
  const input = masked ? { ...plain, valid: strewnMask(arena, IMAGE.width * IMAGE.height) } : plain;
  const actual = allocated(arena, result, type);
  const expected = allocated(arena, result, type);
  const context: KernelContext = { image: IMAGE, alpha: 'none' };
  kernel(input, actual, operation, context);
  REFERENCE_KERNELS[name]!(input, expected, operation, context);
  const units = descriptor.numeric(type.dtype) === 'bounded' ? 1 : 0;
  return agree(type.dtype, actual.samples, expected.samples, units);
}

type PixelType = Pick<TileRaster, 'dtype' | 'channels'>;

function boxAgrees(arena: WasmArena, box: Kernel, type: PixelType, context: KernelContext): boolean {
  const reach = { left: MAX_RADIUS, right: MAX_RADIUS, top: MAX_RADIUS, bottom: MAX_RADIUS };
  const rect = intersect(grow(OUTPUT, reach), rectOf(IMAGE));
  const shape: BoxShape = {
    input: rect,
    outputWidth: OUTPUT.width,
    maxRadius: MAX_RADIUS,
    ...type,
    weighted: context.alpha === 'unassociated',
    nodata: context.nodata !== undefined,
  };
  arena.reset(rasterBytes(rect, type) + 2 * rasterBytes(OUTPUT, type) + boxScratchBytes(shape) + 4096);
  const input = patterned(allocated(arena, rect, type));
  const radii = arena.allocSamples('uint16', OUTPUT.width * OUTPUT.height) as Uint16Array;
  for (let i = 0; i < radii.length; i++) radii[i] = Math.floor(i / 5) % (MAX_RADIUS + 1);
  const actual = allocated(arena, OUTPUT, type);
  const expected = allocated(arena, OUTPUT, type);
  const byMap = { ...context, map: { rect: OUTPUT, values: radii, max: MAX_RADIUS } };
  box(input, actual, OPERATION, byMap);
  REFERENCE_KERNELS.box!(input, expected, OPERATION, byMap);
  return agree(type.dtype, actual.samples, expected.samples);
}

function halveAgrees(arena: WasmArena, pixels: PixelKernels, type: PixelType, context: KernelContext): boolean {
  const half = { x: 0, y: 0, width: Math.ceil(IMAGE.width / 2), height: Math.ceil(IMAGE.height / 2) };
  arena.reset(3 * rasterBytes(IMAGE, type) + 4096);
  const input = patterned(allocated(arena, rectOf(IMAGE), type));
  const actual = allocated(arena, half, type);
  const expected = allocated(arena, half, type);
  pixels.halve(input, actual, { mode: 'average', ...context });
  REFERENCE_PIXELS.halve(input, expected, { mode: 'average', ...context });
  return agree(type.dtype, actual.samples, expected.samples);
}

/** Integers must be equal, or within so many `units`; floats of this pattern lie within a few roundings. */
function agree(dtype: DType, actual: Samples, expected: Samples, units = 0): boolean {
  const float = dtype === 'float32';
  return actual.every((value, i) => {
    const wanted = expected[i]!;
    return Math.abs(value - wanted) <= (float ? 2 ** -20 * Math.abs(wanted) : units);
  });
}

/** Every third pixel masked, and a few in a row. */
function strewnMask(arena: WasmArena, pixels: number): Uint8Array {
  const valid = arena.allocSamples('uint8', pixels) as Uint8Array;
  for (let i = 0; i < pixels; i++) valid[i] = i % 3 === 0 || i < 5 ? 0 : 255;
  return valid;
}

function patterned(raster: TileRaster): TileRaster {
  const { samples } = raster;
  for (let i = 0; i < samples.length; i++) samples[i] = (i * i * 2654435761) % 65521;
  return raster;
}

function allocated(arena: WasmArena, rect: Rect, { dtype, channels }: PixelType): TileRaster {
  const stride = rect.width * channels;
  return { rect, dtype, channels, stride, samples: arena.allocSamples(dtype, stride * rect.height) };
}

function rasterBytes({ width, height }: { width: number; height: number }, { dtype, channels }: PixelType): number {
  return arenaBytes(width * height * channels * SAMPLE_BYTES[dtype]);
}
