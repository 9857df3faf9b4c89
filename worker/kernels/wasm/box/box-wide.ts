import { SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import type { KernelContext, TileRaster } from '../../kernel.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import { NodataTable } from '../samples/nodata.js';
import { validityOf } from '../samples/validity-rows.js';
import type { RowKernel } from './box-rows.js';

/**
 * Row functions over summed-area rows of uint64, for uint8 and uint16, any number of channels, nodata, masks and alpha.
 * Sums are exact below 2^64, which is beyond any window of radius 32767.
 */
export function wideRows(arena: WasmArena): (input: TileRaster, output: TileRaster, c: KernelContext) => RowKernel {
  const module = instantiate(arena, 'box/box-wide', ['prefixRow8', 'prefixRow16', 'meansRow8', 'meansRow16']);
  const nodata = new NodataTable(arena);

  return (input, output, context) => {
    const { channels, dtype, rect } = input;
    const [prefixRow, meansRow] =
      dtype === 'uint8' ? [module.prefixRow8, module.meansRow8] : [module.prefixRow16, module.meansRow16];
    const source = arena.addressOf(input.samples);
    const sampleBytes = SAMPLE_BYTES[dtype];
    const strideBytes = input.stride * sampleBytes;
    const alpha = context.alpha === 'unassociated' && channels > 1;
    const weighted = Number(nodata.fill(input, context.nodata) || alpha || input.valid !== undefined);
    const validAt = validityOf(arena, input);

    const run: RowKernel['cut'] = (rows, { x, y, width }, radii, into) => {
      const own = source + y * strideBytes + x * channels * sampleBytes;
      const limits = [rect.width, rect.height] as const;
      const valid = validAt(rect.x + x, rect.y + y);
      meansRow(rows, x, y, radii, into, width, ...limits, own, output.channels, weighted, nodata.address, valid);
    };
    return {
      prefix: (row, above, into) => {
        const from = source + row * strideBytes;
        const weights = [weighted, nodata.address, Number(alpha), validAt(rect.x, rect.y + row)] as const;
        prefixRow(from, above, into, rect.width, channels, ...weights);
      },
      whole: run,
      cut: run,
    };
  };
}
