import { distanceParams, handedRows, memberColours } from '../../../../tiling/operations/band/distance.js';
import { SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import type { Kernel, TileRaster } from '../../kernel.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import { NodataTable } from '../samples/nodata.js';
import { addressOf } from '../samples/point-rows.js';
import { bandPixels, endingOf } from './band-pixels.js';

const NEXT_ROWS = ['nextRows8', 'nextRows16', 'nextRows32', 'nextRowsLabels'] as const;
const DISTANCES = ['listColumns', 'distanceRows8', 'distanceRows16', 'distanceRows32', 'distanceRowsLabels'] as const;

/** How the assembly knows the metrics. */
const METRIC = { euclidean: 0, chessboard: 1, taxicab: 2 } as const;

/** One set's rows in the arena, as the assembly's `MemberSet` has them. */
interface MemberRows {
  readonly address: number;
  readonly white: boolean;
  /** uint16 for each pixel of the band and a row below it, and an address for each row. */
  readonly next: number;
  readonly lines: number;
  /** int32 for each column. */
  readonly up: Int32Array;
  readonly below: Int32Array;
}

/** Exact distances, sample for sample the reference's: by lower envelopes instead of all columns. */
export function wasmDistance(arena: WasmArena): Kernel {
  const members = instantiate(arena, 'band/members', NEXT_ROWS);
  const module = instantiate(arena, 'band/distance', DISTANCES);
  const nodata = new NodataTable(arena);
  return (input, output, operation, context) => {
    const params = distanceParams(operation);
    const { rect: band, channels } = input;
    const { rect } = output;
    const anyNodata = nodata.fill(input, context.nodata);
    const handed = handedRows(operation, context.handed!, { width: band.width, channels });
    const mark = arena.mark();
    const ways = arena.alloc(band.width * 8);
    const stack = arena.alloc(band.width * 24);
    const sets = memberColours(params).map((colour) => rowsFor(arena, band, colour === 'white'));
    const [outside, inside] = sets;
    const root = params.metric === 'euclidean' && !params.squared;
    const { cap = Number.POSITIVE_INFINITY, scale, dx, dy } = params;
    const sampleBytes = SAMPLE_BYTES[output.dtype];
    for (let channel = 0; channel < channels; channel++) {
      for (const [position, { address, white, next, lines, up, below }] of sets.entries()) {
        takeChannel(handed[position]!.above, up, { channels, channel });
        takeChannel(handed[position]!.below, below, { channels, channel });
        const pixels = bandPixels(arena, input, { channel, white, nodata, anyNodata });
        members[`nextRows${endingOf(input.dtype)}`](...pixels, next, lines);
        module.listColumns(address, band.width);
      }
      module[`distanceRows${endingOf(output.dtype)}`](
        ...([outside!.address, inside?.address ?? 0, ways, stack, band.width] as const),
        ...([band.y, rect.y, rect.y + rect.height, rect.x, rect.x + rect.width] as const),
        ...([dx, dy, METRIC[params.metric], Number(root), cap, scale] as const),
        addressOf(arena, output, rect.x, rect.y) + channel * sampleBytes,
        ...([output.stride * sampleBytes, channels * sampleBytes] as const),
      );
    }
    arena.release(mark);
  };
}

function takeChannel(
  from: Int32Array,
  into: Int32Array,
  { channels, channel }: { readonly channels: number; readonly channel: number },
): void {
  if (channels === 1) into.set(from);
  else for (let x = 0; x < into.length; x++) into[x] = from[x * channels + channel]!;
}

function rowsFor(arena: WasmArena, { width, height }: TileRaster['rect'], white: boolean): MemberRows {
  const ints = (length: number) => new Int32Array(arena.memory.buffer, arena.alloc(length * 4), length);
  const next = arena.alloc((height + 1) * width * 2);
  const lines = arena.alloc(height * 4);
  const [up, below, columns] = [ints(width), ints(width), ints(width)];
  const set = ints(6);
  set.set([lines, up.byteOffset, below.byteOffset, columns.byteOffset, 0, arena.alloc(width * 8)]);
  return { address: set.byteOffset, white, next, lines, up, below };
}
