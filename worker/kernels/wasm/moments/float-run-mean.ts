import type { KernelContext } from '../../kernel.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import type { FloatPasses } from '../samples/float-range.js';
import { keepInvalid } from '../samples/invalid-samples.js';
import { NodataTable } from '../samples/nodata.js';
import { addressOf } from '../samples/point-rows.js';
import { validityOf } from '../samples/validity-rows.js';
import { overRuns, type RunsTile } from './over-runs.js';

/** Fills a float32 output with means under a footprint, each sample having the same weight. */
export type FloatRunMean = (tile: RunsTile, context: KernelContext) => void;

/** Means of float32 under any footprint at the cost of its horizontal runs, each as exact as `FloatPasses` says. */
export function floatRunMean(arena: WasmArena, passes: FloatPasses): FloatRunMean {
  const module = instantiate(arena, 'moments/float-runs', ['prefixRow', 'runsRow']);
  const nodata = new NodataTable(arena);
  return (tile, context) => {
    const windows = { count: tile.footprint.count, square: false };
    for (const { most, quantum, again } of passes(tile.input, context, windows)) {
      nodata.fill(tile.input, context.nodata);
      overRuns(arena, tile, ({ input, output }) => {
        const { channels, rect } = input;
        const validAt = validityOf(arena, input);
        const x = output.rect.x - rect.x;
        return {
          prefix: (row, into) => {
            const source = addressOf(arena, input, rect.x, rect.y + row);
            const validity = [nodata.address, validAt(rect.x, rect.y + row)] as const;
            module.prefixRow(source, into, rect.width, channels, ...validity, 1 / quantum, most);
          },
          results: (y, runs, count) => {
            for (let c = 0; c < channels; c++) {
              const columns = [rect.width, channels, c, x, output.rect.width] as const;
              const own = addressOf(arena, input, output.rect.x, output.rect.y + y) + c * 4;
              const into = addressOf(arena, output, output.rect.x, output.rect.y + y) + c * 4;
              module.runsRow(runs, count, ...columns, quantum, Number(again), own, into);
            }
          },
        };
      });
    }
    keepInvalid(tile.input, tile.output, context);
  };
}
