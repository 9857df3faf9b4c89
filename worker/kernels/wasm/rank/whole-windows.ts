import type { Footprint } from '../../../../tiling/operations/footprint/footprint.js';
import { memberOffsets } from '../../../../tiling/operations/footprint/runs.js';
import {
  bitRowBytes,
  MEDIAN_STRIP_BYTES,
  medianPlaneBytes,
  type RankForm,
  rankFormBytes,
} from '../../../../tiling/operations/rank/rank-form.js';
import { SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import type { TileRaster } from '../../kernel.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import { addressOf, BITS } from '../samples/point-rows.js';

/** The sample at sorted position `rank` under a footprint whose windows all lie in the input, none of it invalid. */
export interface WholeWindows {
  readonly input: TileRaster;
  readonly output: TileRaster;
  readonly footprint: Footprint;
  readonly rank: number;
}

/** Ranks a vector of samples at a time, in a form other than `single`. */
export interface WholeRanks {
  take(form: RankForm, windows: WholeWindows): void;
  /** Whether it takes such an input: NaN has no place in an order, and infinities stay with it in the other form. */
  isOrdered(input: TileRaster): boolean;
}

/** Ranks of whole windows over an arena. */
export function wholeRanks(arena: WasmArena): WholeRanks {
  const median = instantiate(arena, 'rank/median', [
    ...(['configure', 'anyNonFinite', 'medianRows5x5Of8', 'medianRows5x5Of16', 'medianRows5x5Of32'] as const),
    ...(['medianRow3x3Of8', 'medianRow3x3Of16', 'medianRow3x3Of32'] as const),
  ]);
  const bits = instantiate(arena, 'rank/bits', ['rankRow8', 'rankRow16']);

  function medians({ input, output, footprint }: WholeWindows): void {
    const { dtype, channels, rect } = output;
    const pixelBytes = channels * SAMPLE_BYTES[dtype];
    const [from, into] = placesOf(arena, input, output, footprint);
    const bytes = rect.width * pixelBytes;
    const scratch = arena.alloc(rankFormBytes('median-5x5', { outputWidth: rect.width, channels, dtype }, footprint));
    median.configure(from.stride, into.stride, pixelBytes, MEDIAN_STRIP_BYTES, medianPlaneBytes(pixelBytes), scratch);
    if (footprint.width === 3) {
      const row = median[`medianRow3x3Of${BITS[dtype]}`];
      for (let y = 0; y < rect.height; y++) row(from.address + y * from.stride, into.address + y * into.stride, bytes);
      return;
    }
    const rows = median[`medianRows5x5Of${BITS[dtype]}`];
    for (let y = 0; y < rect.height; y += 2) {
      const count = Math.min(2, rect.height - y);
      rows(from.address + y * from.stride, into.address + y * into.stride, bytes, count);
    }
  }

  function byBits({ input, output, footprint, rank }: WholeWindows): void {
    const { dtype, channels, rect } = output;
    const pixelBytes = channels * SAMPLE_BYTES[dtype];
    const [from, into] = placesOf(arena, input, output, footprint);
    const { left, top } = footprint.reach;
    const offsets = Uint32Array.from(
      memberOffsets(footprint),
      ({ dx, dy }) => (dy + top) * from.stride + (dx + left) * pixelBytes,
    );
    const table = arena.alloc(offsets.byteLength);
    new Uint32Array(arena.memory.buffer, table, offsets.length).set(offsets);
    const bytes = rect.width * pixelBytes;
    const results = arena.alloc(bitRowBytes(bytes));
    const memory = new Uint8Array(arena.memory.buffer);
    const row = dtype === 'uint8' ? bits.rankRow8 : bits.rankRow16;
    for (let y = 0; y < rect.height; y++) {
      row(from.address + y * from.stride, table, offsets.length, results, bytes, rank);
      memory.copyWithin(into.address + y * into.stride, results, results + bytes);
    }
  }

  return {
    take: (form, windows) => {
      const mark = arena.mark();
      if (form === 'bits') byBits(windows);
      else medians(windows);
      arena.release(mark);
    },
    isOrdered: (input) => {
      const { rect, channels, dtype } = input;
      if (dtype !== 'float32') return true;
      for (let y = rect.y; y < rect.y + rect.height; y++) {
        if (median.anyNonFinite(addressOf(arena, input, rect.x, y), rect.width * channels)) return false;
      }
      return true;
    },
  };
}

interface Place {
  readonly address: number;
  /** Bytes from one row to the next. */
  readonly stride: number;
}

/** The first sample of the first window's rectangle, and that of the output. */
function placesOf(arena: WasmArena, input: TileRaster, output: TileRaster, { reach }: Footprint): [Place, Place] {
  const { x, y } = output.rect;
  const sampleBytes = SAMPLE_BYTES[input.dtype];
  return [
    { address: addressOf(arena, input, x - reach.left, y - reach.top), stride: input.stride * sampleBytes },
    { address: addressOf(arena, output, x, y), stride: output.stride * sampleBytes },
  ];
}
