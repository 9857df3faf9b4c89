import type { Rect } from '../../../../../tiling/geometry/rect.js';
import { scaleSpaceReach } from '../../../../../tiling/operations/scale-space.js';
import type { KernelContext, TileMap, TileRaster } from '../../../kernel.js';
import type { WasmArena } from '../../memory/arena.js';
import { hasInvalid } from '../../samples/invalid-samples.js';
import type { ScaleSpaceModule } from '../scale-space/planes.js';
import { isCut } from '../scale-space/scale-space.js';
import { type Cascade, type CascadeModules, cascade } from './cascade.js';
import { INTERVALS, isWindowed, tableOf, type WindowInterval } from './levels.js';
import {
  BLOCK,
  type GatherModule,
  gatherModule,
  hull,
  type Places,
  placesOf,
  type WindowModule,
  windowModule,
} from './places.js';
import {
  doubledFrom,
  doublePlane,
  halvePlane,
  pointOf,
  reserveValues,
  type SamplePlane,
  valueModule,
  valueRowBytes,
} from './planes.js';
import { WINDOW_ENTRIES, WINDOW_RADIUS } from './window-weights.js';

/** An image of fewer sigmas a side leaves too little of a corner's window for values of 15 bits. */
const LEAST_SIGMAS = 4;
/** 255 as a value, and the weight of a whole window. */
const WHOLE = 255 * 128;
/** Fractional bits that bytes have as values, and the most that other samples get. */
const MOST_BITS = 7;

/** What the scale space of 16 bits runs on. */
export interface Int16ScaleSpaceModules extends CascadeModules {
  readonly scaleSpace: ScaleSpaceModule;
  readonly gather: GatherModule;
  readonly windows: WindowModule;
}

/** The functions of the scale space over an arena. */
export function int16ScaleSpaceModules(arena: WasmArena, scaleSpace: ScaleSpaceModule): Int16ScaleSpaceModules {
  const [gather, windows] = [gatherModule(arena), windowModule(arena)];
  return { arena, scaleSpace, values: valueModule(arena), gather, windows };
}

/** How samples stand as values: 2^bits times what they lie above the base. */
export interface ValueScale {
  readonly base: number;
  readonly bits: number;
}

/**
 * How a tile by map can be blurred in 16 bits: samples of uint8 or uint16 of equal weight, 1 to 4 a pixel, in no tiny image;
 * undefined where it cannot be. Samples of uint16 that span more than 32640 would lose their small differences to roundings.
 */
export function valueScaleOf(
  { arena, values }: Int16ScaleSpaceModules,
  { input, output }: { readonly input: TileRaster; readonly output: TileRaster },
  context: KernelContext,
): ValueScale | undefined {
  const { width, height } = context.image;
  const { rect, dtype, channels, stride } = input;
  if (Math.min(width, height) < LEAST_SIGMAS * context.map!.max || channels > 4) return undefined;
  if (context.alpha === 'unassociated' || hasInvalid(input, context)) return undefined;
  if (output.dtype !== dtype && output.dtype !== 'float32') return undefined;
  if (dtype === 'uint8') return { base: 0, bits: MOST_BITS };
  if (dtype !== 'uint16') return undefined;
  const range = values.rangeOf(arena.addressOf(input.samples), stride * 2, rect.width * channels, rect.height);
  const base = range & 0xffff;
  const span = Math.max(1, (range >>> 16) - base);
  return span > WHOLE ? undefined : { base, bits: Math.min(MOST_BITS, Math.floor(Math.log2(65535 / span))) };
}

/**
 * Gaussian by map of uint8 or uint16 pixels: the scale space in values of 16 bits. Beside `scaleSpaceGaussian` it differs in
 * what its levels are ({@link INTERVALS}), most of them spread from the one before, and in that coarser grids are doubled
 * back to the full one by (1 4 6 4 1)/8 in blocks of pixels, for the levels that a block needs. Window weights that
 * the image's edge cuts off take the same way as samples of 255 and divide. Results are of the input's type, or float32
 * before any rounding where `output` is.
 */
export function int16ScaleSpace(
  modules: Int16ScaleSpaceModules,
  tile: { readonly input: TileRaster; readonly output: TileRaster },
  map: TileMap,
  scale: ValueScale,
): void {
  const { arena, gather } = modules;
  const { input, output } = tile;
  const { rect, channels, dtype } = output;
  const mark = arena.mark();
  const places = placesOf(arena, gather, map);
  const samples = input.dtype === 'uint8' ? planeOf(arena, input, 1) : liftedPlane(modules, input, scale);
  const cut = isCut(input.rect, rect, scaleSpaceReach(map.max));
  if (dtype !== 'float32' && !cut) {
    blurInto(modules, samples, { places, into: planeOf(arena, output, dtype === 'uint8' ? 1 : 2), scale });
    arena.release(mark);
    return;
  }
  const sums = reserveValues(arena, rect, channels);
  const weights = reserveValues(arena, rect, 1);
  blurInto(modules, samples, { places, into: sums, scale: AS_VALUES });
  if (cut) {
    const address = arena.alloc(input.rect.width + 16);
    const ones = { rect: input.rect, address, strideBytes: 0, channels: 1, sampleBytes: 1 as const };
    new Uint8Array(arena.memory.buffer, ones.address, input.rect.width + 16).fill(255);
    blurInto(modules, ones, { places, into: weights, scale: AS_VALUES });
  } else new Uint16Array(arena.memory.buffer, weights.address, (weights.strideBytes * rect.height) / 2).fill(WHOLE);
  const wholeNumbers = dtype === 'uint8' ? gather.divideUint8 : gather.divideUint16;
  const divide = dtype === 'float32' ? gather.divideFloats : wholeNumbers;
  for (let row = 0; row < rect.height; row++) {
    const at = { x: rect.x, y: rect.y + row };
    const to = arena.addressOf(output.samples) + row * output.stride * output.samples.BYTES_PER_ELEMENT;
    divide(pointOf(sums, at), pointOf(weights, at), to, rect.width, channels, scale.base, WHOLE / 2 ** scale.bits);
  }
  arena.release(mark);
}

const AS_VALUES: ValueScale = { base: 0, bits: 0 };

/** A raster as a plane of its samples. */
function planeOf(arena: WasmArena, { rect, samples, stride, channels }: TileRaster, sampleBytes: 1 | 2): SamplePlane {
  return { rect, address: arena.addressOf(samples), strideBytes: stride * sampleBytes, channels, sampleBytes };
}

/** A raster of uint16 as a plane of values. */
function liftedPlane({ arena, values }: Int16ScaleSpaceModules, input: TileRaster, scale: ValueScale): SamplePlane {
  const { rect, channels } = input;
  const plane = reserveValues(arena, rect, channels);
  const from = planeOf(arena, input, 2);
  for (let row = 0; row < rect.height; row++) {
    const source = from.address + row * from.strideBytes;
    const into = plane.address + row * plane.strideBytes;
    values.liftRow(source, into, rect.width * channels, scale.base, scale.bits);
  }
  return plane;
}

interface Target {
  readonly places: Places;
  readonly into: SamplePlane;
  /** What values are turned into; of bytes it is known. */
  readonly scale: ValueScale;
}

/** Blurs one source over all blocks. */
function blurInto(modules: Int16ScaleSpaceModules, source: SamplePlane, target: Target): void {
  const { arena } = modules;
  const { places, into, scale } = target;
  const mark = arena.mark();
  const cascades = cascadesOf(modules, source, target);
  const sumWindows = windowSums(modules, cascades.get(0), target);
  const { gatherUint8, gatherUint16 } = modules.gather;
  for (const band of places.bands) {
    const { y, height } = band[0]!.rect;
    cascades.get(0)?.reach(y + height);
    for (const { rect, intervals } of band) {
      const marked = arena.mark();
      // The lower level of an interval mostly is the upper one of the interval before.
      let known: { readonly octave: number; readonly level: number; readonly plane: SamplePlane } | undefined;
      const planeOf = (octave: number, level: number): SamplePlane => {
        if (known?.octave === octave && known.level === level) return known.plane;
        const plane = doubled(modules, cascades.get(octave)!, octave, level, rect);
        known = { octave, level, plane };
        return plane;
      };
      for (const index of intervals) {
        const interval = INTERVALS[index]!;
        if (isWindowed(interval)) {
          sumWindows(interval, rect);
          continue;
        }
        const { octave, lower, upper, low, high, span } = interval;
        const [a, b] = [planeOf(octave, lower), planeOf(octave, upper)];
        const shape = [rect.width, rect.height, low, high, 2 ** 15 / span] as const;
        const rows = [pointOf(a, rect), a.strideBytes, pointOf(b, rect), b.strideBytes] as const;
        const to = [pointOf(into, rect), into.strideBytes] as const;
        const given = [...variancesAt(places, rect), ...rows, ...to, ...shape, into.channels] as const;
        if (into.sampleBytes === 1) gatherUint8(...given);
        else gatherUint16(...given, scale.base, scale.bits);
      }
      arena.release(marked);
    }
  }
  arena.release(mark);
}

/** Where the variances of a block begin, and the bytes of their rows. */
function variancesAt({ variances, rect }: Places, { x, y }: Rect): readonly [number, number] {
  return [variances + ((y - rect.y) * rect.width + x - rect.x) * 4, rect.width * 4];
}

/** Fills the pixels of a block that are sums over windows of a level of the full grid. */
function windowSums(
  { arena, windows }: Int16ScaleSpaceModules,
  levels: Cascade | undefined,
  { places, into, scale }: Target,
): (interval: WindowInterval, block: Rect) => void {
  const { channels } = into;
  // A table serves all blocks; it gets room when it is first asked for.
  const tables = new Map<WindowInterval, number>();
  if (levels) {
    for (const interval of new Set(places.bands.flat().flatMap(({ intervals }) => intervals))) {
      const found = INTERVALS[interval]!;
      if (!isWindowed(found)) continue;
      const table = tableOf(found);
      const address = arena.alloc(table.byteLength);
      new Int16Array(arena.memory.buffer, address, table.length).set(table);
      tables.set(found, address);
    }
  }
  const widest = valueRowBytes(BLOCK.width + 4 * WINDOW_RADIUS, channels);
  const lines = arena.alloc(2 * widest + 64);
  return (interval, rect) => {
    const { level, distance, low, high } = interval;
    const reach = WINDOW_RADIUS * distance;
    const ring = levels!.windowsOf(level, { x: rect.x - reach, y: rect.y - reach });
    const rows = [ring.address, ring.rows, ring.strideBytes, ring.top, ring.leftBytes] as const;
    const lineBytes = Math.ceil(((rect.width + 2 * reach) * channels * 2) / 32) * 32;
    const to = [lines, lineBytes, pointOf(into, rect), into.strideBytes] as const;
    const shape = [rect.width, rect.height, low, high] as const;
    const weights = [tables.get(interval)!, WINDOW_ENTRIES / (high - low), WINDOW_ENTRIES - 1] as const;
    const given = [...variancesAt(places, rect), ...rows, ...to, ...shape, ...weights, distance, channels] as const;
    if (into.sampleBytes === 1) windows.windowsUint8(...given);
    else windows.windowsUint16(...given, scale.base, scale.bits);
  };
}

/** The levels that the blocks need, by octave: those of coarser grids as a whole, those of the full one by and by. */
function cascadesOf(
  modules: Int16ScaleSpaceModules,
  source: SamplePlane,
  { places: { bands } }: Target,
): ReadonlyMap<number, Cascade> {
  const needs = new Map<number, Map<number, { rect: Rect; margin: number }>>();
  for (const { rect, intervals } of bands.flat()) {
    for (const index of intervals) {
      const interval = INTERVALS[index]!;
      const levels = isWindowed(interval) ? [interval.level] : [interval.lower, interval.upper];
      const margin = isWindowed(interval) ? WINDOW_RADIUS * interval.distance : 0;
      const needed = needs.get(interval.octave) ?? new Map<number, { rect: Rect; margin: number }>();
      needs.set(interval.octave, needed);
      for (const level of levels) {
        const known = needed.get(level) ?? { rect, margin };
        needed.set(level, { rect: hull(known.rect, rect), margin: Math.max(known.margin, margin) });
      }
    }
  }
  const cascades = new Map<number, Cascade>();
  const full = needs.get(0);
  if (full) cascades.set(0, cascade(modules, { octave: 0, source, needed: full, blockRows: BLOCK.height }));
  const highest = Math.max(...needs.keys());
  let grid = source;
  for (let octave = 1; octave <= highest; octave++) {
    grid = halvePlane(modules.arena, modules, grid);
    const blocks = needs.get(octave);
    if (!blocks) continue;
    const needed = new Map(
      [...blocks].map(([level, { rect, margin }]) => [level, { rect: coarseRect(rect, octave), margin }]),
    );
    const made = cascade(modules, { octave, source: grid, needed, blockRows: 0 });
    made.reach(Number.POSITIVE_INFINITY);
    cascades.set(octave, made);
  }
  return cascades;
}

/** The points of a coarser grid that a rect of the full one is doubled from. */
function coarseRect(rect: Rect, octave: number): Rect {
  let coarse = rect;
  for (let i = 0; i < octave; i++) coarse = doubledFrom(coarse);
  return coarse;
}

/** A block of the full grid from a level on a coarser one. */
function doubled(
  modules: Int16ScaleSpaceModules,
  made: Cascade,
  octave: number,
  level: number,
  block: Rect,
): SamplePlane {
  const rects = [block];
  for (let i = 1; i < octave; i++) rects.push(doubledFrom(rects[i - 1]!));
  const last = doubledFrom(rects.at(-1)!);
  let plane = made.planeOf(level, last.y);
  for (const rect of rects.reverse()) plane = doublePlane(modules.arena, modules.values, plane, rect);
  return plane;
}
