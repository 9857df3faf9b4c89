import type { Rect } from '../../../../../tiling/geometry/rect.js';
import { octaveOf, scaleSpaceReach } from '../../../../../tiling/operations/scale-space.js';
import { LANE_BYTES } from '../../../../../tiling/operations/scratch.js';
import type { KernelContext, TileMap, TileRaster } from '../../../kernel.js';
import { storeRow } from '../../samples/float-rows.js';
import { hasInvalid, keepInvalid } from '../../samples/invalid-samples.js';
import { keepUnweighted } from '../../samples/keep-unweighted.js';
import { propagateNaN } from '../../samples/propagate-nan.js';
import { coarseLevels } from './coarse-octaves.js';
import { addFinePixels } from './full-grid.js';
import { type Places, placesOf } from './places.js';
import { allocatePlane, type LanePlane, planeRow, type ScaleSpaceModules } from './planes.js';
import { type BlurSource, blurSources, isAllFinite } from './sources.js';
import { type GridPart, storedPlanes } from './stored-grids.js';

/** Floats that stand for one pixel. */
const LANES = LANE_BYTES / Float32Array.BYTES_PER_ELEMENT;
/** Less is what roundings leave of none: `divideLanes` in assembly/gaussian/scale-space.ts. */
const LEAST_WEIGHT = 1e-9;

/**
 * Gaussian by map of up to 4 channels: the tile is blurred at the levels of a scale space that its map needs,
 * coarser ones on decimated grids anchored at the image's origin, and each pixel interpolates between two levels,
 * linearly in sigma². Weights (what lies in the image and is no nodata, alpha) pass through the same linear
 * steps and divide the sums; a tile without any is spared them.
 */
export function scaleSpaceGaussian(
  modules: ScaleSpaceModules,
  tile: { readonly input: TileRaster; readonly output: TileRaster },
  context: KernelContext,
): void {
  const { arena, scaleSpace } = modules;
  const { input, output } = tile;
  const map = context.map!;
  const mark = arena.mark();
  const finite = isAllFinite(input);
  const weighted = context.alpha === 'unassociated' || hasInvalid(input, context) || !finite;
  const divided = weighted || context.grids !== undefined || isCut(input.rect, output.rect, scaleSpaceReach(map.max));
  const places = placesOf(arena, scaleSpace, map);
  const full = places.direct || [...places.ranges.keys()].some((interval) => octaveOf(interval) === 0);
  const [samples, weights] = blurSources(modules, input, context, { weighted, divided, full });
  const { rect } = output;
  const planes = [samples, weights].map(() => (full || divided ? allocatePlane(arena, rect) : undefined));
  const rowsOf = (source: BlurSource, into: LanePlane | undefined, part: GridPart) =>
    blurredRows(modules, source, { rect, map, places, into, stored: storedPlanes(arena, context.grids, part) });
  const store = rowStore(modules, output);
  let sums: (y: number) => number;
  let shares: ((y: number) => number) | undefined;
  if (weights) {
    // The sums are kept, so that what made them is free before the weights are blurred.
    const passing = arena.mark();
    const blurred = rowsOf(samples!, planes[0], 'sums');
    for (let y = 0; y < rect.height; y++) blurred(y);
    arena.release(passing);
    sums = (y) => planeRow(planes[0]!, y);
    shares = rowsOf(weights, planes[1], 'weights');
  } else sums = rowsOf(samples!, planes[0], 'sums');
  for (let y = 0; y < rect.height; y++) {
    const row = sums(y);
    const divisors = shares?.(y);
    if (divisors !== undefined) scaleSpace.divideLanes(row, divisors, rect.width);
    store(y, row);
    if (divisors !== undefined && context.alpha === 'unassociated') {
      const weights = new Float32Array(arena.memory.buffer, divisors, rect.width * LANES);
      keepUnweighted(input, output, y, { weights, lanes: LANES, least: LEAST_WEIGHT });
    }
  }
  arena.release(mark);
  if (!finite) propagateNaN(input, output, context);
  keepInvalid(input, output, context);
}

/** Whether the input lacks a part of the halo: then the image ends there. */
export function isCut(input: Rect, output: Rect, reach: number): boolean {
  return (
    output.x - input.x < reach ||
    output.y - input.y < reach ||
    input.x + input.width - output.x - output.width < reach ||
    input.y + input.height - output.y - output.height < reach
  );
}

/** Writes rows of lanes into the output. */
function rowStore(
  { arena, scaleSpace, rows }: ScaleSpaceModules,
  output: TileRaster,
): (y: number, lanes: number) => void {
  const { width } = output.rect;
  const packed = arena.alloc((width * output.channels + 64) * 4);
  if (output.dtype === 'uint8' && output.channels === 3) {
    const bytes = new Uint8Array(arena.memory.buffer);
    const into = arena.addressOf(output.samples);
    return (y, lanes) => {
      scaleSpace.storeThree(lanes, packed, width);
      bytes.copyWithin(into + y * output.stride, packed, packed + width * 3);
    };
  }
  return (y, lanes) => {
    scaleSpace.packLanes(lanes, packed, width, output.channels);
    storeRow(rows, arena, output, y, packed);
  };
}

/** What a source is blurred for. */
interface BlurTarget {
  readonly rect: Rect;
  readonly map: TileMap;
  readonly places: Places;
  readonly into: LanePlane | undefined;
  /** Grids that are there already. */
  readonly stored: ReadonlyMap<number, LanePlane>;
}

/**
 * The interpolated sums of one source over the output's pixels, before any division, a row at a time: in `into`
 * where there is such a plane (zeroed), as there must be where pixels need the full grid, otherwise in one line.
 */
function blurredRows(
  modules: ScaleSpaceModules,
  source: BlurSource,
  { rect, map, places, into, stored }: BlurTarget,
): (y: number) => number {
  const line = modules.arena.alloc((rect.width + 4) * LANE_BYTES);
  if (into && source.full) addFinePixels(modules, source.full, into, map, places);
  const coarse = coarseLevels(modules, source, rect, places, stored);
  return (y) => {
    const row = into ? planeRow(into, y) : line;
    coarse?.(y, row);
    return row;
  };
}
