import type { KernelContext, TileRaster } from '../../kernel.js';
import { nodataSample } from '../../reference/samples/nodata.js';
import type { WasmArena } from '../memory/arena.js';

/** Bytes of one channel's entry. */
export const NODATA_ENTRY_BYTES = 16;

/** The nodata values of a tile's channels where the assembly reads them (`assembly/lib/nodata.ts`). */
export class NodataTable {
  readonly address: number;

  /** Reserves room for up to 1024 channels, so this comes before the first tile. */
  constructor(
    private readonly arena: WasmArena,
    private readonly maxChannels = 1024,
  ) {
    this.address = arena.reserve(maxChannels * NODATA_ENTRY_BYTES);
  }

  /** Fills the table; whether any channel has a nodata value that its type can hold. */
  fill({ dtype, channels }: Pick<TileRaster, 'dtype' | 'channels'>, nodata: KernelContext['nodata']): boolean {
    if (channels > this.maxChannels) throw new RangeError(`${channels} channels, at most ${this.maxChannels}`);
    const entries = new DataView(this.arena.memory.buffer, this.address, channels * NODATA_ENTRY_BYTES);
    let any = false;
    for (let c = 0; c < channels; c++) {
      const value = nodataSample(dtype, nodata?.[c]);
      entries.setFloat64(c * NODATA_ENTRY_BYTES, value ?? 0, true);
      entries.setUint32(c * NODATA_ENTRY_BYTES + 8, value === null ? 0 : 1, true);
      any ||= value !== null;
    }
    return any;
  }
}
