import type { BoxLayout } from '../../../../tiling/operations/box-layout.js';
import { SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import type { TileRaster } from '../../kernel.js';
import type { WasmArena } from '../memory/arena.js';

/** Output pixels of one row: columns [x, x + width) of row y, in pixels of the input raster. */
export interface RowSpan {
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

/** The inner loops of one path. Numbers named `rows`, `radii`, `above` and `into` are addresses. */
export interface RowKernel {
  /** Writes summed-area row `row` + 1 from input row `row` and summed-area row `row`. */
  prefix(row: number, above: number, into: number): void;
  /** Means of a span whose windows all lie in the input. */
  whole(rows: number, span: RowSpan, radii: number, into: number): void;
  /** Means of a span whose windows are cut at the input's edges. */
  cut(rows: number, span: RowSpan, radii: number, into: number): void;
}

/** Radii of a tile as row kernels read them: uint16, `strideBytes` from row to row (0 for a fixed radius). */
export interface RadiusRows {
  readonly address: number;
  readonly strideBytes: number;
  readonly max: number;
}

/**
 * Walks a tile row by row: builds the summed-area rows that the next output row can reach into a ring, then
 * computes it. The ring keeps the working set near the processor (2·max + 2 rows instead of the whole tile).
 * The input stands cut at the image only where windows are to be cut there, so its own edges are the limits.
 */
export function runRows(
  arena: WasmArena,
  layout: BoxLayout,
  kernel: RowKernel,
  radii: RadiusRows,
  tile: { readonly input: TileRaster; readonly output: TileRaster },
): void {
  const { input, output } = tile;
  const { width, height } = input.rect;
  const rows = ringRows(arena, layout, height);
  const into = arena.addressOf(output.samples);
  const sampleBytes = SAMPLE_BYTES[output.dtype];
  const pixelBytes = output.channels * sampleBytes;
  const first = { x: output.rect.x - input.rect.x, y: output.rect.y - input.rect.y };
  const end = first.x + output.rect.width;
  const wholeFrom = Math.min(end, Math.max(first.x, radii.max));
  const wholeTo = Math.max(wholeFrom, Math.min(end, width - radii.max));

  let built = 0;
  for (let row = 0; row < output.rect.height; row++) {
    const y = first.y + row;
    for (const needed = Math.min(height, y + radii.max + 1); built < needed; built++) {
      kernel.prefix(built, rows.ring(built), rows.ring(built + 1));
    }
    const cutVertically = y < radii.max || y + radii.max + 1 > height;
    const spans: [number, number, RowKernel['whole']][] = cutVertically
      ? [[first.x, end, kernel.cut]]
      : [
          [first.x, wholeFrom, kernel.cut],
          [wholeFrom, wholeTo, kernel.whole],
          [wholeTo, end, kernel.cut],
        ];
    for (const [left, right, run] of spans) {
      if (left === right) continue;
      run(
        rows.address,
        { x: left, y, width: right - left },
        radii.address + row * radii.strideBytes + (left - first.x) * 2,
        into + row * output.stride * sampleBytes + (left - first.x) * pixelBytes,
      );
    }
  }
}

/** The ring, its row 0 zeroed, and the table from summed-area row to address that kernels read. */
function ringRows(arena: WasmArena, layout: BoxLayout, height: number) {
  const base = arena.alloc(layout.bytes.ring);
  const address = arena.alloc(layout.bytes.rows);
  const ring = (row: number): number => base + (row % layout.ringRows) * layout.ringRowBytes;
  const table = new Uint32Array(arena.memory.buffer, address, height + 1);
  for (let row = 0; row <= height; row++) table[row] = ring(row);
  new Uint8Array(arena.memory.buffer, base, layout.ringRowBytes).fill(0);
  return { address, ring };
}
