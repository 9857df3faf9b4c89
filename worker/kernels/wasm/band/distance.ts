import { distanceParams, handedRows, memberColours } from '../../../../tiling/operations/band/distance.js';
import { type DType, SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import type { Kernel, TileRaster } from '../../kernel.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import { NODATA_ENTRY_BYTES, NodataTable } from '../samples/nodata.js';
import { addressOf, BITS } from '../samples/point-rows.js';
import { validityOf } from '../samples/validity-rows.js';

const EXPORTS = [
  ...(['nextRow8', 'nextRow16', 'nextRow32', 'nextRowLabels', 'ways', 'euclidean', 'taxicab', 'chessboard'] as const),
  ...(['finish8', 'finish16', 'finish32', 'finishLabels'] as const),
] as const;

/** What a column's next member is numbered as that lies below its band. */
const BEYOND = 0xffff;

/** One set's rows in the arena. */
interface MemberRows {
  readonly white: boolean;
  /** uint16 for each pixel of the band and a row below it. */
  readonly next: number;
  /** int32 for each column. */
  readonly up: Int32Array;
  readonly below: Int32Array;
  /** float64 for each column. */
  readonly distances: number;
}

/** Exact distances, sample for sample the reference's: by lower envelopes instead of all columns. */
export function wasmDistance(arena: WasmArena): Kernel {
  const module = instantiate(arena, 'band/distance', EXPORTS);
  const nodata = new NodataTable(arena);
  return (input, output, operation, context) => {
    const params = distanceParams(operation);
    const { rect: band, channels } = input;
    const { rect } = output;
    const anyNodata = nodata.fill(input, context.nodata);
    const handed = handedRows(operation, context.handed!, { width: band.width, channels });
    const validAt = validityOf(arena, input);
    const step = channels * SAMPLE_BYTES[input.dtype];
    const plain = !anyNodata && input.valid === undefined;
    const isSquared = params.metric === 'euclidean';
    const mark = arena.mark();
    const ways = arena.alloc(band.width * 8);
    const stack = arena.alloc(band.width * 24);
    const sets = memberColours(params).map((colour) => rowsFor(arena, band, colour === 'white'));
    for (let c = 0; c < channels; c++) {
      for (const [position, { white, next, up, below }] of sets.entries()) {
        const rows = handed[position]!;
        for (let x = 0; x < band.width; x++) {
          up[x] = rows.above[x * channels + c]!;
          below[x] = rows.below[x * channels + c]!;
        }
        new Uint16Array(arena.memory.buffer, next + band.height * band.width * 2, band.width).fill(BEYOND);
        for (let row = band.height - 1; row >= 0; row--) {
          const source = addressOf(arena, input, band.x, band.y + row) + c * SAMPLE_BYTES[input.dtype];
          const at = next + row * band.width * 2;
          const entry = nodata.address + c * NODATA_ENTRY_BYTES;
          const valid = validAt(band.x, band.y + row);
          const about = [Number(white), entry, valid, Number(plain)] as const;
          module[`nextRow${endingOf(input.dtype)}`](source, step, band.width, row, ...about, at + band.width * 2, at);
        }
      }
      for (let y = band.y; y < rect.y + rect.height; y++) {
        for (const { next, up, below, distances } of sets) {
          const at = next + (y - band.y) * band.width * 2;
          module.ways(at, up.byteOffset, below.byteOffset, ways, band.width, y, band.y, params.dy, Number(isSquared));
          if (y < rect.y) continue;
          module[params.metric](ways, band.width, stack, distances, rect.x, rect.x + rect.width, params.dx);
        }
        if (y < rect.y) continue;
        const [outside, inside] = sets;
        const into = addressOf(arena, output, rect.x, y) + c * SAMPLE_BYTES[output.dtype];
        const root = Number(isSquared && !params.squared);
        const { cap = Number.POSITIVE_INFINITY, scale } = params;
        const stride = channels * SAMPLE_BYTES[output.dtype];
        const finish = module[`finish${endingOf(output.dtype)}`];
        finish(outside!.distances, inside?.distances ?? 0, into, stride, rect.width, root, cap, scale);
      }
    }
    arena.release(mark);
  };
}

/** How the functions for a sample type are called. */
export function endingOf(dtype: DType) {
  return dtype === 'uint32' ? ('Labels' as const) : BITS[dtype];
}

function rowsFor(arena: WasmArena, { width, height }: TileRaster['rect'], white: boolean): MemberRows {
  const ints = () => new Int32Array(arena.memory.buffer, arena.alloc(width * 4), width);
  const next = arena.alloc((height + 1) * width * 2);
  return { white, next, up: ints(), below: ints(), distances: arena.alloc(width * 8) };
}
