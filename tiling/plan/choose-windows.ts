import { radiusOf } from '../operations/box.js';
import { type Corners, cornerLanes, cornersOf } from '../operations/corners.js';
import { usesScaleSpace } from '../operations/gaussian.js';
import type { Operation } from '../operations/index.js';
import { pyramidFor } from '../operations/pyramid.js';
import type { RasterInfo } from '../raster/raster-info.js';
import { chooseTileSide, haloFits, type TileChoice, tileSides } from './tile-size.js';

/** Side of cells where tiles are large: a smaller one makes the table larger, a larger one has more to sum again. */
const CELL_SIDE = 256;
const SMALLEST_CELL = 16;
/**
 * The largest radius, as a share of the tile, that a halo is read for: its pixels are then four times the tile's, which
 * is what corners read.
 */
const HALO_SHARE = 1 / 2;
/** The largest tile that reads corners or grids, in pixels: sums of corners are held in float64. */
const LARGEST_TILE = 1024;

/** How a chain's windows are read, and the tiles that suit it. */
export interface WindowChoice {
  readonly operations: readonly Operation[];
  readonly choice: TileChoice;
  /** Undefined where no tile suits. */
  readonly tileSide: number | undefined;
}

/**
 * Whether windows are summed over a halo, or where that is impossible or reads more by what is made of the whole image
 * first: corners of its summed-area table, or grids of its pyramid.
 *
 * @param given the tile side, where it is not for the planner to choose
 */
export function chooseWindows(
  operations: readonly Operation[],
  choiceOf: (operations: readonly Operation[]) => TileChoice,
  given: number | undefined,
  about: WholeImage,
): WindowChoice {
  const choice = choiceOf(operations);
  // Where no tile fits the memory, the smallest one that the halo allows is refused with its figure.
  const tileSide = given ?? chooseTileSide(choice) ?? tileSides(choice)[0];
  const byHalo = { operations, choice, tileSide };
  if (about.halosOnly || (tileSide !== undefined && isCheap(choice, tileSide))) return byHalo;
  for (const side of given === undefined ? storedSides(choice.block) : [given]) {
    const stored = withCorners(operations, side, about) ?? withPyramid(operations, side, about);
    if (stored === undefined) return byHalo;
    const storedChoice = choiceOf(stored);
    if (haloFits(storedChoice, side) && storedChoice.bytesOf(side) <= storedChoice.threadBytes) {
      return { operations: stored, choice: storedChoice, tileSide: side };
    }
  }
  return byHalo;
}

/** The largest map value' whose window is read with a halo. */
export function widestHalo(operations: readonly Operation[], mapMax: number): number {
  return Math.min(mapMax, ...operations.map((operation) => cornersOf(operation)?.aboveRadius ?? mapMax));
}

function isCheap(choice: TileChoice, tileSide: number): boolean {
  if (!haloFits(choice, tileSide) || choice.bytesOf(tileSide) > choice.threadBytes) return false;
  const coversImage = tileSide >= Math.max(choice.image.width, choice.image.height);
  // Radii that are possible by the map's type and not expected cost nothing: a tile reads what its own map asks for.
  return coversImage || choice.expectedHaloPx <= tileSide * HALO_SHARE;
}

/** What windows may read of the whole image. */
interface WholeImage {
  readonly source: RasterInfo;
  readonly masked: boolean;
  /** The largest map value'. */
  readonly mapMax: number;
  /** Nothing can be made of the whole image first. */
  readonly halosOnly: boolean;
}

function storedSides(block: number): number[] {
  const largest = Math.max(1, Math.floor(LARGEST_TILE / block));
  return Array.from({ length: largest }, (_, index) => (largest - index) * block);
}

/** The chain with its first operation reading corners, or undefined where that is not possible. */
function withCorners(
  operations: readonly Operation[],
  tileSide: number,
  { source, masked, mapMax }: WholeImage,
): Operation[] | undefined {
  const [first, ...rest] = operations;
  if (first?.name !== 'box') return undefined;
  const lanes = cornerLanes(source, masked, { border: first.border, radius: radiusOf(first, mapMax) });
  if (lanes === undefined) return undefined;
  const aboveRadius = first.byMap ? Math.floor(tileSide * HALO_SHARE) : 0;
  const cellSide = Math.min(CELL_SIDE, Math.max(SMALLEST_CELL, Math.floor(tileSide / 4)));
  const corners: Corners = { cellSide, lanes, aboveRadius };
  return [{ ...first, params: { ...first.params, corners } }, ...rest];
}

/** The chain with its first operation reading grids, or undefined where that is not possible. */
function withPyramid(
  operations: readonly Operation[],
  tileSide: number,
  { source, mapMax }: WholeImage,
): Operation[] | undefined {
  const [first, ...rest] = operations;
  if (first?.name !== 'gaussian' || first.border !== 'clip' || !usesScaleSpace(first)) return undefined;
  const pyramid = pyramidFor(source, mapMax, tileSide);
  return pyramid && [{ ...first, params: { ...first.params, pyramid } }, ...rest];
}
