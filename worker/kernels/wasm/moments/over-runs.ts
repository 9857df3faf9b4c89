import { grow, intersect } from '../../../../tiling/geometry/rect.js';
import type { Footprint } from '../../../../tiling/operations/footprint/footprint.js';
import { PREFIX_BYTES, runStrip, runTableBytes } from '../../../../tiling/operations/scratch.js';
import { partOf, type TileRaster } from '../../kernel.js';
import type { WasmArena } from '../memory/arena.js';

/** A tile, or a strip of its columns with what they reach, under a footprint. */
export interface RunsTile {
  readonly input: TileRaster;
  readonly output: TileRaster;
  readonly footprint: Footprint;
}

/** How the rows of one strip are summed, and what is made of their sums. Rows count from the rasters' own first ones. */
export interface RunRows {
  /** Writes the sums of input row `row` from its left end, {@link PREFIX_BYTES} a sample at most, to `into`. */
  prefix(row: number, into: number): void;
  /** Makes output row `row` from `count` runs: addresses of their rows' sums, offsets of their first pixels, lengths. */
  results(row: number, runs: number, count: number): void;
}

/**
 * Runs over a tile by the runs of a footprint: sums from the left end of the last input rows lie in a ring. Wide tiles
 * under tall footprints are taken in strips of columns, so that the ring stays small.
 */
export function overRuns(arena: WasmArena, tile: RunsTile, rowsOf: (strip: RunsTile) => RunRows): void {
  const { input, output, footprint } = tile;
  const width = runStrip({ outputWidth: output.rect.width, channels: input.channels }, footprint);
  for (let from = 0; from < output.rect.width; from += width) {
    const columns = { x: output.rect.x + from, width: Math.min(width, output.rect.width - from) };
    const reached = { ...grow({ ...output.rect, ...columns }, footprint.reach), y: input.rect.y };
    const read = intersect({ ...reached, height: input.rect.height }, input.rect);
    const mark = arena.mark();
    const strip = { footprint, input: partOf(input, read), output: partOf(output, { ...output.rect, ...columns }) };
    overStrip(arena, strip, rowsOf(strip));
    arena.release(mark);
  }
}

function overStrip(arena: WasmArena, { input, output, footprint }: RunsTile, rows: RunRows): void {
  const { channels, rect } = input;
  const { runs } = footprint;
  const table = new Int32Array(arena.memory.buffer, arena.alloc(runTableBytes(runs.length)), runs.length * 3);
  const rowBytes = (rect.width + 1) * channels * PREFIX_BYTES;
  const ring = Array.from({ length: footprint.height }, () => arena.alloc(rowBytes));
  const slot = (row: number) => ring[row % ring.length]!;
  let next = 0;
  for (let y = 0; y < output.rect.height; y++) {
    const centre = output.rect.y - rect.y + y;
    for (const last = Math.min(rect.height - 1, centre + footprint.reach.bottom); next <= last; next++) {
      rows.prefix(next, slot(next));
    }
    let count = 0;
    for (const { dx, dy, length } of runs) {
      const row = centre + dy;
      if (row >= 0 && row < rect.height) table.set([slot(row), dx, length], 3 * count++);
    }
    rows.results(y, table.byteOffset, count);
  }
}
