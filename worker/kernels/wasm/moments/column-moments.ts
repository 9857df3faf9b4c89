import type { Footprint } from '../../../../tiling/operations/footprint/footprint.js';
import { columnMomentBytes } from '../../../../tiling/operations/scratch.js';
import type { TileRaster } from '../../kernel.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import { addressOf } from '../samples/point-rows.js';

/** Variances over n − ddof, or their roots, of uint8 under rectangular windows that lie wholly in the input, all of it valid. */
export interface ColumnSpread {
  readonly input: TileRaster;
  readonly output: TileRaster;
  readonly window: Footprint;
  readonly ddof: number;
  readonly root: boolean;
}

/** What samples count from in `assembly/moments/column-moments.ts`: a row of it adds nothing to its columns. */
const PIVOT = 128;

/** Sums down the columns slide from row to row. */
export function columnSpread(arena: WasmArena): (tile: ColumnSpread) => void {
  const module = instantiate(arena, 'moments/column-moments', ['slideColumns', 'sumColumns', 'spreadRow']);
  return ({ input, output, window, ddof, root }) => {
    const mark = arena.mark();
    const { channels, rect, dtype } = output;
    const { left, top } = window.reach;
    const columnsAcross = rect.width + window.width - 1;
    const count = columnsAcross * channels;
    const width = rect.width * channels;
    const bytes = columnMomentBytes(columnsAcross, channels);
    const [sums, squares] = [arena.alloc(bytes.columns), arena.alloc(bytes.columns)];
    const [sumsAlong, squaresAlong] = [arena.alloc(bytes.along), arena.alloc(bytes.along)];
    const [blank, results] = [arena.alloc(bytes.row), arena.alloc(bytes.along)];
    const memory = new Uint8Array(arena.memory.buffer);
    memory.fill(0, sums, sums + bytes.columns);
    memory.fill(0, squares, squares + bytes.columns);
    memory.fill(PIVOT, blank, blank + bytes.row);
    const single = dtype === 'float32';
    const found = new (single ? Float32Array : Uint8Array)(arena.memory.buffer, results, width);
    const source = addressOf(arena, input, rect.x - left, rect.y - top);
    const slide = (entering: number, leaving: number) => module.slideColumns(entering, leaving, sums, squares, count);
    for (let row = 0; row < window.height - 1; row++) slide(source + row * input.stride, blank);
    for (let y = 0; y < rect.height; y++) {
      const leaving = y === 0 ? blank : source + (y - 1) * input.stride;
      slide(source + (y + window.height - 1) * input.stride, leaving);
      module.sumColumns(sums, channels, sumsAlong, columnsAcross);
      module.sumColumns(squares, channels, squaresAlong, columnsAcross);
      const terms = [window.width * channels, width, window.count, ddof, Number(root), Number(single)] as const;
      module.spreadRow(sumsAlong, squaresAlong, ...terms, results);
      output.samples.set(found, y * output.stride);
    }
    arena.release(mark);
  };
}
