import { type DType, SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import type { TileRaster } from '../../kernel.js';
import type { WasmArena } from '../memory/arena.js';
import { NODATA_ENTRY_BYTES, type NodataTable } from '../samples/nodata.js';
import { addressOf, BITS } from '../samples/point-rows.js';
import { validityOf } from '../samples/validity-rows.js';

/** Which pixels of a band are members of what. */
interface Members {
  readonly channel: number;
  readonly white: boolean;
  /** Filled for the band; whether it has an entry for any channel. */
  readonly nodata: NodataTable;
  readonly anyNodata: boolean;
}

/** The first arguments of the functions over one channel of a band, from `source` to `plain`. */
export function bandPixels(
  arena: WasmArena,
  band: TileRaster,
  { channel, white, nodata, anyNodata }: Members,
): readonly [number, number, number, number, number, number, number, number, number, number] {
  const { rect, channels, stride, dtype } = band;
  const sampleBytes = SAMPLE_BYTES[dtype];
  const source = addressOf(arena, band, rect.x, rect.y) + channel * sampleBytes;
  const valid = validityOf(arena, band)(rect.x, rect.y);
  return [
    ...([source, stride * sampleBytes, channels * sampleBytes, rect.width, rect.height, Number(white)] as const),
    ...([nodata.address + channel * NODATA_ENTRY_BYTES, valid, valid === 0 ? 0 : stride / channels] as const),
    Number(!anyNodata && valid === 0),
  ];
}

/** How the functions for a sample type are called. */
export function endingOf(dtype: DType) {
  return dtype === 'uint32' ? ('Labels' as const) : BITS[dtype];
}
