import type { BoxLayout } from '../../../tiling/operations/box-layout.js';
import { SAMPLE_BYTES } from '../../../tiling/raster/dtype.js';
import type { TileRaster } from '../kernel.js';
import type { WasmArena } from './arena.js';
import type { RowKernel } from './box-rows.js';
import { instantiate } from './instance.js';

/** Exports of `assembly/box.ts`; suffixes are bits of a sample. */
interface BoxModule extends Record<string, (...args: number[]) => number | undefined> {
  fillTable(table: number, maxRadius: number): undefined;
  prefixRow8(source: number, above: number, into: number, width: number, channels: number): undefined;
  prefixRow16(source: number, above: number, into: number, width: number, channels: number): undefined;
  wholeRow8(...args: number[]): undefined;
  wholeRow16(...args: number[]): undefined;
  cutRow8(...args: number[]): undefined;
  cutRow16(...args: number[]): undefined;
}

/** Row functions over summed-area rows of wrapping uint32, for uint8 and uint16 of 1 to 4 channels. */
export function narrowRows(arena: WasmArena): (input: TileRaster, layout: BoxLayout) => RowKernel {
  const module = instantiate<BoxModule>(arena, 'box');
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
