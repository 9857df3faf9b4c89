import type { BoxLayout } from '../../../../tiling/operations/box-layout.js';
import { SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import type { TileRaster } from '../../kernel.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import type { RowKernel } from './box-rows.js';

/** Row functions over summed-area rows of wrapping uint32, for uint8 and uint16 of 1 to 4 channels. */
export function narrowRows(arena: WasmArena): (input: TileRaster, layout: BoxLayout) => RowKernel {
  const module = instantiate(arena, 'box/box', [
    'fillTable',
    ...(['prefixRow8', 'wholeRow8', 'cutRow8'] as const),
    ...(['prefixRow16', 'wholeRow16', 'cutRow16'] as const),
  ]);
  return (input, layout) => {
    const { channels, dtype, rect } = input;
    const [prefixRow, wholeRow, cutRow] =
      dtype === 'uint8'
        ? [module.prefixRow8, module.wholeRow8, module.cutRow8]
        : [module.prefixRow16, module.wholeRow16, module.cutRow16];
    const table = arena.alloc(layout.bytes.table);
    module.fillTable(table, layout.tableRadius);
    const source = arena.addressOf(input.samples);
    const strideBytes = input.stride * SAMPLE_BYTES[dtype];
    return {
      prefix: (row, above, into) => prefixRow(source + row * strideBytes, above, into, rect.width, channels),
      whole: (rows, { x, y, width }, radii, into) => wholeRow(rows, x, y, radii, into, width, table, channels),
      cut: (rows, { x, y, width }, radii, into) =>
        cutRow(rows, x, y, radii, into, width, rect.width, rect.height, channels),
    };
  };
}
