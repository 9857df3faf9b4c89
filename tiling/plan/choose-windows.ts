import { type Corners, cornersOf, laneLayout } from '../operations/corners.js';
import type { SampleBits } from '../operations/digits.js';
import { hasMapWindow, usesScaleSpace, widestSigma } from '../operations/gaussian.js';
import type { Operation } from '../operations/index.js';
import { sumsSquares, windowRadius } from '../operations/moments.js';
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

/** Samples of float32 beyond this power of two are blurred in two passes over a tile and its halo. */
const LARGE_BITS = 96;

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
  const isEnough = operations[0] !== undefined && prefersHalo(operations[0]) ? fits : isCheap;
  if (about.halosOnly || (tileSide !== undefined && isEnough(choice, tileSide))) return byHalo;
  for (const side of given === undefined ? storedSides(choice.block) : [given]) {
    const stored = withCorners(operations, side, about) ?? withPyramid(operations, side, about);
    if (stored === undefined) return byHalo;
    const storedChoice = choiceOf(stored);
    if (fits(storedChoice, side)) {
      return { operations: stored, choice: storedChoice, tileSide: side };
    }
  }
  return byHalo;
}

/**
 * A blur of one sigma is exact with a halo, and within the scale space's bound without. Deviations slide over a halo: of
 * 6000×6000 pixels under 4095×4095 they take less than half of the time that corners take.
 */
function prefersHalo(operation: Operation): boolean {
  return operation.name === 'gaussian' ? hasMapWindow(operation) : sumsSquares(operation);
}

/** The largest map value' whose window is read with a halo. */
export function widestHalo(operations: readonly Operation[], mapMax: number): number {
  return Math.min(mapMax, ...operations.map((operation) => cornersOf(operation)?.aboveRadius ?? mapMax));
}

function fits(choice: TileChoice, tileSide: number): boolean {
  return haloFits(choice, tileSide) && choice.bytesOf(tileSide) <= choice.threadBytes;
}

function isCheap(choice: TileChoice, tileSide: number): boolean {
  if (!fits(choice, tileSide)) return false;
  const coversImage = tileSide >= Math.max(choice.image.width, choice.image.height);
  // Radii that are possible by the map's type and not expected cost nothing: a tile reads what its own map asks for.
  return coversImage || choice.expectedHaloPx <= tileSide * HALO_SHARE;
}

/** What windows may read of the whole image. */
interface WholeImage {
  readonly source: RasterInfo;
  readonly masked: boolean;
  /** Where its samples were looked at; those of float32 alone are. */
  readonly bits: SampleBits | undefined;
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
  { source, masked, bits, mapMax }: WholeImage,
): Operation[] | undefined {
  const [first, ...rest] = operations;
  const radius = first && windowRadius(first, mapMax);
  if (first === undefined || radius === undefined) return undefined;
  const { border, constantValue } = first;
  const squares = sumsSquares(first);
  const layout = laneLayout(source, { masked, bits, border, constantValue, radius, squares });
  if (layout === undefined) return undefined;
  const aboveRadius = first.byMap ? Math.floor(tileSide * HALO_SHARE) : 0;
  const cellSide = Math.min(CELL_SIDE, Math.max(SMALLEST_CELL, Math.floor(tileSide / 4)));
  const corners: Corners = { cellSide, layout, aboveRadius };
  return [{ ...first, params: { ...first.params, corners } }, ...rest];
}

/** The chain with its first operation reading grids, or undefined where that is not possible. */
function withPyramid(
  operations: readonly Operation[],
  tileSide: number,
  { source, bits, mapMax }: WholeImage,
): Operation[] | undefined {
  const [first, ...rest] = operations;
  if (first?.name !== 'gaussian' || !(usesScaleSpace(first) || hasMapWindow(first))) return undefined;
  if (source.dtype === 'float32' && !haveGrids(bits, first)) return undefined;
  const pyramid = pyramidFor(source, first, widestSigma(first, mapMax), tileSide);
  return pyramid && [{ ...first, params: { ...first.params, pyramid } }, ...rest];
}

/**
 * Whether grids can be made of samples of float32: one that is not finite would have to be known as far as windows reach,
 * and one so large that sums pass what a float32 holds would have to be scaled down.
 */
function haveGrids(bits: SampleBits | undefined, { border, constantValue }: Operation): boolean {
  if (bits?.finite !== true) return false;
  if (border === 'constant' && !(Math.abs(constantValue) < 2 ** LARGE_BITS)) return false;
  const highest = (ranges: SampleBits['ranges']) => Math.max(0, ranges.at(-1)?.highest ?? 0);
  return highest(bits.ranges) + highest(bits.alpha) < LARGE_BITS;
}
