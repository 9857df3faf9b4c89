import { columnBoxBytes } from '../../../../tiling/operations/box-layout.js';
import type { TileRaster } from '../../kernel.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';

/** Box means of uint8 of one radius, of 1 to 4 channels without weights, as `takesColumns` has it. */
export type ColumnBox = (tile: { readonly input: TileRaster; readonly output: TileRaster }, radius: number) => void;

/**
 * Sums down the columns slide from row to row. The input stands cut at the image only where windows are to be cut there, so its
 * own edges are the limits.
 */
export function columnBox(arena: WasmArena): ColumnBox {
  const module = instantiate(arena, 'box/box-columns', ['slideColumns', 'wholeRow1', 'wholeRow4', 'cutRow']);
  return ({ input, output }, radius) => {
    const { rect, channels, stride } = input;
    const { width, height } = rect;
    const bytes = columnBoxBytes(rect.width, channels);
    const before = arena.alloc(bytes.columns);
    // The column before the first one is read.
    const columns = before + 16;
    const [zeros, results] = [arena.alloc(bytes.row), arena.alloc(bytes.row)];
    const memory = new Uint8Array(arena.memory.buffer);
    memory.fill(0, before, before + bytes.columns);
    memory.fill(0, zeros, zeros + bytes.row);
    const source = arena.addressOf(input.samples);
    const into = arena.addressOf(output.samples);
    const rowAt = (row: number) => (row < 0 || row >= height ? zeros : source + row * stride);

    const left = output.rect.x - rect.x;
    const end = left + output.rect.width;
    const wholeFrom = Math.min(end, Math.max(left, radius));
    const wholeTo = Math.max(wholeFrom, Math.min(end, width - radius));
    const side = 2 * radius + 1;
    const wholeRow = (from: number, to: number, at: number, rows: number) => {
      const count = rows * side;
      const half = count % 2 === 0 ? 0.5 : 0;
      const place = columns + (from - radius) * channels * 4;
      if (channels > 1) module.wholeRow4(place, side, to - from, 1 / count, half, at, channels);
      else module.wholeRow1(place, side, to - from, 1 / count, half, results, at);
    };
    const top = output.rect.y - rect.y;
    for (let row = top - radius; row < top + radius; row++) {
      module.slideColumns(rowAt(row), zeros, columns, width * channels);
    }
    for (let y = 0; y < output.rect.height; y++) {
      const centre = top + y;
      const leaving = y === 0 ? zeros : rowAt(centre - radius - 1);
      module.slideColumns(rowAt(centre + radius), leaving, columns, width * channels);
      const rows = Math.min(height, centre + radius + 1) - Math.max(0, centre - radius);
      const line = into + y * output.stride;
      const at = (x: number) => line + (x - left) * channels;
      module.cutRow(columns, left, radius, width, rows, wholeFrom - left, at(left), channels);
      if (wholeFrom < wholeTo) wholeRow(wholeFrom, wholeTo, at(wholeFrom), rows);
      module.cutRow(columns, wholeTo, radius, width, rows, end - wholeTo, at(wholeTo), channels);
    }
  };
}
