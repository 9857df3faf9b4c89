import { area, around, grow, intersect, shrink } from '../../../../tiling/geometry/rect.js';
import { type Footprint, squareFootprint } from '../../../../tiling/operations/footprint/footprint.js';
import { neighbourhoodOf, spreadForm, takesColumnMoments } from '../../../../tiling/operations/moments.js';
import { localThreshold, type ThresholdParams, thresholdParams } from '../../../../tiling/operations/threshold.js';
import { type DType, SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import { type Kernel, type KernelContext, partOf, type TileRaster } from '../../kernel.js';
import { fillSamples, invalidSamplesOf } from '../../reference/samples/pixels.js';
import { limitReader } from '../../reference/threshold.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import { hasInvalid } from '../samples/invalid-samples.js';
import { NodataTable } from '../samples/nodata.js';
import { validityOf } from '../samples/validity-rows.js';
import { blockSpread } from './block-moments.js';
import { columnSpread } from './column-moments.js';
import type { DirectSpread } from './direct-runs.js';
import type { RunMoments } from './run-moments.js';

const EXPORTS = ['addRow8', 'addRow16', 'addRow32', 'slideRow'] as const;
const ADD = { uint8: 'addRow8', uint16: 'addRow16', uint32: 'addRow32', float32: 'addRow32' } as const;
/** Squares stay small, and so exact, when samples count from the middle of their range. */
const PIVOT = { uint8: 128, uint16: 32768, uint32: 0 } as const;

type Module = ReturnType<typeof momentsModule>;

/** What slides over a tile: the count, the mean and Σ(v − mean)² of one sample's window. */
type FromMoments = (
  count: number,
  mean: number,
  squares: number,
  sample: number,
  channel: number,
  x: number,
  y: number,
) => number;

/** The functions of `assembly/moments/moments.ts`, and the nodata values that they read. */
function momentsModule(arena: WasmArena) {
  return { nodata: new NodataTable(arena), ...instantiate(arena, 'moments/moments', EXPORTS) };
}

/** Standard deviation or variance, each window summed in the form that `spreadForm` names. */
export function wasmSpread(arena: WasmArena, runs: RunMoments, direct: DirectSpread): Kernel {
  const blocks = blockSpread(arena);
  const columns = columnSpread(arena);
  const module = momentsModule(arena);
  return (input, output, operation, context) => {
    const footprint = neighbourhoodOf(operation);
    const { dtype } = input;
    const ddof = operation.params.ddof as number;
    const root = operation.name === 'std';
    const result = (variance: number) => (root ? Math.sqrt(variance) : variance);
    const spread = (count: number, _mean: number, squares: number) =>
      result(count > ddof ? squares / (count - ddof) : 0);
    const tile = { input, output, footprint, window: footprint, ddof };
    switch (spreadForm(dtype, footprint)) {
      case 'sliding': {
        const inner = intersect(output.rect, shrink(input.rect, footprint.reach));
        // Without degrees of freedom left there is nothing to divide by: 0 by definition.
        const isUndetermined = footprint.count <= ddof;
        if (
          isUndetermined ||
          !takesColumnMoments(dtype, footprint) ||
          hasInvalid(input, context) ||
          area(inner) === 0
        ) {
          return slideOver(arena, module, tile, context, spread);
        }
        columns({ ...tile, output: partOf(output, inner), root });
        for (const rest of around(output.rect, inner)) {
          const read = intersect(grow(rest, footprint.reach), input.rect);
          slideOver(
            arena,
            module,
            { ...tile, input: partOf(input, read), output: partOf(output, rest) },
            context,
            spread,
          );
        }
        return;
      }
      case 'blocks':
        return blocks({ ...tile, root }, context);
      case 'runs':
        return runs({ ...tile, pivot: PIVOT[dtype as 'uint8' | 'uint16'], byAlpha: false }, context, spread);
      case 'direct':
        return direct(tile, context, result);
    }
  };
}

/**
 * Niblack's and Sauvola's thresholds by sliding windows; whatever else `other` does. Sums of floats, and of integers
 * under windows of which they pass 2⁵³, slide with rounding errors, and where an image is flat a threshold is a matter of
 * the last bit: a sample that lies within those errors of its threshold is decided by direct sums over its window.
 */
export function wasmLocalThreshold(arena: WasmArena, other: Kernel): Kernel {
  const module = momentsModule(arena);
  return (input, output, operation, context) => {
    const params = thresholdParams(operation, input.dtype);
    if (params.method !== 'niblack' && params.method !== 'sauvola') return other(input, output, operation, context);
    const window = squareFootprint(params.window);
    const alpha = context.alpha === 'none' ? -1 : input.channels - 1;
    const errors = sumsExactly(input.dtype, window) ? undefined : slidingErrors(input, window.count, context);
    const limitAt = errors && limitReader(input, params, context);
    slideOver(arena, module, { input, output, window }, context, (count, mean, squares, sample, c, x, y) => {
      if (c === alpha) return sample;
      let limit = localThreshold(params, mean, Math.sqrt(squares / count));
      if (errors && limitAt && Math.abs(sample - limit) <= marginOf(params, mean, errors)) limit = limitAt(x, y, c);
      return sample > limit ? params.high : params.low;
    });
  };
}

/** Whether sums of squares over a window stay below 2⁵³. */
function sumsExactly(dtype: DType, window: Footprint): boolean {
  return dtype !== 'float32' && window.count * PIVOT[dtype] ** 2 < 2 ** 53;
}

/** By how much a window's mean and deviation may differ between sliding and direct sums. */
interface SlidingErrors {
  readonly mean: number;
  readonly deviation: number;
  /** The largest deviation that the tile can hold. */
  readonly largest: number;
}

/**
 * Bounds for windows of n samples of a tile, m its middle and h its half range: sliding means are off by at most
 * 2⁻⁵⁰·√n·h, sliding variances by 2⁻⁴⁹·√n·h², direct means by 2⁻⁵²·n·(|m| + h).
 */
function slidingErrors(input: TileRaster, count: number, context: KernelContext): SlidingErrors {
  const { middle, half } = rangeOf(input, context);
  const share = count * 2 ** -49;
  const mean = share * (Math.abs(middle) + half);
  return { mean, deviation: Math.sqrt(share * half ** 2 + mean ** 2), largest: half };
}

/** How far a threshold of sliding sums may be from that of direct ones, twice over. */
function marginOf({ method, k, r }: ThresholdParams, mean: number, errors: SlidingErrors): number {
  const slope = Math.abs(k) * errors.deviation;
  if (method === 'niblack') return 2 * (errors.mean + slope);
  const bracket = 1 + Math.abs(k) * (1 + errors.largest / r);
  return 2 * (bracket * errors.mean + (Math.abs(mean) * slope) / r);
}

function slideOver(
  arena: WasmArena,
  module: Module,
  tile: { readonly input: TileRaster; readonly output: TileRaster; readonly window: Footprint },
  context: KernelContext,
  result: FromMoments,
): void {
  const { input, output, window } = tile;
  const { channels, dtype, rect } = input;
  const mark = arena.mark();
  const { buffer } = arena.memory;
  const lanes = rect.width * channels * 4;
  const columns = new Float64Array(buffer, arena.alloc(lanes * 8), lanes);
  const width = output.rect.width;
  const results = new Float64Array(buffer, arena.alloc(width * channels * 24), width * channels * 3);
  module.nodata.fill(input, context.nodata);
  const pivot = rangeOf(input, context).middle;
  const validAt = validityOf(arena, input);
  const source = arena.addressOf(input.samples);
  const add = (row: number, sign: 1 | -1) => {
    if (row < 0 || row >= rect.height) return;
    const from = source + row * input.stride * SAMPLE_BYTES[dtype];
    const valid = validAt(rect.x, rect.y + row);
    module[ADD[dtype]](from, columns.byteOffset, rect.width, channels, module.nodata.address, pivot, sign, valid);
  };
  const { left, top } = window.reach;
  for (let y = 0; y < output.rect.height; y++) {
    const first = output.rect.y - rect.y + y - top;
    if (y % window.height === 0) {
      columns.fill(0);
      for (let row = first; row < first + window.height; row++) add(row, 1);
    } else {
      add(first + window.height - 1, 1);
      add(first - 1, -1);
    }
    const x = output.rect.x - rect.x;
    for (let c = 0; c < channels; c++) {
      const into = results.byteOffset + c * width * 24;
      module.slideRow(columns.byteOffset, rect.width, channels, c, x, left, window.width, width, pivot, into);
    }
    const line = { ...output.rect, y: output.rect.y + y, height: 1 };
    const row = { ...output, rect: line, samples: output.samples.subarray(y * output.stride) };
    fillSamples(input, row, context, (u, v, c, sample) => {
      const at = (c * width + u - line.x) * 3;
      return result(results[at]!, results[at + 1]!, results[at + 2]!, sample, c, u, v);
    });
  }
  arena.release(mark);
}

/** The middle of what a tile's samples can be (floats: its finite samples are), and how far they lie from it. */
function rangeOf(input: TileRaster, context: KernelContext): { middle: number; half: number } {
  const { samples, stride, rect, channels, dtype } = input;
  if (dtype !== 'float32') return { middle: PIVOT[dtype], half: PIVOT[dtype] };
  const isInvalid = invalidSamplesOf(input, context);
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let y = 0; y < rect.height; y++) {
    for (let pixel = y * stride; pixel < y * stride + rect.width * channels; pixel += channels) {
      for (let c = 0; c < channels; c++) {
        const sample = samples[pixel + c]!;
        if (!Number.isFinite(sample) || isInvalid(pixel, c)) continue;
        if (sample < low) low = sample;
        if (sample > high) high = sample;
      }
    }
  }
  return low <= high ? { middle: (low + high) / 2, half: (high - low) / 2 } : { middle: 0, half: 0 };
}
