import type { KernelContext, TileRaster } from '../../kernel.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import type { FloatPass } from '../samples/float-range.js';
import { NodataTable } from '../samples/nodata.js';
import { validityOf } from '../samples/validity-rows.js';
import type { RowKernel } from './box-rows.js';

/** The row functions of one pass over a float32 tile. */
export type FloatRows = (input: TileRaster, output: TileRaster, context: KernelContext, pass: FloatPass) => RowKernel;

/** Row functions over summed-area rows of int64, for float32 whose alpha does not weigh. */
export function floatRows(arena: WasmArena): FloatRows {
  const module = instantiate(arena, 'box/box-float', ['prefixRow', 'meansRow']);
  const nodata = new NodataTable(arena);
  return (input, output, context, { most, quantum, again, counted }) => {
    const { channels, rect } = input;
    const source = arena.addressOf(input.samples);
    const strideBytes = input.stride * 4;
    const validAt = validityOf(arena, input);
    nodata.fill(input, context.nodata);
    const run: RowKernel['cut'] = (rows, { x, y, width }, radii, into) => {
      const own = source + y * strideBytes + x * channels * 4;
      const limits = [rect.width, rect.height] as const;
      const pass = [Number(counted), quantum, Number(again), nodata.address] as const;
      const valid = validAt(rect.x + x, rect.y + y);
      module.meansRow(rows, x, y, radii, into, width, ...limits, own, output.channels, ...pass, valid);
    };
    return {
      prefix: (row, above, into) => {
        const from = source + row * strideBytes;
        const pass = [Number(counted), 1 / quantum, most, nodata.address] as const;
        module.prefixRow(from, above, into, rect.width, channels, ...pass, validAt(rect.x, rect.y + row));
      },
      whole: run,
      cut: run,
    };
  };
}
