import type { Size } from '../geometry/rect.js';

/**
 * The measured model behind the default tile side. A pixel of the tile's window costs `windowNs` (reading and
 * summing), a pixel of the tile `outputNs` (filtering and writing), one that is decoded again for coarser overviews
 * `decodeNs`, and each tile `tileNs` (messages, ledger, system calls). A window row that outgrows the cache costs more: `spillNs` for each further 1024 columns; so do
 * the summed-area rows that the windows of one output row span, `ringNs` for each MiB beyond `ringCacheBytes`.
 * Figures: box by map, uint8 RGB, two cores; only their ratios matter.
 */
const COST = {
  windowNs: 2.5,
  outputNs: 4.5,
  decodeNs: 10,
  tileNs: 4e5,
  spillNs: 0.5,
  ringNs: 0.5,
  ringCacheBytes: 12 << 20,
};

/** The tile sides that the planner considers, as multiples of the output block. */
const MULTIPLES = [1, 2, 4, 8];

/** What limits the choice of a tile side. */
export interface TileChoice {
  readonly block: number;
  /** Pixels read beyond the tile on each side, cut at the image. */
  readonly haloPx: number;
  /** What most tiles are expected to read beyond themselves. */
  readonly expectedHaloPx: number;
  readonly image: { readonly width: number; readonly height: number };
  readonly threads: number;
  /** Those of the coarsest overview inside a tile, which the next overviews decode; 0 where they need not. */
  readonly decodedPixels?: number;
  /** A small image is not cut for several threads. */
  readonly isQuick?: boolean;
  /** What suits the executor best; the largest side that fits and does not pass it is taken. */
  readonly preferredTile?: number;
  /** Linear memory that one thread may use. */
  readonly threadBytes: number;
  readonly bytesOf: (tileSide: number) => number;
}

/**
 * The cheapest tile side whose memory fits and whose halo does not exceed it, or undefined where none is. An
 * image of few tiles is cut finer, so that no thread waits for another at the end.
 */
export function chooseTileSide(choice: TileChoice): number | undefined {
  const fitting = tileSides(choice).filter((tileSide) => choice.bytesOf(tileSide) <= choice.threadBytes);
  const preferred = preferredSide(choice, fitting);
  if (preferred !== undefined) return preferred;
  let best: { tileSide: number; cost: number } | undefined;
  for (const tileSide of fitting) {
    const cost = predictSeconds(choice, tileSide);
    if (best === undefined || cost < best.cost) best = { tileSide, cost };
  }
  return best?.tileSide;
}

/** The sides that the planner considers and the halo does not exceed, ascending. */
export function tileSides(choice: TileChoice): number[] {
  return MULTIPLES.map((multiple) => multiple * choice.block).filter((tileSide) => haloFits(choice, tileSide));
}

/** The executor's own choice, as long as it leaves a tile for each of its threads. */
function preferredSide({ preferredTile, image, threads }: TileChoice, fitting: readonly number[]): number | undefined {
  if (preferredTile === undefined) return undefined;
  const tiles = (side: number) => Math.ceil(image.width / side) * Math.ceil(image.height / side);
  return fitting.findLast((side) => side <= preferredTile && tiles(side) >= threads);
}

/** The side of a block that covers a small image, a multiple of 16 as TIFF demands. */
export function coveringBlock({ width, height }: Size): number {
  return Math.max(16, Math.ceil(Math.max(width, height) / 16) * 16);
}

/** Whether a tile side is not exceeded by its halo; a tile that covers the image needs no halo. */
export function haloFits({ haloPx, image }: Pick<TileChoice, 'haloPx' | 'image'>, tileSide: number): boolean {
  return haloPx <= tileSide || tileSide >= Math.max(image.width, image.height);
}

/** Predicted seconds of a job's filter stage on all threads, by the number of tiles the busiest thread runs. */
export function predictSeconds(
  {
    image,
    threads,
    expectedHaloPx,
    decodedPixels = 0,
    isQuick = false,
  }: Pick<TileChoice, 'image' | 'threads' | 'expectedHaloPx' | 'decodedPixels' | 'isQuick'>,
  tileSide: number,
): number {
  const tiles = Math.ceil(image.width / tileSide) * Math.ceil(image.height / tileSide);
  const side = Math.min(tileSide, Math.max(image.width, image.height));
  const window = (side + 2 * expectedHaloPx) ** 2;
  const spill = (COST.spillNs * side) / 1024;
  // Four sums of four bytes a pixel.
  const ringBytes = Math.min(2 * expectedHaloPx + 2, side) * (side + 2 * expectedHaloPx) * 16;
  const ring = (Math.max(0, ringBytes - COST.ringCacheBytes) / 2 ** 20) * COST.ringNs;
  const perTile =
    window * (COST.windowNs + spill) +
    side * side * (COST.outputNs + ring) +
    // The only tile of an image makes all of its overviews.
    (tiles === 1 && isQuick ? 0 : decodedPixels) * COST.decodeNs +
    COST.tileNs;
  return (Math.ceil(tiles / threads) * perTile) / 1e9;
}
