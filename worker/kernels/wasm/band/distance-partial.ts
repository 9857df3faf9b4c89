import { distanceParams, memberColours, NO_ROW } from '../../../../tiling/operations/band/distance.js';
import { packNumbers } from '../../../../tiling/operations/band/packed-numbers.js';
import { SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import type { PartialKernel } from '../../kernel.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import { NODATA_ENTRY_BYTES, NodataTable } from '../samples/nodata.js';
import { addressOf } from '../samples/point-rows.js';
import { validityOf } from '../samples/validity-rows.js';
import { endingOf } from './distance.js';

const BEYOND = 0xffff;

/**
 * The reference's partial: walking up, a column's next member is at last its first one; walking down, its last one.
 */
export function wasmDistancePartial(arena: WasmArena): PartialKernel {
  const module = instantiate(arena, 'band/distance', ['nextRow8', 'nextRow16', 'nextRow32', 'nextRowLabels']);
  const nodata = new NodataTable(arena);
  return (band, operation, context) => {
    const colours = memberColours(distanceParams(operation));
    const { rect, channels, dtype } = band;
    const columns = rect.width * channels;
    const numbers = new Int32Array(colours.length * 2 * columns).fill(NO_ROW);
    const anyNodata = nodata.fill(band, context.nodata);
    const plain = Number(!anyNodata && band.valid === undefined);
    const validAt = validityOf(arena, band);
    const nextRow = module[`nextRow${endingOf(dtype)}`];
    const mark = arena.mark();
    const found = new Uint16Array(arena.memory.buffer, arena.alloc(rect.width * 2), rect.width);
    const walk = (c: number, white: number, rows: Iterable<number>, into: Int32Array) => {
      found.fill(BEYOND);
      const entry = nodata.address + c * NODATA_ENTRY_BYTES;
      for (const row of rows) {
        const source = addressOf(arena, band, rect.x, rect.y + row) + c * SAMPLE_BYTES[dtype];
        const about = [white, entry, validAt(rect.x, rect.y + row), plain] as const;
        const step = channels * SAMPLE_BYTES[dtype];
        nextRow(source, step, rect.width, row, ...about, found.byteOffset, found.byteOffset);
      }
      for (let x = 0; x < rect.width; x++) if (found[x] !== BEYOND) into[x * channels + c] = rect.y + found[x]!;
    };
    const down = Array.from({ length: rect.height }, (_, row) => row);
    const up = down.toReversed();
    for (const [set, colour] of colours.entries()) {
      const at = set * 2 * columns;
      for (let c = 0; c < channels; c++) {
        walk(c, Number(colour === 'white'), up, numbers.subarray(at, at + columns));
        walk(c, Number(colour === 'white'), down, numbers.subarray(at + columns, at + 2 * columns));
      }
    }
    arena.release(mark);
    return packNumbers(numbers);
  };
}
