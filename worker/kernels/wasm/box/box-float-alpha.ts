import type { KernelContext, TileRaster } from '../../kernel.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import { quantumOf } from '../samples/float-range.js';
import { NodataTable } from '../samples/nodata.js';
import { validityOf } from '../samples/validity-rows.js';
import type { RowKernel } from './box-rows.js';

/** Row functions for float32 whose last channel is unassociated alpha; `count` is how many pixels the largest window holds. */
export type FloatAlphaRows = (input: TileRaster, context: KernelContext, count: number) => RowKernel;

/** The row functions of `assembly/box/box-float-alpha.ts`. */
export function floatAlphaRows(arena: WasmArena): FloatAlphaRows {
  const module = instantiate(arena, 'box/box-float-alpha', ['raiseRow', 'prefixRow', 'meansRow']);
  const nodata = new NodataTable(arena);
  const largest = arena.reserve(16);
  return (input, context, count) => {
    const { channels, rect } = input;
    const first = arena.addressOf(input.samples);
    const strideBytes = input.stride * 4;
    const validAt = validityOf(arena, input);
    const validRow = (row: number) => validAt(rect.x, rect.y + row);
    nodata.fill(input, context.nodata);
    const extent = new Float64Array(arena.memory.buffer, largest, 2).fill(0);
    for (let row = 0; row < rect.height; row++) {
      module.raiseRow(first + row * strideBytes, rect.width, channels, nodata.address, validRow(row), largest);
    }
    const [product, weight] = [quantumOf(extent[0]!, count), quantumOf(extent[1]!, count)];
    const run: RowKernel['cut'] = (rows, { x, y, width }, radii, into) => {
      const samples = [first, strideBytes, channels, product / weight, nodata.address, validRow(0)] as const;
      module.meansRow(rows, x, y, radii, into, width, rect.width, rect.height, ...samples);
    };
    return {
      prefix: (row, above, into) => {
        const from = first + row * strideBytes;
        const quanta = [1 / product, 1 / weight] as const;
        module.prefixRow(from, above, into, rect.width, channels, ...quanta, nodata.address, validRow(row));
      },
      whole: run,
      cut: run,
    };
  };
}
