import { evenReach, grow, intersect, type Rect, rectOf, type Size } from '../geometry/rect.js';
import type { RasterInfo } from '../raster/raster-info.js';
import type { Border, Operation } from './descriptor.js';
import { intervalOf, levelWeights, octaveOf, scaleSpaceReach } from './scale-space.js';
import { LANE_BYTES, SCALE_SPACE_CHANNELS } from './scratch.js';

/**
 * How a Gaussian by map with wide sigmas reads its image: at octaves from `first` on, from decimated grids of the whole
 * image that are made once and lie on scratch; at finer ones from the tile and a halo, which need not grow with sigma.
 */
export interface Pyramid {
  /** The finest octave that is stored. */
  readonly first: number;
  /** The coarsest one. */
  readonly last: number;
  /** Grids of the image as its border extends it, where that is not cut. */
  readonly extension?: GridExtension;
}

/** What grids hold beyond the image. */
export interface GridExtension {
  readonly border: Exclude<Border, 'clip'>;
  readonly constantValue: number;
  /** How far on each side. */
  readonly marginPx: number;
}

/** Where tiles are large: halos of the octaves below it are some 110 pixels, and its grid 1/256 of the image. */
const FIRST_OCTAVE = 4;
/** Points around a tile that its splines take beside what its levels read, more than there are. */
const SPLINE_REACH = 4;
/** What a halo may be of a tile. */
const HALO_SHARE = 1 / 2;

/** A point of a stored grid: four lanes of sums and four of their weights, float32. */
export const POINT_BYTES = 2 * LANE_BYTES;

/** What of the full grid one point of an octave is made of, in pixels on each side. */
export function decimationReach(octave: number): number {
  return 2 * (2 ** octave - 1);
}

/** How an operation reads grids; undefined where it reads halos only. */
export function pyramidOf({ params }: Operation): Pyramid | undefined {
  return params.pyramid as Pyramid | undefined;
}

/** How the operation of a chain that reads grids does; undefined where none does. */
export function chainPyramid(operations: readonly Operation[]): Pyramid | undefined {
  return operations.map(pyramidOf).find((pyramid) => pyramid !== undefined);
}

/**
 * The grids that a map's largest sigma needs beside tiles of a side; undefined where a halo serves them all, or the image
 * has no pyramid.
 */
export function pyramidFor(
  { channels }: RasterInfo,
  { border, constantValue }: Pick<Operation, 'border' | 'constantValue'>,
  sigma: number,
  tileSide: number,
): Pyramid | undefined {
  let first = FIRST_OCTAVE;
  while (first > 1 && scaleSpaceReach(sigmaBelow(first)) > tileSide * HALO_SHARE) first--;
  const last = octaveOf(intervalOf(sigma));
  if (last < first || channels > SCALE_SPACE_CHANNELS) return undefined;
  if (border === 'clip') return { first, last };
  const marginPx = (widestRadius(last) + SPLINE_REACH) * 2 ** last + decimationReach(last);
  return { first, last, extension: { border, constantValue, marginPx } };
}

/** The largest sigma that needs no grid of an octave: just below sigma² = 8 · 4^(octave − 1), where that begins. */
function sigmaBelow(octave: number): number {
  return Math.sqrt(8 * 4 ** (octave - 1)) * (1 - 1e-6);
}

/** Whether tiles with this largest sigma read grids. */
export function takesGrids(operation: Operation, sigma: number): boolean {
  const pyramid = pyramidOf(operation);
  return pyramid !== undefined && octaveOf(intervalOf(sigma)) >= pyramid.first;
}

/** The largest sigma that a tile needs a halo for. */
export function haloSigma(pyramid: Pyramid | undefined, sigma: number): number {
  return pyramid === undefined ? sigma : Math.min(sigma, sigmaBelow(pyramid.first));
}

/**
 * The next coarser grid's rect. Its points are anchored at pixel 0 of the image so that all tiles agree; two more
 * on each side hold what spills over the edge.
 */
export function halvedRect(rect: Rect): Rect {
  const x = Math.floor(rect.x / 2) - 2;
  const y = Math.floor(rect.y / 2) - 2;
  const width = Math.ceil((rect.x + rect.width) / 2) + 2 - x;
  const height = Math.ceil((rect.y + rect.height) / 2) + 2 - y;
  return { x, y, width, height };
}

/** One grid of a pyramid, and the row of the file where its first one lies. */
export interface StoredGrid {
  readonly octave: number;
  /** In points of the grid; beyond it all is 0. */
  readonly rect: Rect;
  readonly row: number;
}

/** How grids lie in one raster: each below the finer one, from its left edge on. */
export function pyramidGrids(image: Size, { first, last, extension }: Pyramid): StoredGrid[] {
  const grids: StoredGrid[] = [];
  let rect = grow(rectOf(image), evenReach(extension?.marginPx ?? 0));
  let row = 0;
  for (let octave = 1; octave <= last; octave++) {
    rect = halvedRect(rect);
    if (octave < first) continue;
    grids.push({ octave, rect, row });
    row += rect.height;
  }
  return grids;
}

/** How a pyramid's file describes itself: the bytes of a point are channels. */
export function pyramidInfo(image: Size, pyramid: Pyramid): RasterInfo {
  const grids = pyramidGrids(image, pyramid);
  const { rect, row } = grids.at(-1)!;
  const { width } = grids[0]!.rect;
  const [height, channels] = [row + rect.height, POINT_BYTES];
  return { width, height, channels, dtype: 'uint8', alpha: 'none', photometric: 1, carried: [] };
}

/** Pixels that a row of points made by one task is high, and that it takes of a row at a time. */
const BAND_PIXELS = 512;

/** Points of the first grid that a task makes of each column, and at a time of each row. */
export function bandPoints({ first }: Pyramid): number {
  return Math.max(1, BAND_PIXELS >> first);
}

/** The points of a grid that pixels of `rect` interpolate between: one before it, two behind its last. */
export function splineRect(rect: Rect, octave: number): Rect {
  const step = 2 ** octave;
  const x = Math.floor(rect.x / step) - 1;
  const y = Math.floor(rect.y / step) - 1;
  return {
    x,
    y,
    width: Math.floor((rect.x + rect.width - 1) / step) + 3 - x,
    height: Math.floor((rect.y + rect.height - 1) / step) + 3 - y,
  };
}

/** The points of a stored grid that the widest level of its octave reads for pixels of `rect`. */
export function gridWindow(rect: Rect, { octave, rect: stored }: Pick<StoredGrid, 'octave' | 'rect'>): Rect {
  return intersect(grow(splineRect(rect, octave), evenReach(widestRadius(octave))), stored);
}

function widestRadius(octave: number): number {
  let widest = 0;
  for (let interval = 0; octaveOf(interval) <= octave; interval++) {
    if (octaveOf(interval) === octave) widest = Math.max(widest, levelWeights(interval + 1, octave).length);
  }
  return widest;
}

/** Bytes of what a tile reads of grids, and of its blurred planes on them. */
export function gridScratchBytes({ first, last }: Pyramid, { width, height }: Size): number {
  let points = 0;
  for (let octave = first; octave <= last; octave++) {
    const { width: across, height: down } = splineRect({ x: 0, y: 0, width, height }, octave);
    const reach = 2 * widestRadius(octave);
    // Read as they lie, and as planes of sums and of weights; then nine blurred levels and their rows.
    points += 4 * (across + 1 + reach) * (down + 1 + reach) + 9 * (across + 5) * (down + 2) + 4096;
  }
  return points * LANE_BYTES + 2 ** (last + 1) * LANE_BYTES;
}
