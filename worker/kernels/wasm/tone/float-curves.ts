import { flatFieldOf } from '../../../../tiling/operations/flat-field.js';
import type { Operation } from '../../../../tiling/operations/index.js';
import { thresholdParams } from '../../../../tiling/operations/threshold.js';
import { gammaOf, levelsOf } from '../../../../tiling/operations/tone.js';
import { CURVE_TABLE_BYTES, toneTableOf } from '../../../../tiling/operations/tone-table.js';
import type { Kernel, TileRaster } from '../../kernel.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import type { PointRows } from '../samples/point-rows.js';

const EXPORTS = ['powerRow', 'linearRow', 'aboveRow', 'tableRow'] as const;

/** Computes `count` samples of one row. */
type Row = (source: number, into: number) => void;

/**
 * Curves over float32 samples: tones, a flat field of two numbers, a fixed threshold or Otsu's. Powers are within
 * 10⁻¹⁰ of the reference before they are stored, everything else equals it. Integers, and what is no such curve, go to
 * `table`.
 */
export function wasmFloatCurves(arena: WasmArena, points: PointRows, table: Kernel): Kernel {
  const module = instantiate(arena, 'tone/curves', EXPORTS);

  function rowOf(operation: Operation, output: TileRaster): Row | undefined {
    const { channels, rect } = output;
    const count = rect.width * channels;
    switch (operation.name) {
      case 'gamma': {
        const { gamma, gain } = gammaOf(operation);
        const place = [0, Number.POSITIVE_INFINITY, 0, 1] as const;
        return (source, into) => module.powerRow(source, into, count, ...place, 0, gain, gamma);
      }
      case 'levels': {
        const { black, white, gamma, low, high } = levelsOf(operation, 1);
        const place = [black, white, black, white - black, low, high - low] as const;
        if (gamma === 1) return (source, into) => module.linearRow(source, into, count, ...place);
        return (source, into) => module.powerRow(source, into, count, ...place, 1 / gamma);
      }
      case 'flat-field': {
        const { dark, flat, scale } = flatFieldOf(operation, 'float32');
        if (typeof dark !== 'number' || typeof flat !== 'number') return undefined;
        const place = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, dark, flat - dark, 0, scale] as const;
        return (source, into) => module.linearRow(source, into, count, ...place);
      }
      case 'threshold':
        return thresholdRow(operation, output);
      case 'lut': {
        const tables = tablesIn(arena, operation, channels);
        return (source, into) => module.tableRow(source, into, rect.width, channels, tables);
      }
      default:
        return undefined;
    }
  }

  function thresholdRow(operation: Operation, { rect, channels }: TileRaster): Row | undefined {
    const { method, value, values, low, high } = thresholdParams(operation, 'float32');
    const known = method === 'fixed' || (method === 'otsu' && values !== undefined);
    if (!known) return undefined;
    const count = rect.width * channels;
    const limits = new Float32Array(arena.memory.buffer, arena.alloc(count * 4), count);
    for (let i = 0; i < count; i++) limits[i] = singleBelow(method === 'fixed' ? value! : values![i % channels]!);
    return (source, into) => module.aboveRow(source, into, count, limits.byteOffset, low, high);
  }

  return (input, output, operation, context) => {
    const mark = arena.mark();
    const floats = input.dtype === 'float32' && output.dtype === 'float32';
    const row = floats ? rowOf(operation, output) : undefined;
    if (row) points(input, output, context, row);
    else table(input, output, operation, context);
    arena.release(mark);
  };
}

/** The largest float32 that is not above a limit: a float32 sample is above one where it is above the other. */
function singleBelow(limit: number): number {
  const single = Math.fround(limit);
  if (!(single > limit)) return single;
  const bits = new Int32Array(new Float32Array([single]).buffer);
  if (single === 0) return -(2 ** -149);
  // One unit down: towards 0 for positive values, away from it for negative ones.
  bits[0]! += single > 0 ? -1 : 1;
  return new Float32Array(bits.buffer)[0]!;
}

/** Puts a table's columns into the arena; the address of what says where each channel's lies. */
function tablesIn(arena: WasmArena, operation: Operation, channels: number): number {
  const { columns, low, high } = toneTableOf(operation);
  const addresses = columns.map((column) => {
    const address = arena.alloc(column.length * 8);
    new Float64Array(arena.memory.buffer, address, column.length).set(column);
    return address;
  });
  const address = arena.alloc(channels * CURVE_TABLE_BYTES);
  const view = new DataView(arena.memory.buffer, address, channels * CURVE_TABLE_BYTES);
  for (let c = 0; c < channels; c++) {
    const which = Math.min(c, columns.length - 1);
    const at = c * CURVE_TABLE_BYTES;
    view.setUint32(at, addresses[which]!, true);
    view.setUint32(at + 4, columns[which]!.length - 1, true);
    view.setFloat64(at + 8, low[Math.min(c, low.length - 1)]!, true);
    view.setFloat64(at + 16, high[Math.min(c, high.length - 1)]!, true);
  }
  return address;
}
