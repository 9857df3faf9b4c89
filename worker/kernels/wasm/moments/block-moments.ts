import { intersect, type Rect } from '../../../../tiling/geometry/rect.js';
import type { Footprint } from '../../../../tiling/operations/footprint/footprint.js';
import { blockRows } from '../../../../tiling/operations/scratch.js';
import type { KernelContext, TileRaster } from '../../kernel.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import { hasInvalid, keepInvalid } from '../samples/invalid-samples.js';
import { NODATA_ENTRY_BYTES, NodataTable } from '../samples/nodata.js';
import { addressOf } from '../samples/point-rows.js';
import { validityOf } from '../samples/validity-rows.js';

interface SpreadTile {
  readonly input: TileRaster;
  readonly output: TileRaster;
  /** A full rectangle. */
  readonly window: Footprint;
  readonly ddof: number;
  /** Deviations instead of variances. */
  readonly root: boolean;
}

/** Fills a float32 output with what the samples of rectangular windows spread. */
export type BlockSpread = (tile: SpreadTile, context: KernelContext) => void;

/**
 * Variances of float32 under rectangles, merged from ends and beginnings of blocks (`assembly/moments/block-moments.ts`).
 * Rows of moments of the last input rows lie in a ring as high as the window; wide tiles under high windows are taken in
 * strips of columns, so that it stays small. Blocks are anchored at the image's origin: tilings give equal samples.
 */
export function blockSpread(arena: WasmArena): BlockSpread {
  const module = instantiate(arena, 'moments/block-moments', ['spreadRow', 'alongRow', 'mergeRows', 'storeRow']);
  const nodata = new NodataTable(arena);

  function spreadStrip({ input, output, window, ddof, root }: SpreadTile, columns: Rect, context: KernelContext): void {
    const mark = arena.mark();
    const { channels } = input;
    const { reach } = window;
    const rows = blockRows({ outputWidth: columns.width, channels }, window);
    const { planeBytes } = rows;
    const ring = arena.alloc(rows.rowBytes * window.height);
    const beginning = arena.alloc(rows.rowBytes);
    const ends = arena.alloc(rows.endBytes);
    const [values, weights] = [arena.alloc(rows.columns * 8), arena.alloc(rows.columns * 8)];
    const nominal = {
      x: columns.x - reach.left,
      y: columns.y - reach.top,
      width: rows.columns,
      height: columns.height + window.height - 1,
    };
    const read = intersect(nominal, input.rect);
    const counted = hasInvalid(input, context) || read.width < nominal.width || read.height < nominal.height;
    const validAt = validityOf(arena, input);
    const slot = (y: number) => ring + modulo(y, window.height) * rows.rowBytes;
    const place = modulo(nominal.x, window.width);

    const zero = (address: number, bytes: number) => new Uint8Array(arena.memory.buffer, address, bytes).fill(0);
    for (const line of [values, weights]) zero(line, rows.columns * 8);

    /** Puts the moments along row y into the ring; a row beyond the image holds no sample. */
    const arrive = (y: number) => {
      if (y < read.y || y >= read.y + read.height) {
        zero(slot(y), rows.rowBytes);
        return;
      }
      const offset = (read.x - nominal.x) * 8;
      for (let c = 0; c < channels; c++) {
        const samples = [addressOf(arena, input, read.x, y) + c * 4, read.width, channels] as const;
        const validity = [nodata.address + c * NODATA_ENTRY_BYTES, validAt(read.x, y)] as const;
        module.spreadRow(...samples, ...validity, values + offset, counted ? weights + offset : 0);
        const lines = [values, counted ? weights : 0, rows.columns] as const;
        const windows = [window.width, place, columns.width, ends] as const;
        module.alongRow(...lines, ...windows, slot(y) + c * columns.width * 8, planeBytes);
      }
    };
    const merge = (a: number, b: number, into: number, share: number) =>
      module.mergeRows(a, b, into, planeBytes, share, Number(counted));

    let next = nominal.y;
    for (let y = columns.y; y < columns.y + columns.height; y++) {
      const top = y - reach.top;
      const end = top - modulo(top, window.height) + window.height;
      for (; next < top + window.height; next++) {
        arrive(next);
        if (next === end)
          new Uint8Array(arena.memory.buffer).copyWithin(beginning, slot(next), slot(next) + rows.rowBytes);
        else if (next > end) merge(beginning, slot(next), beginning, 1 / (next - end + 1));
      }
      if (y === columns.y || end - top === window.height) {
        for (let row = end - 2; row >= top; row--)
          merge(slot(row), slot(row + 1), slot(row), (end - 1 - row) / (end - row));
      }
      if (end - top < window.height)
        merge(slot(top), beginning, slot(top), (top + window.height - end) / window.height);
      for (let c = 0; c < channels; c++) {
        const into = addressOf(arena, output, columns.x, y) + c * 4;
        const row = slot(top) + c * columns.width * 8;
        const { width } = columns;
        module.storeRow(row, planeBytes, width, window.count, ddof, Number(root), Number(counted), into, channels * 4);
      }
    }
    arena.release(mark);
  }

  return (tile, context) => {
    const { input, output, window } = tile;
    nodata.fill(input, context.nodata);
    const { strip } = blockRows({ outputWidth: output.rect.width, channels: input.channels }, window);
    for (let from = 0; from < output.rect.width; from += strip) {
      const width = Math.min(strip, output.rect.width - from);
      spreadStrip(tile, { ...output.rect, x: output.rect.x + from, width }, context);
    }
    keepInvalid(input, output, context);
  };
}

/** The remainder that is never negative. */
function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}
