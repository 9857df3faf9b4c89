import type { KernelContext, TileRaster } from '../../kernel.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import { NodataTable } from './nodata.js';
import { validityOf } from './validity-rows.js';

/**
 * One pass over a float32 tile whose sums are integers: samples of magnitude up to `most` are taken as multiples of
 * `quantum`, larger and non-finite ones are bad. A window without bad samples gets its result; one with some is NaN by the
 * first pass and keeps what it has in those after it (`again`).
 */
export interface FloatPass {
  readonly most: number;
  readonly quantum: number;
  readonly again: boolean;
  /** Whether samples may be invalid or bad, so that they must be counted. */
  readonly counted: boolean;
}

/** What the windows of a tile are: how many pixels the largest holds, whether each of more than one holds 2×2. */
export interface Windows {
  readonly count: number;
  /** Cut at the sides of an image that has one row or column. */
  readonly square: boolean;
}

/** Samples are at most 2^51 quanta, and windows below 2^62. */
const SAMPLE_BITS = 51;
const SUM_BITS = 62;
/** A mean is off by half a quantum at most: 2^-22 of the largest sample of its window where that is this many quanta. */
const LEAST_QUANTA = 2 ** 21;

const FINITE = 0x7f800000;

/**
 * The passes that a tile needs so that each mean is within 2^-22 of the largest magnitude in its own window, beside its
 * rounding to float32. One is enough where no window holds only samples below some 2^-30 of the tile's largest (2^-41
 * times its pixels for windows of more than 2^11); zeros alone are exact in any. What remains below that is the matter
 * of the next pass, for which all above it is bad.
 */
export type FloatPasses = (input: TileRaster, context: KernelContext, windows: Windows) => Iterable<FloatPass>;

/** The passes of a thread's tiles. */
export function floatPasses(arena: WasmArena): FloatPasses {
  const module = instantiate(arena, 'samples/float-range', ['anyNonFinite', 'blockRange']);
  const nodata = new NodataTable(arena);
  const found = arena.reserve(8);
  return function* (input, context, windows) {
    const { rect, channels } = input;
    const samples = arena.addressOf(input.samples);
    const weighted = nodata.fill(input, context.nodata) || input.valid !== undefined;
    const valid = validityOf(arena, input)(rect.x, rect.y);
    const block = { right: Number(windows.square && rect.width > 1), down: Number(windows.square && rect.height > 1) };
    const below = (limit: number) => {
      const shape = [rect.width, rect.height, input.stride * 4, channels, block.right, block.down] as const;
      module.blockRange(samples, ...shape, limit, Number(weighted), nodata.address, valid, found);
      const bits = new Uint32Array(arena.memory.buffer, found, 2);
      return { largest: bits[0]!, smallest: bits[1]! };
    };
    const counted = weighted || module.anyNonFinite(samples, input.samples.length) !== 0;
    const { largest, smallest } = below(FINITE);
    let pass: FloatPass = { ...passOf(largest, windows), again: false, counted };
    yield pass;
    for (;;) {
      const limit = bitsOf(pass.quantum * LEAST_QUANTA);
      if (smallest >= limit) return;
      pass = { ...passOf(below(limit).largest, windows), again: true, counted: true };
      yield pass;
    }
  };
}

function passOf(bits: number, { count }: Windows): Pick<FloatPass, 'most' | 'quantum'> {
  const most = new Float32Array(new Uint32Array([Math.max(1, bits)]).buffer)[0]!;
  return { most, quantum: quantumOf(most, count) };
}

/**
 * The power of two of which values up to `most` and the sums of `count` of them are multiples that add up exactly; any
 * where `most` is 0.
 */
export function quantumOf(most: number, count: number): number {
  const exponent = Math.max(-SAMPLE_BITS, Math.ceil(Math.log2(count)) - SUM_BITS);
  return most === 0 ? 1 : 2 ** (Math.ceil(Math.log2(most)) + exponent);
}

/** A positive number as bits of float32. */
function bitsOf(value: number): number {
  return new Uint32Array(new Float32Array([value]).buffer)[0]!;
}
