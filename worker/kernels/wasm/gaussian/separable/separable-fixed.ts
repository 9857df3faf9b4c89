import { fixedStrip } from '../../../../../tiling/operations/scratch.js';
import type { TileRaster } from '../../../kernel.js';
import type { WasmArena } from '../../memory/arena.js';
import { instantiate } from '../../memory/instance.js';
import { clipScale } from './clip-scale.js';
import { FIXED_ONE, weightPairs } from './fixed-weights.js';

const EXPORTS = ['alongTwo', 'acrossTwo'] as const;

/** The functions of `assembly/gaussian/fixed-rows.ts`. */
export type FixedModule = ReturnType<typeof fixedModule>;

/** The fixed-point rows over an arena. */
export function fixedModule(arena: WasmArena) {
  return instantiate(arena, 'gaussian/fixed-rows', EXPORTS);
}

/**
 * The separable mean of uint8 tiles without nodata or alpha, in fixed point: what `separableMean` computes to
 * within {@link fixedWeightsOf}'s bound, and the same for every tiling, as integers sum in any order. Columns are
 * taken in strips whose ring of filtered rows stays in the cache; rows pass two at a time.
 */
export function separableFixed(
  arena: WasmArena,
  module: FixedModule,
  tile: { readonly input: TileRaster; readonly output: TileRaster },
  fixed: Int16Array,
): void {
  const { output } = tile;
  const mark = arena.mark();
  const { channels } = output;
  const pairs = weightPairs(fixed);
  const pairsAddress = arena.alloc(pairs.byteLength);
  new Int16Array(arena.memory.buffer, pairsAddress, pairs.length).set(pairs);
  const taps = Float64Array.from(fixed, (weight) => weight / FIXED_ONE);
  const scale = clipScale(arena, taps, tile);
  const count = output.rect.width * channels;
  const strip = fixedStrip(count, fixed.length - 1);
  for (let from = 0; from < count; from += strip) {
    const samples = Math.min(strip, count - from);
    filterStrip(arena, module, tile, { from, samples, radius: fixed.length - 1, pairs: pairsAddress, scale });
  }
  arena.release(mark);
}

interface Strip {
  /** First sample of the output's rows. */
  readonly from: number;
  readonly samples: number;
  readonly radius: number;
  readonly pairs: number;
  readonly scale: ReturnType<typeof clipScale>;
}

/** All rows of some columns. */
function filterStrip(
  arena: WasmArena,
  module: FixedModule,
  { input, output }: { readonly input: TileRaster; readonly output: TileRaster },
  { from, samples, radius, pairs, scale }: Strip,
): void {
  const mark = arena.mark();
  const bytes = new Uint8Array(arena.memory.buffer);
  const { channels } = output;
  const whole = Math.ceil(samples / 16) * 16;
  const window = samples + 2 * radius * channels;
  const lineBytes = Math.ceil(window / 16) * 16 + 32;
  // A row pair is read with a pixel and a vector behind it.
  const lines = arena.alloc(2 * lineBytes);
  bytes.fill(0, lines, lines + 2 * lineBytes);
  const scratch = arena.alloc((Math.ceil(window / 16) * 16 * 2 + 16) * 4);
  const ring = arena.alloc((radius + 1) * whole * 4);
  const results = arena.alloc(2 * whole);
  const source = arena.addressOf(input.samples);
  const into = arena.addressOf(output.samples) + from;
  // Where the window's first sample and row stand in the input.
  const left = (output.rect.x - input.rect.x - radius) * channels + from;
  const top = output.rect.y - input.rect.y - radius;
  const start = Math.max(0, left);
  const end = Math.min(input.rect.width * channels, left + window);

  // Rows that hold the whole window are read where they are.
  const inPlace = left >= 0 && left + window <= input.rect.width * channels;
  const lineOf = (line: number, row: number) => {
    const from = source + row * input.stride;
    if (row < 0 || row >= input.rect.height) bytes.fill(0, line, line + lineBytes);
    else if (inPlace) return from + left;
    else bytes.copyWithin(line + start - left, from + start, from + end);
    return line;
  };
  const push = (pair: number) => {
    const upper = lineOf(lines, top + 2 * pair);
    const lower = lineOf(lines + lineBytes, top + 2 * pair + 1);
    const slot = ring + (pair % (radius + 1)) * whole * 4;
    module.alongTwo(upper, lower, slot, samples, channels, pairs, radius, scratch);
  };
  // Whole vectors are written: rows of such go where they belong, others by way of `results`.
  const place = (row: number) => into + row * output.stride;
  const isDirect = (row: number) => samples === whole && row < output.rect.height;
  for (let pair = 0; pair < radius; pair++) push(pair);
  for (let y = 0; y < output.rect.height; y += 2) {
    push(y / 2 + radius);
    const centre = top + radius + y;
    module.acrossTwo(
      ring,
      (y / 2) % (radius + 1),
      isDirect(y) ? place(y) : results,
      isDirect(y + 1) ? place(y + 1) : results + whole,
      samples,
      pairs,
      radius,
      scale ? scale.columns + from * 4 : 0,
      scale ? scale.row(centre) : 1,
      scale ? scale.row(centre + 1) : 1,
    );
    if (samples === whole) continue;
    bytes.copyWithin(place(y), results, results + samples);
    if (y + 1 < output.rect.height) bytes.copyWithin(place(y + 1), results + whole, results + whole + samples);
  }
  arena.release(mark);
}
