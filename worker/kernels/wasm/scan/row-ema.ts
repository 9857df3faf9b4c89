import { SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import type { Kernel } from '../../kernel.js';
import { rowEma as referenceRowEma } from '../../reference/row-ema.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import { NodataTable } from '../samples/nodata.js';
import { addressOf, BITS } from '../samples/point-rows.js';
import { validityOf } from '../samples/validity-rows.js';

const EXPORTS = ['fourRows8', 'fourRows16', 'fourRows32', 'row8', 'row16', 'row32'] as const;

/** Exponential moving average along rows, bit for bit the reference's: four rows at a time where none has invalid samples. */
export function wasmRowEma(arena: WasmArena): Kernel {
  const module = instantiate(arena, 'scan/row-ema', EXPORTS);
  const nodata = new NodataTable(arena);
  return (input, output, operation, context) => {
    if (input.dtype !== output.dtype) return referenceRowEma(input, output, operation, context);
    const alpha = operation.params.alpha as number;
    const { rect, channels, dtype } = output;
    const mark = arena.mark();
    const count = rect.height * channels;
    const carry = new Float64Array(arena.memory.buffer, arena.alloc(count * 8), count);
    if (context.carry) carry.set(context.carry);
    else carry.fill(Number.NaN);
    const invalid = nodata.fill(input, context.nodata) || input.valid !== undefined;
    const validAt = validityOf(arena, input);
    const bytes = SAMPLE_BYTES[dtype];
    let y = 0;
    const next = () =>
      [addressOf(arena, input, rect.x, rect.y + y), addressOf(arena, output, rect.x, rect.y + y)] as const;
    const state = () => carry.byteOffset + y * channels * 8;
    for (; !invalid && y + 4 <= rect.height; y += 4) {
      const [from, into] = next();
      const strides = [input.stride * bytes, output.stride * bytes] as const;
      module[`fourRows${BITS[dtype]}`](from, strides[0], into, strides[1], rect.width, channels, state(), alpha);
    }
    for (; y < rect.height; y++) {
      const [from, into] = next();
      const valid = validAt(rect.x, rect.y + y);
      module[`row${BITS[dtype]}`](from, into, rect.width, channels, state(), nodata.address, alpha, valid);
    }
    context.carry?.set(carry);
    arena.release(mark);
  };
}
