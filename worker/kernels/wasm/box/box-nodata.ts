import { SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import type { KernelContext, TileRaster } from '../../kernel.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import { NodataTable } from '../samples/nodata.js';
import type { RowKernel } from './box-rows.js';

/** Row functions over uint32 sums and counts of valid samples, for integers of 2 to 4 channels with nodata. */
export function nodataRows(arena: WasmArena): (input: TileRaster, context: KernelContext) => RowKernel {
  const names = ['prefixRow8', 'prefixRow16', 'meansRow8', 'meansRow16'] as const;
  const module = instantiate(arena, 'box/box-nodata', names);
  const nodata = new NodataTable(arena);
  return (input, context) => {
    const { rect, channels, dtype } = input;
    nodata.fill(input, context.nodata);
    const [prefixRow, meansRow] =
      dtype === 'uint8' ? [module.prefixRow8, module.meansRow8] : [module.prefixRow16, module.meansRow16];
    const source = arena.addressOf(input.samples);
    const strideBytes = input.stride * SAMPLE_BYTES[dtype];
    const pixelBytes = channels * SAMPLE_BYTES[dtype];
    const run: RowKernel['cut'] = (rows, { x, y, width }, radii, into) => {
      const own = source + y * strideBytes + x * pixelBytes;
      meansRow(rows, x, y, radii, into, width, rect.width, rect.height, own, channels, nodata.address);
    };
    return {
      prefix: (row, above, into) => {
        prefixRow(source + row * strideBytes, above, into, rect.width, channels, nodata.address);
      },
      whole: run,
      cut: run,
    };
  };
}
