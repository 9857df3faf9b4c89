import type { Rect } from '../../../../../tiling/geometry/rect.js';
import { ladderReach } from '../../../../../tiling/operations/sigma-ladder.js';
import type { KernelContext, TileMap, TileRaster } from '../../../kernel.js';
import type { WasmArena } from '../../memory/arena.js';
import { hasHoles } from '../../samples/holes.js';
import { isCut } from '../scale-space/ladder.js';
import type { LadderModule } from '../scale-space/ladder-planes.js';
import type { FixedModule } from '../separable/separable-fixed.js';
import { bandRungs } from './byte-band.js';
import { type Climb, type ClimbModules, climb } from './byte-climb.js';
import { BLOCK, type GatherModule, gatherModule, hull, type Places, placesOf } from './byte-places.js';
import {
  byteModule,
  doubledFrom,
  doublePlane,
  halvePlane,
  pointOf,
  reserveValues,
  type SamplePlane,
} from './byte-planes.js';
import { INTERVALS, isApart } from './byte-rungs.js';

/** An image of fewer sigmas a side leaves too little of a corner's window for values of 15 bits. */
const LEAST_SIGMAS = 4;
/** What weights and samples of 255 are as values. */
const WHOLE = 255 * 128;

/** What the ladder of uint8 images runs on. */
export interface ByteLadderModules extends ClimbModules {
  readonly ladder: LadderModule;
  readonly gather: GatherModule;
}

/** The functions of the ladder over an arena. */
export function byteLadderModules(arena: WasmArena, ladder: LadderModule, fixed: FixedModule): ByteLadderModules {
  return { arena, ladder, fixed, bytes: byteModule(arena), gather: gatherModule(arena) };
}

/** Whether a tile by map can be blurred in 16 bits: bytes of equal weight, 1 to 4 a pixel, and no tiny image. */
export function fitsByteLadder(input: TileRaster, context: KernelContext): boolean {
  const { width, height } = context.image;
  const least = LEAST_SIGMAS * context.map!.max;
  const plain = input.dtype === 'uint8' && input.channels <= 4 && context.alpha !== 'unassociated';
  return plain && !hasHoles(input, context) && Math.min(width, height) >= least;
}

/**
 * Gaussian by map of uint8 pixels: the sigma ladder in values of 16 bits. Beside `ladderGaussian` it differs in what
 * its rungs are ({@link INTERVALS}), most of them spread from the one before, and in that coarser grids are doubled
 * back to the full one by (1 4 6 4 1)/8 in blocks of pixels, for the rungs that a block needs. Window weights that
 * the image's edge cuts off take the same way as samples of 255 and divide. Results are bytes, or float32 before any
 * rounding where `output` is.
 */
export function byteLadder(
  modules: ByteLadderModules,
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
  const cut = isCut(input.rect, rect, ladderReach(map.max));
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
  const divide = output.dtype === 'uint8' ? gather.divideBytes : gather.divideFloats;
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
function blurInto(modules: ByteLadderModules, source: SamplePlane, target: Target): void {
  const { arena } = modules;
  const { places, into } = target;
  const mark = arena.mark();
  const climbs = climbsOf(modules, source, target);
  const gather = into.sampleBytes === 1 ? modules.gather.gatherBytes : modules.gather.gatherWide;
  for (const band of places.bands) {
    const { y, height } = band[0]!.rect;
    const banded = arena.mark();
    climbs.get(0)?.reach(y + height);
    const apart = bandRungs(modules, source, band);
    for (const { rect, intervals } of band) {
      const marked = arena.mark();
      // The lower rung of an interval mostly is the upper one of the interval before.
      let known: { readonly level: number; readonly rung: number; readonly plane: SamplePlane } | undefined;
      const planeOf = (level: number, rung: number): SamplePlane => {
        if (isApart(level, rung)) return apart.get(rung)!;
        const made = climbs.get(level)!;
        if (level === 0) return made.planeOf(rung, y);
        if (known?.level === level && known.rung === rung) return known.plane;
        const plane = doubled(modules, made, level, rung, rect);
        known = { level, rung, plane };
        return plane;
      };
      const at = (y - places.rect.y) * places.rect.width + rect.x - places.rect.x;
      for (const index of intervals) {
        const { level, lower, upper, low, high, span } = INTERVALS[index]!;
        const [a, b] = [planeOf(level, lower), planeOf(level, upper)];
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
 * The rungs that the blocks need and that follow from one another, by level: those of coarser grids as a whole, those
 * of the full one by and by.
 */
function climbsOf(
  modules: ByteLadderModules,
  source: SamplePlane,
  { places: { bands } }: Target,
): ReadonlyMap<number, Climb> {
  const needs = new Map<number, { rect: Rect; readonly needed: Set<number> }>();
  for (const { rect, intervals } of bands.flat()) {
    for (const index of intervals) {
      const { level, lower, upper } = INTERVALS[index]!;
      const climbed = [lower, upper].filter((rung) => !isApart(level, rung));
      if (climbed.length === 0) continue;
      const known = needs.get(level) ?? { rect, needed: new Set() };
      known.rect = hull(known.rect, rect);
      for (const rung of climbed) known.needed.add(rung);
      needs.set(level, known);
    }
  }
  const climbs = new Map<number, Climb>();
  const full = needs.get(0);
  if (full) climbs.set(0, climb(modules, { level: 0, source, ...full, blockRows: BLOCK.height }));
  const highest = Math.max(...needs.keys());
  let grid = source;
  for (let level = 1; level <= highest; level++) {
    grid = halvePlane(modules.arena, modules, grid);
    const need = needs.get(level);
    if (!need) continue;
    let { rect } = need;
    for (let i = 0; i < level; i++) rect = doubledFrom(rect);
    const made = climb(modules, { level, source: grid, rect, needed: need.needed, blockRows: 0 });
    made.reach(rect.y + rect.height);
    climbs.set(level, made);
  }
  return climbs;
}

/** A block of the full grid from a rung on a coarser one. */
function doubled(modules: ByteLadderModules, made: Climb, level: number, rung: number, block: Rect): SamplePlane {
  const rects = [block];
  for (let i = 1; i < level; i++) rects.push(doubledFrom(rects[i - 1]!));
  const last = doubledFrom(rects.at(-1)!);
  let plane = made.planeOf(rung, last.y);
  for (const rect of rects.reverse()) plane = doublePlane(modules.arena, modules.bytes, plane, rect);
  return plane;
}
