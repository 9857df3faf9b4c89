import { SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import type { KernelContext, TileRaster } from '../../kernel.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import { NodataTable } from '../samples/nodata.js';
import { validityOf } from '../samples/validity-rows.js';
import type { RowKernel } from './box-rows.js';

/** Planes beside the sums, as `assembly/box/box-wide.ts` numbers them. */
const WEIGHTS = 1;
const BAD = 2;
const HITS = 4;

/**
 * Row functions over summed-area rows of 64-bit lanes, for any number of channels, nodata, masks and
 * alpha: of integers, and of float32 that alpha weighs. Integer sums are exact below 2^64, which is beyond any window of radius 32767.
 */
export function wideRows(arena: WasmArena): (input: TileRaster, output: TileRaster, c: KernelContext) => RowKernel {
  const module = instantiate(arena, 'box/box-wide', [
    ...(['prefixRow8', 'prefixRow16', 'prefixRow32'] as const),
    ...(['meansRow8', 'meansRow16', 'meansRow32'] as const),
  ]);
  const { anyNonFinite } = instantiate(arena, 'samples/float-range', ['anyNonFinite']);
  const prefixes = {
    uint8: module.prefixRow8,
    uint16: module.prefixRow16,
    uint32: module.prefixRow32,
    float32: module.prefixRow32,
  };
  const means = {
    uint8: module.meansRow8,
    uint16: module.meansRow16,
    uint32: module.meansRow32,
    float32: module.meansRow32,
  };
  const nodata = new NodataTable(arena);

  return (input, output, context) => {
    const { channels, dtype, rect } = input;
    const prefixRow = prefixes[dtype];
    const meansRow = means[dtype];
    const source = arena.addressOf(input.samples);
    const sampleBytes = SAMPLE_BYTES[dtype];
    const strideBytes = input.stride * sampleBytes;
    const alpha = context.alpha === 'unassociated' && channels > 1;
    const weighted = nodata.fill(input, context.nodata) || alpha || input.valid !== undefined;
    const validAt = validityOf(arena, input);
    const bad = dtype === 'float32' && anyNonFinite(source, input.samples.length) !== 0;
    const planes = (weighted ? WEIGHTS : 0) | (bad ? BAD : 0) | (dtype === 'float32' && alpha ? HITS : 0);

    const run: RowKernel['cut'] = (rows, { x, y, width }, radii, into) => {
      const own = source + y * strideBytes + x * channels * sampleBytes;
      const limits = [rect.width, rect.height] as const;
      const valid = validAt(rect.x + x, rect.y + y);
      meansRow(rows, x, y, radii, into, width, ...limits, own, output.channels, planes, nodata.address, valid);
    };
    return {
      prefix: (row, above, into) => {
        const from = source + row * strideBytes;
        prefixRow(
          from,
          above,
          into,
          rect.width,
          channels,
          planes,
          nodata.address,
          alpha ? 1 : 0,
          validAt(rect.x, rect.y + row),
        );
      },
      whole: run,
      cut: run,
    };
  };
}
