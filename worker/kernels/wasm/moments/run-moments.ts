import type { KernelContext } from '../../kernel.js';
import { fillSamples } from '../../reference/samples/pixels.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import { NodataTable } from '../samples/nodata.js';
import { addressOf } from '../samples/point-rows.js';
import { validityOf } from '../samples/validity-rows.js';
import { overRuns, type RunsTile } from './over-runs.js';

const EXPORTS = ['prefixRow8', 'prefixRow16', 'runsRow'] as const;

/**
 * What an output sample follows from: the weight of its window, the mean, Σ(v − mean)², NaN by what is not finite; and
 * the input's own sample.
 */
export type FromRuns = (weight: number, mean: number, squares: number, own: number) => number;

interface MomentsTile extends RunsTile {
  /** Samples count from it: sums of squares stay small. 0 keeps means exact. */
  readonly pivot: number;
  /** Colour weighs as much as its pixel's unassociated alpha. */
  readonly byAlpha: boolean;
}

/** Fills `output` from the moments under the footprint at each of its samples. */
export type RunMoments = (tile: MomentsTile, context: KernelContext, result: FromRuns) => void;

/**
 * Moments of integers under any footprint, its cost a pixel being that of its horizontal runs, not of its members: exact
 * while sums stay below 2⁵³.
 */
export function runMoments(arena: WasmArena): RunMoments {
  const module = instantiate(arena, 'moments/run-moments', EXPORTS);
  const nodata = new NodataTable(arena);
  return (tile, context, result) => {
    nodata.fill(tile.input, context.nodata);
    const { pivot, byAlpha } = tile;
    overRuns(arena, tile, ({ input, output }) => {
      const { channels, dtype, rect } = input;
      const { width } = output.rect;
      const results = new Float64Array(arena.memory.buffer, arena.alloc(width * channels * 24), width * channels * 3);
      const validAt = validityOf(arena, input);
      const prefix = dtype === 'uint8' ? module.prefixRow8 : module.prefixRow16;
      return {
        prefix: (row, into) => {
          const source = addressOf(arena, input, rect.x, rect.y + row);
          const valid = validAt(rect.x, rect.y + row);
          prefix(source, into, rect.width, channels, nodata.address, pivot, Number(byAlpha), valid);
        },
        results: (y, runs, count) => {
          for (let c = 0; c < channels; c++) {
            const into = results.byteOffset + c * width * 24;
            module.runsRow(runs, count, rect.width, channels, c, output.rect.x - rect.x, width, pivot, into);
          }
          const line = { ...output.rect, y: output.rect.y + y, height: 1 };
          const samples = output.samples.subarray(y * output.stride);
          fillSamples(input, { ...output, rect: line, samples }, context, (u, _v, c, own) => {
            const at = (c * width + u - line.x) * 3;
            return result(results[at]!, results[at + 1]!, results[at + 2]!, own);
          });
        },
      };
    });
  };
}
