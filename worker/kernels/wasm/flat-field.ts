import { flatFieldOf } from '../../../tiling/operations/flat-field.js';
import { floatRowBytes } from '../../../tiling/operations/scratch.js';
import { type DType, SAMPLE_BYTES } from '../../../tiling/raster/dtype.js';
import type { Kernel, TileRaster } from '../kernel.js';
import { sampleIndex } from '../reference/pixels.js';
import type { WasmArena } from './arena.js';
import { type RowModule, rowModule, storeRow } from './float-rows.js';
import { instantiate } from './instance.js';
import { keepNodata } from './keep-nodata.js';

/** One row of a raster as float32, infinities and all. */
const LOAD = { uint8: 'load8', uint16: 'load16', float32: 'store32' } as const satisfies Record<DType, string>;

/** Frames that are images, in float32: a relative error of 2·10⁻⁷. Two numbers are a curve, which `table` takes. */
export function wasmFlatField(arena: WasmArena, table: Kernel): Kernel {
  const rows = rowModule(arena);
  const module = instantiate(arena, 'flat-field', ['repeat', 'flatten']);
  return (input, output, operation, context) => {
    const { dark, flat, scale } = flatFieldOf(operation, input.dtype);
    if (typeof dark === 'number' && typeof flat === 'number') return table(input, output, operation, context);
    const mark = arena.mark();
    const { rect, channels } = output;
    const count = rect.width * channels;
    const frameRow = (name: 'dark' | 'flat', frame: number | string): ((y: number) => number) => {
      const row = arena.alloc(floatRowBytes(count));
      if (typeof frame === 'number') {
        new Float32Array(arena.memory.buffer, row, floatRowBytes(count) / 4).fill(frame);
        return () => row;
      }
      const raster = context.extras![name]!;
      if (raster.channels === channels) return (y) => loadSamples(rows, arena, raster, y, { row, rect });
      const single = arena.alloc(floatRowBytes(rect.width));
      return (y) => {
        loadSamples(rows, arena, raster, y, { row: single, rect });
        module.repeat(single, row, rect.width, channels);
        return row;
      };
    };
    const [darkRow, flatRow] = [frameRow('dark', dark), frameRow('flat', flat)];
    const row = arena.alloc(floatRowBytes(count));
    for (let y = rect.y; y < rect.y + rect.height; y++) {
      loadSamples(rows, arena, input, y, { row, rect });
      module.flatten(row, darkRow(y), flatRow(y), scale, count);
      storeRow(rows, arena, output, y - rect.y, row);
    }
    arena.release(mark);
    if (context.alpha !== 'none') copyAlpha(input, output);
    keepNodata(input, output, context);
  };
}

/** Loads the samples of row y under `rect`, both in image coordinates; returns the row's address. */
function loadSamples(
  rows: RowModule,
  arena: WasmArena,
  raster: TileRaster,
  y: number,
  { row, rect }: { readonly row: number; readonly rect: TileRaster['rect'] },
): number {
  const source = arena.addressOf(raster.samples) + sampleIndex(raster, rect.x, y) * SAMPLE_BYTES[raster.dtype];
  rows[LOAD[raster.dtype]](source, row, rect.width * raster.channels);
  return row;
}

/** Alpha stays as it is. */
function copyAlpha(input: TileRaster, output: TileRaster): void {
  const { rect, channels } = output;
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    let from = sampleIndex(input, rect.x, y) + channels - 1;
    let to = sampleIndex(output, rect.x, y) + channels - 1;
    for (let x = 0; x < rect.width; x++, from += channels, to += channels) output.samples[to] = input.samples[from]!;
  }
}
