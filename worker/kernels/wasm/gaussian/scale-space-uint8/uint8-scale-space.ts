import type { Rect } from '../../../../../tiling/geometry/rect.js';
import { scaleSpaceReach } from '../../../../../tiling/operations/scale-space.js';
import type { KernelContext, TileMap, TileRaster } from '../../../kernel.js';
import type { WasmArena } from '../../memory/arena.js';
import { hasInvalid } from '../../samples/invalid-samples.js';
import type { ScaleSpaceModule } from '../scale-space/planes.js';
import { isCut } from '../scale-space/scale-space.js';
import type { FixedModule } from '../separable/separable-fixed.js';
import { bandLevels } from './band.js';
import { type Cascade, type CascadeModules, cascade } from './cascade.js';
import { INTERVALS, isApart } from './levels.js';
import { BLOCK, type GatherModule, gatherModule, hull, type Places, placesOf } from './places.js';
import {
  doubledFrom,
  doublePlane,
  halvePlane,
  pointOf,
  reserveValues,
  type SamplePlane,
  uint8Module,
} from './planes.js';

/** An image of fewer sigmas a side leaves too little of a corner's window for values of 15 bits. */
const LEAST_SIGMAS = 4;
/** What weights and samples of 255 are as values. */
const WHOLE = 255 * 128;

/** What the scale space of uint8 images runs on. */
export interface Uint8ScaleSpaceModules extends CascadeModules {
  readonly scaleSpace: ScaleSpaceModule;
  readonly gather: GatherModule;
}

/** The functions of the scale space over an arena. */
export function uint8ScaleSpaceModules(
  arena: WasmArena,
  scaleSpace: ScaleSpaceModule,
  fixed: FixedModule,
): Uint8ScaleSpaceModules {
  return { arena, scaleSpace, fixed, bytes: uint8Module(arena), gather: gatherModule(arena) };
}

/** Whether a tile by map can be blurred in 16 bits: bytes of equal weight, 1 to 4 a pixel, and no tiny image. */
export function fitsUint8ScaleSpace(input: TileRaster, context: KernelContext): boolean {
  const { width, height } = context.image;
  const least = LEAST_SIGMAS * context.map!.max;
  const plain = input.dtype === 'uint8' && input.channels <= 4 && context.alpha !== 'unassociated';
  return plain && !hasInvalid(input, context) && Math.min(width, height) >= least;
}

/**
 * Gaussian by map of uint8 pixels: the scale space in values of 16 bits. Beside `scaleSpaceGaussian` it differs in what
 * its levels are ({@link INTERVALS}), most of them spread from the one before, and in that coarser grids are doubled
 * back to the full one by (1 4 6 4 1)/8 in blocks of pixels, for the levels that a block needs. Window weights that
 * the image's edge cuts off take the same way as samples of 255 and divide. Results are bytes, or float32 before any
 * rounding where `output` is.
 */
export function uint8ScaleSpace(
  modules: Uint8ScaleSpaceModules,
  tile: { readonly input: TileRaster; readonly output: TileRaster },
  map: TileMap,
): void {
  const { arena, gather } = modules;
  const { input, output } = tile;
  const { rect, channels } = output;
  const mark = arena.mark();
  const places = placesOf(arena, gather, map);
  const samples: SamplePlane = {
    rect: input.rect,
    address: arena.addressOf(input.samples),
    strideBytes: input.stride,
    channels,
    sampleBytes: 1,
  };
  const cut = isCut(input.rect, rect, scaleSpaceReach(map.max));
  if (output.dtype === 'uint8' && !cut) {
    const into = { rect, address: arena.addressOf(output.samples), strideBytes: output.stride, channels };
    blurInto(modules, samples, { places, into: { ...into, sampleBytes: 1 } });
    arena.release(mark);
    return;
  }
  const sums = reserveValues(arena, rect, channels);
  const weights = reserveValues(arena, rect, 1);
  blurInto(modules, samples, { places, into: sums });
  if (cut) {
    const ones = { ...samples, address: arena.alloc(input.rect.width + 16), strideBytes: 0, channels: 1 };
    new Uint8Array(arena.memory.buffer, ones.address, input.rect.width + 16).fill(255);
    blurInto(modules, ones, { places, into: weights });
  } else new Uint16Array(arena.memory.buffer, weights.address, (weights.strideBytes * rect.height) / 2).fill(WHOLE);
  const divide = output.dtype === 'uint8' ? gather.divideUint8 : gather.divideFloats;
  for (let row = 0; row < rect.height; row++) {
    const at = { x: rect.x, y: rect.y + row };
    const to = arena.addressOf(output.samples) + row * output.stride * output.samples.BYTES_PER_ELEMENT;
    divide(pointOf(sums, at), pointOf(weights, at), to, rect.width, channels);
  }
  arena.release(mark);
}

interface Target {
  readonly places: Places;
  readonly into: SamplePlane;
}

/** Blurs one source over all blocks. */
function blurInto(modules: Uint8ScaleSpaceModules, source: SamplePlane, target: Target): void {
  const { arena } = modules;
  const { places, into } = target;
  const mark = arena.mark();
  const cascades = cascadesOf(modules, source, target);
  const gather = into.sampleBytes === 1 ? modules.gather.gatherUint8 : modules.gather.gatherWide;
  for (const band of places.bands) {
    const { y, height } = band[0]!.rect;
    const banded = arena.mark();
    cascades.get(0)?.reach(y + height);
    const apart = bandLevels(modules, source, band);
    for (const { rect, intervals } of band) {
      const marked = arena.mark();
      // The lower level of an interval mostly is the upper one of the interval before.
      let known: { readonly octave: number; readonly level: number; readonly plane: SamplePlane } | undefined;
      const planeOf = (octave: number, level: number): SamplePlane => {
        if (isApart(octave, level)) return apart.get(level)!;
        const made = cascades.get(octave)!;
        if (octave === 0) return made.planeOf(level, y);
        if (known?.octave === octave && known.level === level) return known.plane;
        const plane = doubled(modules, made, octave, level, rect);
        known = { octave, level, plane };
        return plane;
      };
      const at = (y - places.rect.y) * places.rect.width + rect.x - places.rect.x;
      for (const index of intervals) {
        const { octave, lower, upper, low, high, span } = INTERVALS[index]!;
        const [a, b] = [planeOf(octave, lower), planeOf(octave, upper)];
        const to = pointOf(into, rect);
        const shape = [rect.width, rect.height, low, high, 2 ** 15 / span] as const;
        const rows = [pointOf(a, rect), a.strideBytes, pointOf(b, rect), b.strideBytes, to, into.strideBytes] as const;
        gather(places.variances + at * 4, places.rect.width * 4, ...rows, ...shape, into.channels);
      }
      arena.release(marked);
    }
    arena.release(banded);
  }
  arena.release(mark);
}

/**
 * The levels that the blocks need and that follow from one another, by octave: those of coarser grids as a whole, those
 * of the full one by and by.
 */
function cascadesOf(
  modules: Uint8ScaleSpaceModules,
  source: SamplePlane,
  { places: { bands } }: Target,
): ReadonlyMap<number, Cascade> {
  const needs = new Map<number, { rect: Rect; readonly needed: Set<number> }>();
  for (const { rect, intervals } of bands.flat()) {
    for (const index of intervals) {
      const { octave, lower, upper } = INTERVALS[index]!;
      const cascaded = [lower, upper].filter((level) => !isApart(octave, level));
      if (cascaded.length === 0) continue;
      const known = needs.get(octave) ?? { rect, needed: new Set() };
      known.rect = hull(known.rect, rect);
      for (const level of cascaded) known.needed.add(level);
      needs.set(octave, known);
    }
  }
  const cascades = new Map<number, Cascade>();
  const full = needs.get(0);
  if (full) cascades.set(0, cascade(modules, { octave: 0, source, ...full, blockRows: BLOCK.height }));
  const highest = Math.max(...needs.keys());
  let grid = source;
  for (let octave = 1; octave <= highest; octave++) {
    grid = halvePlane(modules.arena, modules, grid);
    const need = needs.get(octave);
    if (!need) continue;
    let { rect } = need;
    for (let i = 0; i < octave; i++) rect = doubledFrom(rect);
    const made = cascade(modules, { octave, source: grid, rect, needed: need.needed, blockRows: 0 });
    made.reach(rect.y + rect.height);
    cascades.set(octave, made);
  }
  return cascades;
}

/** A block of the full grid from a level on a coarser one. */
function doubled(
  modules: Uint8ScaleSpaceModules,
  made: Cascade,
  octave: number,
  level: number,
  block: Rect,
): SamplePlane {
  const rects = [block];
  for (let i = 1; i < octave; i++) rects.push(doubledFrom(rects[i - 1]!));
  const last = doubledFrom(rects.at(-1)!);
  let plane = made.planeOf(level, last.y);
  for (const rect of rects.reverse()) plane = doublePlane(modules.arena, modules.bytes, plane, rect);
  return plane;
}
