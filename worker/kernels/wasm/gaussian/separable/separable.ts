import { floatRowBytes } from '../../../../../tiling/operations/scratch.js';
import type { KernelContext, TileRaster } from '../../../kernel.js';
import type { WasmArena } from '../../memory/arena.js';
import { loadRow, type RowModule, storeRow, weightRows } from '../../samples/float-rows.js';
import { hasInvalid, keepInvalid } from '../../samples/invalid-samples.js';
import { keepUnweighted } from '../../samples/keep-unweighted.js';
import { clipScale } from './clip-scale.js';

/**
 * Σ w(dx)·w(dy)·s / Σ w(dx)·w(dy) for symmetric `weights` (index 0 is the centre), rows first: each input row
 * is filtered once into a ring of 2r + 1 rows, each output row sums the ring. Where samples have weights of
 * their own (nodata, alpha), the weights pass through the same filter and divide the sums; where border `clip`
 * only cuts windows, the division is by a factor per column and one per row.
 */
export function separableMean(
  arena: WasmArena,
  module: RowModule,
  tile: { readonly input: TileRaster; readonly output: TileRaster },
  weights: Float64Array,
  context: KernelContext,
): void {
  const { input, output } = tile;
  const mark = arena.mark();
  const radius = weights.length - 1;
  const weighted = context.alpha === 'unassociated' || hasInvalid(input, context);
  const taps = normalised(weights);
  const tapAddress = arena.alloc(floatRowBytes(radius + 1));
  floats(arena, tapAddress, radius + 1).set(taps);
  const planes = Array.from({ length: weighted ? 2 : 1 }, () => new RingPlane(arena, module, tile, tapAddress, radius));
  const [sums, shares] = planes;
  const addWeights = weighted ? weightRows(input, context) : undefined;
  const count = output.rect.width * output.channels;
  const scale = weighted ? undefined : clipScale(arena, taps, tile);

  const load = (row: number) => {
    if (addWeights) addWeights(row, sums!.inputRow, shares!.inputRow);
    else loadRow(module, arena, input, row, sums!.inputAddress);
    for (const plane of planes) plane.push(row);
  };
  let next = 0;
  for (let y = 0; y < output.rect.height; y++) {
    const centre = output.rect.y - input.rect.y + y;
    const last = Math.min(input.rect.height - 1, centre + radius);
    while (next <= last) load(next++);
    const result = sums!.blend(centre);
    const divisors = shares?.blend(centre);
    if (divisors !== undefined) module.divide(result, divisors, count);
    else if (scale) module.scale(result, scale.columns, scale.row(centre), count);
    storeRow(module, arena, output, y, result);
    if (divisors !== undefined && context.alpha === 'unassociated')
      keepUnweighted(input, output, y, { weights: floats(arena, divisors, count), lanes: output.channels, least: 0 });
  }
  arena.release(mark);
  keepInvalid(input, output, context);
}

/** One channel-interleaved plane on its way through the filter. */
class RingPlane {
  readonly inputAddress: number;
  /** The padded row where an input row is put before {@link push}; its margins stay 0. */
  readonly inputRow: Float32Array;
  private readonly ring: readonly number[];
  private readonly zeroRow: number;
  private readonly result: number;
  private readonly addresses: Uint32Array;
  private readonly count: number;
  private readonly centre: number;

  constructor(
    private readonly arena: WasmArena,
    private readonly module: RowModule,
    private readonly tile: { readonly input: TileRaster; readonly output: TileRaster },
    private readonly taps: number,
    private readonly radius: number,
  ) {
    const { input, output } = tile;
    const { channels } = output;
    this.count = output.rect.width * channels;
    const padded = (output.rect.width + 2 * radius) * channels;
    const address = arena.alloc(floatRowBytes(padded));
    floats(arena, address, floatRowBytes(padded) / 4).fill(0);
    this.centre = address + radius * channels * 4;
    this.inputAddress = this.centre + (input.rect.x - output.rect.x) * channels * 4;
    this.inputRow = floats(arena, this.inputAddress, input.rect.width * channels);
    this.ring = Array.from({ length: 2 * radius + 1 }, () => arena.alloc(floatRowBytes(this.count)));
    this.zeroRow = arena.alloc(floatRowBytes(this.count));
    floats(arena, this.zeroRow, floatRowBytes(this.count) / 4).fill(0);
    this.result = arena.alloc(floatRowBytes(this.count));
    this.addresses = new Uint32Array(arena.memory.buffer, arena.alloc(floatRowBytes(2 * radius + 1)), 2 * radius + 1);
  }

  /** Filters the input row that was put in place along itself. */
  push(row: number): void {
    const { input } = this.tile;
    // Loading rounds up to whole vectors and may have written into the right margin.
    const end = this.inputAddress + input.rect.width * input.channels * 4;
    floats(this.arena, end, 16 + Math.max(0, this.marginAfter())).fill(0);
    const into = this.ring[row % this.ring.length]!;
    this.module.along(this.centre, into, this.count, input.channels, this.taps, this.radius);
  }

  /** The sum across rows around input row `centre`; the address holds until the next call. */
  blend(centre: number): number {
    const { height } = this.tile.input.rect;
    for (let k = -this.radius; k <= this.radius; k++) {
      const row = centre + k;
      const inside = row >= 0 && row < height;
      this.addresses[k + this.radius] = inside ? this.ring[row % this.ring.length]! : this.zeroRow;
    }
    this.module.across(this.addresses.byteOffset, this.result, this.count, this.taps, this.radius);
    return this.result;
  }

  /** Samples between the input row's end and the end of the window. */
  private marginAfter(): number {
    const { input, output } = this.tile;
    return (output.rect.x + output.rect.width + this.radius - input.rect.x - input.rect.width) * input.channels;
  }
}

/** Weights of which centre and both sides sum to 1. */
function normalised(weights: Float64Array): Float64Array {
  const sum = weights.reduce((total, weight, i) => total + (i === 0 ? weight : 2 * weight), 0);
  return weights.map((weight) => weight / sum);
}

function floats(arena: WasmArena, address: number, length: number): Float32Array {
  return new Float32Array(arena.memory.buffer, address, length);
}
