import { SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import type { KernelContext, TileRaster } from '../../kernel.js';
import { sampleIndex } from '../../reference/samples/pixels.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import { NodataTable } from './nodata.js';

/**
 * Bits of a sample: how the assembly's functions end. Those of 32 take floats; uint32 reaches the few kernels that say so,
 * and the reference's for all others.
 */
export const BITS = { uint8: 8, uint16: 16, uint32: 32, float32: 32 } as const;

/** Computes `width` pixels of an output row from those at the same place of the input, all samples alike. */
export type PointRow = (source: number, into: number, y: number) => void;

/** Runs a row function over a tile. */
export type PointRows = (input: TileRaster, output: TileRaster, context: KernelContext, row: PointRow) => void;

/**
 * Operations on single samples, row by row, `y` in image coordinates. Alpha (of either kind) and nodata samples are put
 * back afterwards and results that equal nodata moved, so that row functions need not know them.
 */
export function pointRows(arena: WasmArena): PointRows {
  const module = instantiate(arena, 'samples/keep', ['keepRow8', 'keepRow16', 'keepRow32']);
  const nodata = new NodataTable(arena);
  return (input, output, context, row) => {
    const { rect, channels, dtype } = output;
    const keeps = nodata.fill(input, context.nodata) || context.alpha !== 'none';
    const alpha = context.alpha === 'none' ? -1 : channels - 1;
    for (let y = rect.y; y < rect.y + rect.height; y++) {
      const source = addressOf(arena, input, rect.x, y);
      const into = addressOf(arena, output, rect.x, y);
      row(source, into, y);
      if (keeps) module[`keepRow${BITS[dtype]}`](source, into, rect.width, channels, nodata.address, alpha);
    }
  };
}

/** Address of the first sample of a pixel, in image coordinates. */
export function addressOf(arena: WasmArena, raster: TileRaster, x: number, y: number): number {
  return arena.addressOf(raster.samples) + sampleIndex(raster, x, y) * SAMPLE_BYTES[raster.dtype];
}
