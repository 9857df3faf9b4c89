import type { TileRaster } from '../../kernel.js';
import { sampleIndex } from '../../reference/samples/pixels.js';
import type { WasmArena } from '../memory/arena.js';

/** Address of the byte that says whether pixel (x, y), in image coordinates, counts; 0 where every pixel does. */
export type ValidityAt = (x: number, y: number) => number;

/** Where the assembly finds a raster's validity, rows of it from a pixel on. */
export function validityOf(arena: WasmArena, raster: TileRaster): ValidityAt {
  const { valid, channels } = raster;
  if (valid === undefined) return () => 0;
  const start = arena.addressOf(valid);
  return (x, y) => start + sampleIndex(raster, x, y) / channels;
}
