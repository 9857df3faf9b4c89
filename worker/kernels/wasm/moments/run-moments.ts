import { grow, intersect } from '../../../../tiling/geometry/rect.js';
import type { Footprint } from '../../../../tiling/operations/footprint/footprint.js';
import { PREFIX_BYTES, runStrip, runTableBytes } from '../../../../tiling/operations/scratch.js';
import { type KernelContext, partOf, type TileRaster } from '../../kernel.js';
import { fillSamples } from '../../reference/samples/pixels.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate, type WasmFunction } from '../memory/instance.js';
import { NodataTable } from '../samples/nodata.js';
import { addressOf, BITS } from '../samples/point-rows.js';
import { validityOf } from '../samples/validity-rows.js';

const EXPORTS = ['prefixRow8', 'prefixRow16', 'prefixRow32', 'runsRow'] as const;

/**
 * What an output sample follows from: the weight of its window, the mean, Σ(v − mean)², NaN by what is not finite; and
 * the input's own sample.
 */
export type FromRuns = (weight: number, mean: number, squares: number, own: number) => number;

interface RunsTile {
  readonly input: TileRaster;
  readonly output: TileRaster;
  readonly footprint: Footprint;
  /** Samples count from it: sums of squares stay small. 0 keeps means exact. */
  readonly pivot: number;
  /** Colour weighs as much as its pixel's unassociated alpha. */
  readonly byAlpha: boolean;
}

/** Fills `output` from the moments under the footprint at each of its samples. */
export type RunMoments = (tile: RunsTile, context: KernelContext, result: FromRuns) => void;

/**
 * Moments under any footprint, its cost a pixel being that of its horizontal runs, not of its members: sums from the left
 * end of the last input rows lie in a ring. Wide tiles under tall footprints are taken in strips of columns, so that the
 * ring stays small. Integers are exact while sums stay below 2⁵³.
 */
export function runMoments(arena: WasmArena): RunMoments {
  const module = instantiate(arena, 'moments/run-moments', EXPORTS);
  const nodata = new NodataTable(arena);
  return (tile, context, result) => {
    const { input, output, footprint } = tile;
    nodata.fill(input, context.nodata);
    const strip = runStrip({ outputWidth: output.rect.width, channels: input.channels }, footprint);
    for (let from = 0; from < output.rect.width; from += strip) {
      const columns = { x: output.rect.x + from, width: Math.min(strip, output.rect.width - from) };
      const reached = { ...grow({ ...output.rect, ...columns }, footprint.reach), y: input.rect.y };
      const read = intersect({ ...reached, height: input.rect.height }, input.rect);
      const part = { input: partOf(input, read), output: partOf(output, { ...output.rect, ...columns }) };
      momentsOf(arena, module, { ...tile, ...part }, context, { nodata: nodata.address, result });
    }
  };
}

/** One strip. */
function momentsOf(
  arena: WasmArena,
  module: Readonly<Record<(typeof EXPORTS)[number], WasmFunction>>,
  { input, output, footprint, pivot, byAlpha }: RunsTile,
  context: KernelContext,
  { nodata, result }: { readonly nodata: number; readonly result: FromRuns },
): void {
  const mark = arena.mark();
  const { channels, dtype, rect } = input;
  const { width } = output.rect;
  const { runs } = footprint;
  const table = new Int32Array(arena.memory.buffer, arena.alloc(runTableBytes(runs.length)), runs.length * 3);
  const rowBytes = (rect.width + 1) * channels * PREFIX_BYTES;
  const ring = Array.from({ length: footprint.height }, () => arena.alloc(rowBytes));
  const slot = (row: number) => ring[row % ring.length]!;
  const results = new Float64Array(arena.memory.buffer, arena.alloc(width * channels * 24), width * channels * 3);
  const prefix = module[`prefixRow${BITS[dtype]}`];
  const validAt = validityOf(arena, input);
  const x = output.rect.x - rect.x;
  let next = 0;
  for (let y = 0; y < output.rect.height; y++) {
    const centre = output.rect.y - rect.y + y;
    for (const last = Math.min(rect.height - 1, centre + footprint.reach.bottom); next <= last; next++) {
      const source = addressOf(arena, input, rect.x, rect.y + next);
      const valid = validAt(rect.x, rect.y + next);
      prefix(source, slot(next), rect.width, channels, nodata, pivot, Number(byAlpha), valid);
    }
    let count = 0;
    for (const { dx, dy, length } of runs) {
      const row = centre + dy;
      if (row >= 0 && row < rect.height) table.set([slot(row), dx, length], 3 * count++);
    }
    for (let c = 0; c < channels; c++) {
      const into = results.byteOffset + c * width * 24;
      module.runsRow(table.byteOffset, count, rect.width, channels, c, x, width, pivot, into);
    }
    const line = { ...output.rect, y: output.rect.y + y, height: 1 };
    const samples = output.samples.subarray(y * output.stride);
    fillSamples(input, { ...output, rect: line, samples }, context, (u, _v, c, own) => {
      const at = (c * width + u - line.x) * 3;
      return result(results[at]!, results[at + 1]!, results[at + 2]!, own);
    });
  }
  arena.release(mark);
}
