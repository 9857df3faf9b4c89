import type { Operation } from '../../../../tiling/operations/index.js';
import { pointCurve } from '../../../../tiling/operations/point-curve.js';
import type { Curve } from '../../../../tiling/operations/tone.js';
import { PAIR_TABLE_BYTES, toneTableBytes } from '../../../../tiling/operations/tone.js';
import { INTEGER_MAX, SAMPLE_BYTES, type Samples, toSample, viewSamples } from '../../../../tiling/raster/dtype.js';
import type { Kernel, KernelContext, TileRaster } from '../../kernel.js';
import { avoidNodata, isNodata } from '../../reference/samples/nodata.js';
import { nodataOf } from '../../reference/samples/pixels.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';

const EXPORTS = ['step8', 'lookup8', 'lookupPairs8', 'lookup16', 'lookupChannels8', 'lookupChannels16'] as const;
/** Bytes of a tile from which on a table of all pairs of them repays that it is made. */
const PAIRS_FROM = 2 ** 19;

/**
 * Operations on single samples: integers through a table made by the reference's own curve, nodata and alpha
 * included, so exact. Floats, labels, and whatever depends on more than the sample, go to `reference`.
 */
export function wasmTable(arena: WasmArena, reference: Kernel): Kernel {
  const module = instantiate(arena, 'tone/table', EXPORTS);
  let known: { operation: Operation; key: string; tables: readonly Samples[]; pairs?: Uint16Array } | undefined;
  return (input, output, operation, context) => {
    const curve =
      input.dtype === 'float32' || input.dtype === 'uint32' ? undefined : pointCurve(operation, input.dtype);
    if (curve === undefined) return reference(input, output, operation, context);
    const { channels, rect } = input;
    const dtype = input.dtype as 'uint8' | 'uint16';
    // The tables of a job's last operation serve its next tile.
    const key = `${dtype} ${channels} ${context.alpha} ${context.nodata}`;
    if (known?.operation !== operation || known.key !== key) {
      known = { operation, key, tables: tablesOf(input, curve, context) };
    }
    const mark = arena.mark();
    const single = known.tables.every((table) => table === known!.tables[0]);
    const step = single && dtype === 'uint8' ? stepOf(known.tables[0]!) : undefined;
    const paired = single && dtype === 'uint8' && rect.width * rect.height * channels >= PAIRS_FROM;
    let address = 0;
    if (paired && !step) {
      known.pairs ??= pairsOf(known.tables[0]!);
      address = arena.alloc(PAIR_TABLE_BYTES);
      new Uint16Array(arena.memory.buffer, address, known.pairs.length).set(known.pairs);
    } else {
      address = arena.alloc(toneTableBytes(dtype) * channels);
      const tables = viewSamples(dtype, arena.memory.buffer, address, (INTEGER_MAX[dtype] + 1) * channels);
      known.tables.forEach((table, c) => {
        tables.set(table, c * table.length);
      });
    }
    const bits = dtype === 'uint8' ? 8 : 16;
    const lookup = paired ? module.lookupPairs8 : module[`lookup${bits}`];
    const source = arena.addressOf(input.samples);
    const into = arena.addressOf(output.samples);
    for (let y = 0; y < rect.height; y++) {
      const from = source + y * input.stride * SAMPLE_BYTES[dtype];
      const to = into + y * output.stride * SAMPLE_BYTES[dtype];
      if (step) module.step8(from, to, rect.width * channels, step.from, step.low, step.high);
      else if (single) lookup(from, to, rect.width * channels, address);
      else module[`lookupChannels${bits}`](from, to, rect.width, address, channels);
    }
    arena.release(mark);
  };
}

/** What a table makes of two bytes, the second in the upper half. */
function pairsOf(table: Samples): Uint16Array {
  const pairs = new Uint16Array(PAIR_TABLE_BYTES / 2);
  for (let i = 0; i < pairs.length; i++) pairs[i] = table[i & 255]! + (table[i >> 8]! << 8);
  return pairs;
}

/** The one step of a table, as a threshold's has. */
function stepOf(table: Samples): { readonly from: number; readonly low: number; readonly high: number } | undefined {
  const [low, high] = [table[0]!, table.at(-1)!];
  const from = table.findIndex((entry) => entry !== low);
  if (from < 0) return undefined;
  return table.subarray(from).every((entry) => entry === high) ? { from, low, high } : undefined;
}

/** One table a channel; channels with equal curves share one. */
function tablesOf(input: TileRaster, curve: Curve, context: KernelContext): Samples[] {
  const { channels } = input;
  const dtype = input.dtype as 'uint8' | 'uint16';
  const alpha = context.alpha === 'none' ? -1 : channels - 1;
  const nodata = nodataOf(input, context);
  const tables: Samples[] = [];
  for (let c = 0; c < channels; c++) {
    const table = viewSamples(
      dtype,
      new ArrayBuffer(toneTableBytes(dtype)),
      0,
      toneTableBytes(dtype) / SAMPLE_BYTES[dtype],
    );
    for (let value = 0; value < table.length; value++) {
      const result = c === alpha ? value : curve(value, c);
      table[value] = isNodata(value, nodata[c]!) ? value : avoidNodata(dtype, toSample(dtype, result), nodata[c]!);
    }
    const equal = tables.find((other) => other.every((entry, i) => entry === table[i]));
    tables.push(equal ?? table);
  }
  return tables;
}
