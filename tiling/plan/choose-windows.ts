import { type Corners, cornerLanes, cornersOf } from '../operations/corners.js';
import type { Operation } from '../operations/index.js';
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
/** The largest tile that reads corners, in pixels: its sums are held in float64. */
const LARGEST_TILE = 1024;

/** How a chain's windows are read, and the tiles that suit it. */
export interface WindowChoice {
  readonly operations: readonly Operation[];
  readonly choice: TileChoice;
  /** Undefined where no tile suits. */
  readonly tileSide: number | undefined;
}

/**
 * Whether windows are summed over a halo, or by corners where that is impossible or reads more.
 *
 * @param given the tile side, where it is not for the planner to choose
 */
export function chooseWindows(
  operations: readonly Operation[],
  choiceOf: (operations: readonly Operation[]) => TileChoice,
  given: number | undefined,
  { source, masked }: { readonly source: RasterInfo; readonly masked: boolean },
): WindowChoice {
  const choice = choiceOf(operations);
  // Where no tile fits the memory, the smallest one that the halo allows is refused with its figure.
  const tileSide = given ?? chooseTileSide(choice) ?? tileSides(choice)[0];
  const byHalo = { operations, choice, tileSide };
  if (tileSide !== undefined && isCheap(choice, tileSide)) return byHalo;
  for (const side of given === undefined ? cornerSides(choice.block) : [given]) {
    const cornered = withCorners(operations, side, { source, masked });
    if (cornered === undefined) return byHalo;
    const cornerChoice = choiceOf(cornered);
    if (cornerChoice.bytesOf(side) <= cornerChoice.threadBytes) {
      return { operations: cornered, choice: cornerChoice, tileSide: side };
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

function cornerSides(block: number): number[] {
  const largest = Math.max(1, Math.floor(LARGEST_TILE / block));
  return Array.from({ length: largest }, (_, index) => (largest - index) * block);
}

/** The chain with its first operation reading corners, or undefined where that is not possible. */
function withCorners(
  operations: readonly Operation[],
  tileSide: number,
  { source, masked }: { readonly source: RasterInfo; readonly masked: boolean },
): Operation[] | undefined {
  const [first, ...rest] = operations;
  const lanes = cornerLanes(source, masked);
  if (first?.name !== 'box' || first.border !== 'clip' || lanes === undefined) return undefined;
  const aboveRadius = first.byMap ? Math.floor(tileSide * HALO_SHARE) : 0;
  const cellSide = Math.min(CELL_SIDE, Math.max(SMALLEST_CELL, Math.floor(tileSide / 4)));
  const corners: Corners = { cellSide, lanes, aboveRadius };
  return [{ ...first, params: { ...first.params, corners } }, ...rest];
}
