import type { DType } from '../../../../tiling/raster/dtype.js';
import { SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import type { KernelContext, TileRaster } from '../../kernel.js';
import { invalidSamplesOf } from '../../reference/samples/pixels.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';

const EXPORTS = [
  'load8',
  'load16',
  'load32',
  'store8',
  'store16',
  'store32',
  'along',
  'across',
  'scale',
  'divide',
] as const;

/** The row functions of `assembly/samples/rows.ts`. */
export type RowModule = ReturnType<typeof rowModule>;

/** The row functions over an arena. */
export function rowModule(arena: WasmArena) {
  return instantiate(arena, 'samples/rows', EXPORTS);
}

const BITS = { uint8: 8, uint16: 16, uint32: 32, float32: 32 } as const satisfies Record<DType, number>;

/** Converts `count` samples of an input row to float32 at `into`; an infinity becomes NaN. */
export function loadRow(module: RowModule, arena: WasmArena, input: TileRaster, row: number, into: number): void {
  const source = arena.addressOf(input.samples) + row * input.stride * SAMPLE_BYTES[input.dtype];
  module[`load${BITS[input.dtype]}`](source, into, input.rect.width * input.channels);
}

/** Stores float32 at `source` as a whole output row: integers half up and clamped. */
export function storeRow(module: RowModule, arena: WasmArena, output: TileRaster, row: number, source: number): void {
  const into = arena.addressOf(output.samples) + row * output.stride * SAMPLE_BYTES[output.dtype];
  module[`store${BITS[output.dtype]}`](source, into, output.rect.width * output.channels);
}

/** Writes one input row as Σ-ready pairs: weighted samples and weights, 0 for invalid samples, colour by alpha. */
export type WeightRow = (row: number, sums: Float32Array, weights: Float32Array) => void;

/** The weights of {@link averageOver}, a row at a time. */
export function weightRows(input: TileRaster, context: KernelContext): WeightRow {
  const { samples, channels, stride, rect } = input;
  const isInvalid = invalidSamplesOf(input, context);
  const alpha = context.alpha === 'unassociated' ? channels - 1 : -1;
  return (row, sums, weights) => {
    for (let x = 0; x < rect.width; x++) {
      const pixel = row * stride + x * channels;
      const opacity = alpha < 0 || isInvalid(pixel, alpha) ? 0 : samples[pixel + alpha]!;
      for (let c = 0; c < channels; c++) {
        const sample = samples[pixel + c]!;
        let weight = alpha < 0 || c === alpha ? 1 : opacity;
        if (isInvalid(pixel, c)) weight = 0;
        weights[x * channels + c] = weight;
        // A weight of 0 keeps even a NaN out; an infinity must propagate to its window as NaN.
        sums[x * channels + c] = weight === 0 ? 0 : Number.isFinite(sample) ? sample * weight : Number.NaN;
      }
    }
  };
}
