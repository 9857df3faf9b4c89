import type { TileRaster } from '../../kernel.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import type { RowKernel } from './box-rows.js';

/** Row functions over uint32 sums of colour times alpha, for uint8 of 2 to 4 channels. */
export function alphaRows(arena: WasmArena): (input: TileRaster) => RowKernel {
  const module = instantiate(arena, 'box/box-alpha', ['prefixRow', 'meansRow']);
  return ({ rect, channels, samples, stride }) => {
    const source = arena.addressOf(samples);
    const run: RowKernel['cut'] = (rows, { x, y, width }, radii, into) => {
      const own = source + y * stride + x * channels;
      module.meansRow(rows, x, y, radii, into, width, rect.width, rect.height, own, channels);
    };
    return {
      prefix: (row, above, into) => module.prefixRow(source + row * stride, above, into, rect.width, channels),
      whole: run,
      cut: run,
    };
  };
}
