import type { Rect } from '../../../../tiling/geometry/rect.js';
import { floatRowBytes } from '../../../../tiling/operations/scratch.js';
import { type DType, SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import type { KernelContext, TileRaster } from '../../kernel.js';
import { invalidSamplesOf, sampleIndex } from '../../reference/samples/pixels.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';

const EXPORTS = [
  'gather8',
  'gather16',
  'gather32',
  'scatter8',
  'scatter16',
  'scatter32',
  'allFinite',
  'slide',
  'narrow',
  'slideAlong',
  'blend',
] as const;

const BITS = { uint8: 8, uint16: 16, uint32: 32, float32: 32 } as const satisfies Record<DType, number>;

/** The functions of `assembly/samples/planes.ts`. */
export type PlaneModule = ReturnType<typeof planeModule>;

/** The plane functions over an arena. */
export function planeModule(arena: WasmArena) {
  return instantiate(arena, 'samples/planes', EXPORTS);
}

/** One channel of a rect as float32 in the arena; its rows have room for whole vectors. */
export interface Plane {
  readonly rect: Rect;
  readonly address: number;
  readonly strideBytes: number;
}

/** A new plane; what it holds is left over from earlier use. */
export function allocatePlane(arena: WasmArena, rect: Rect): Plane {
  const strideBytes = floatRowBytes(rect.width);
  return { rect, strideBytes, address: arena.alloc(strideBytes * rect.height) };
}

/** Address of a pixel in image coordinates. */
export function addressAt({ rect, address, strideBytes }: Plane, x: number, y: number): number {
  return address + (y - rect.y) * strideBytes + (x - rect.x) * 4;
}

/** The samples of one row, in image coordinates. */
export function planeRow(arena: WasmArena, plane: Plane, y: number): Float32Array {
  return new Float32Array(arena.memory.buffer, addressAt(plane, plane.rect.x, y), plane.rect.width);
}

/** Takes one channel out of a raster; an infinity becomes NaN. */
export function loadPlane(module: PlaneModule, arena: WasmArena, input: TileRaster, channel: number, plane: Plane) {
  const { dtype, channels } = input;
  const { x, y, width, height } = plane.rect;
  const first = arena.addressOf(input.samples);
  for (let row = y; row < y + height; row++) {
    const from = first + (sampleIndex(input, x, row) + channel) * SAMPLE_BYTES[dtype];
    module[`gather${BITS[dtype]}`](from, addressAt(plane, x, row), width, channels);
  }
}

/** Σ-ready samples and weights of one channel: 0 for invalid samples, colour weighted by unassociated alpha. */
export function weighPlane(
  arena: WasmArena,
  input: TileRaster,
  channel: number,
  context: KernelContext,
  into: { readonly sums: Plane; readonly weights: Plane },
): void {
  const { samples, channels } = input;
  const isInvalid = invalidSamplesOf(input, context);
  const alpha = context.alpha === 'unassociated' && channel < channels - 1 ? channels - 1 : -1;
  const { x, y, width, height } = into.sums.rect;
  for (let row = y; row < y + height; row++) {
    const sums = planeRow(arena, into.sums, row);
    const weights = planeRow(arena, into.weights, row);
    let pixel = sampleIndex(input, x, row);
    for (let i = 0; i < width; i++, pixel += channels) {
      const sample = samples[pixel + channel]!;
      let weight = alpha < 0 ? 1 : samples[pixel + alpha]!;
      if (isInvalid(pixel, channel) || (alpha >= 0 && isInvalid(pixel, alpha))) weight = 0;
      weights[i] = weight;
      sums[i] = weight === 0 ? 0 : Number.isFinite(sample) ? sample * weight : Number.NaN;
    }
  }
}

/** Puts a plane's pixels under `output` into one of its channels: integers half up and clamped. */
export function storePlane(module: PlaneModule, arena: WasmArena, plane: Plane, output: TileRaster, channel: number) {
  const { rect, dtype, channels } = output;
  const first = arena.addressOf(output.samples);
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    const into = first + (sampleIndex(output, rect.x, y) + channel) * SAMPLE_BYTES[dtype];
    module[`scatter${BITS[dtype]}`](addressAt(plane, rect.x, y), into, rect.width, channels);
  }
}
