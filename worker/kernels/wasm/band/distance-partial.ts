import { distanceParams, memberColours } from '../../../../tiling/operations/band/distance.js';
import { packNumbers } from '../../../../tiling/operations/band/packed-numbers.js';
import type { PartialKernel } from '../../kernel.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import { NodataTable } from '../samples/nodata.js';
import { bandPixels, endingOf } from './band-pixels.js';

/** The reference's partial, both rows of a column in one pass. */
export function wasmDistancePartial(arena: WasmArena): PartialKernel {
  const module = instantiate(arena, 'band/members', [
    ...(['memberRows8', 'memberRows16', 'memberRows32', 'memberRowsLabels'] as const),
  ]);
  const nodata = new NodataTable(arena);
  return (band, operation, context) => {
    const colours = memberColours(distanceParams(operation));
    const { rect, channels, dtype } = band;
    const columns = rect.width * channels;
    const numbers = new Int32Array(colours.length * 2 * columns);
    const anyNodata = nodata.fill(band, context.nodata);
    const mark = arena.mark();
    const found = [0, 1].map(() => new Int32Array(arena.memory.buffer, arena.alloc(rect.width * 4), rect.width));
    const rows = arena.alloc(rect.width * 4);
    for (const [set, colour] of colours.entries()) {
      for (let c = 0; c < channels; c++) {
        module[`memberRows${endingOf(dtype)}`](
          ...bandPixels(arena, band, { channel: c, white: colour === 'white', nodata, anyNodata }),
          ...([rows, rect.y, found[0]!.byteOffset, found[1]!.byteOffset] as const),
        );
        for (const [which, row] of found.entries())
          putChannel(row, numbers.subarray((set * 2 + which) * columns + c), channels);
      }
    }
    arena.release(mark);
    return packNumbers(numbers);
  };
}

function putChannel(row: Int32Array, into: Int32Array, channels: number): void {
  if (channels === 1) into.set(row);
  else for (const [x, value] of row.entries()) into[x * channels] = value;
}
