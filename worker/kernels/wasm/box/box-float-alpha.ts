import type { KernelContext, TileRaster } from '../../kernel.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import { quantumOf } from '../samples/float-range.js';
import { NodataTable } from '../samples/nodata.js';
import { validityOf } from '../samples/validity-rows.js';
import type { RowKernel } from './box-rows.js';

/** Exponents of float64. */
const EXPONENTS = 2048;
const BIAS = 1023;
/** One product in so many may be too large for the quantum, */
const OUTLIERS = 2 ** -16;
/** if the others are smaller by this power of two: their windows are summed one by one. */
const GAP = 24;

/** Row functions for float32 whose last channel is unassociated alpha; `count` is how many pixels the largest window holds. */
export type FloatAlphaRows = (input: TileRaster, context: KernelContext, count: number) => RowKernel;

/** The row functions of `assembly/box/box-float-alpha.ts`. */
export function floatAlphaRows(arena: WasmArena): FloatAlphaRows {
  const module = instantiate(arena, 'box/box-float-alpha', ['countRow', 'prefixRow', 'meansRow']);
  const nodata = new NodataTable(arena);
  const largestWeight = arena.reserve(8);
  const bins = arena.reserve(EXPONENTS * 4);
  return (input, context, count) => {
    const { channels, rect } = input;
    const first = arena.addressOf(input.samples);
    const strideBytes = input.stride * 4;
    const validAt = validityOf(arena, input);
    const validRow = (row: number) => validAt(rect.x, rect.y + row);
    nodata.fill(input, context.nodata);
    const weights = new Float64Array(arena.memory.buffer, largestWeight, 1).fill(0);
    const counts = new Uint32Array(arena.memory.buffer, bins, EXPONENTS).fill(0);
    for (let row = 0; row < rect.height; row++) {
      const at = [nodata.address, validRow(row), bins, largestWeight] as const;
      module.countRow(first + row * strideBytes, rect.width, channels, ...at);
    }
    const most = mostOf(counts);
    const [product, weight] = [quantumOf(most, count), quantumOf(weights[0]!, count)];
    const run: RowKernel['cut'] = (rows, { x, y, width }, radii, into) => {
      const samples = [first, strideBytes, channels, product / weight, nodata.address, validRow(0)] as const;
      module.meansRow(rows, x, y, radii, into, width, rect.width, rect.height, ...samples);
    };
    return {
      prefix: (row, above, into) => {
        const from = first + row * strideBytes;
        const quanta = [1 / product, 1 / weight, most] as const;
        module.prefixRow(from, above, into, rect.width, channels, ...quanta, nodata.address, validRow(row));
      },
      whole: run,
      cut: run,
    };
  };
}

/** What products that the quantum is for are at most, given how many there are of each exponent; 0 where there is none. */
function mostOf(counts: Uint32Array): number {
  const allowed = Math.max(1, counts.reduce((sum, count) => sum + count, 0) * OUTLIERS);
  const top = counts.findLastIndex((count) => count > 0);
  if (top < 0) return 0;
  let exponent = top;
  for (let above = counts[top]!, next = top - 1; next > 0 && above <= allowed; next--) {
    if (counts[next]! > 0) exponent = next;
    above += counts[next]!;
  }
  return 2 ** ((top - exponent < GAP ? top : exponent) - BIAS + 1);
}
