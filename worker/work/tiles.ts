import { cellRect, followingInBands, type Grid } from '../../tiling/geometry/grid.js';
import { area, type Rect } from '../../tiling/geometry/rect.js';
import { stageGrid } from '../../tiling/plan/levels.js';
import type { StagePlan } from '../../tiling/plan/plan.js';
import type { KindName } from '../../tiling/work/index.js';
import type { Task } from '../../tiling/work/task.js';
import type { TileData } from '../../tiling/work/tiles.js';
import { asInFile } from '../tile/alpha-order.js';
import type { OpenJob } from '../tile/open-job.js';
import type { ChainRun } from '../tile/row-scan.js';
import { type ChainResult, runChain } from '../tile/run-chain.js';
import { reserveTile, runPieces } from '../tile/run-pieces.js';
import { Tally } from '../tile/tally.js';
import type { Outcome } from './runner.js';

/** A tile of a plan's stage with memory made for it. */
export interface OpenTile {
  readonly open: OpenJob;
  readonly stage: StagePlan;
  readonly grid: Grid;
  /** Of the tile in the grid. */
  readonly index: number;
  readonly rect: Rect;
  readonly tally: Tally;
  /** The tile's side, or less where there is no memory for the whole. */
  readonly pieceSide: number;
}

/** Begins a task about a tile. */
export function openTile(open: OpenJob, task: Pick<Task, 'stage' | 'index'>): OpenTile {
  const { plan, backend } = open;
  const stage = plan.stages[task.stage]!;
  const tally = new Tally(open.nowMs);
  const grid = stageGrid(stage);
  const rect = cellRect(grid, task.index);
  const pieceSide = reserveTile(backend.memory, plan, stage);
  tally.counts.outputPixels += area(rect);
  return { open, stage, grid, index: task.index, rect, tally, pieceSide };
}

/** Where a tile lies among its neighbours, for scans along rows. */
export function placeOf(tile: OpenTile, { carries, bands }: TileData): Omit<ChainRun, 'operations'> {
  const { rect, grid, index } = tile;
  const next = (index + 1) % grid.across === 0 ? undefined : cellRect(grid, index + 1);
  return { tileRect: rect, next, carries, bands, following: followingOf(tile) };
}

/**
 * Tiles start in the order of bands, as many at once as there are threads. Where the guess is wrong (a job that goes on
 * where it stopped) some bytes are fetched for nothing.
 */
function followingOf({ open, stage, grid, index }: OpenTile): Rect | undefined {
  if (open.tilesAhead === undefined || open.image.source.expectRect === undefined) return undefined;
  const following = followingInBands(grid, stage.bandTiles, index, open.tilesAhead);
  return following === undefined ? undefined : cellRect(grid, following);
}

/** The plan's whole chain over a tile, its channels in the file's order. */
export async function chainOver(tile: OpenTile, data: TileData): Promise<ChainResult> {
  const { open, stage, rect, pieceSide, tally } = tile;
  const result =
    pieceSide < stage.tileSide
      ? await runPieces(open, rect, pieceSide, tally)
      : await runChain(open, { ...placeOf(tile, data), operations: open.plan.operations }, tally);
  asInFile(result.raster, open.plan.output);
  return result;
}

/** What a tile's time and reads came to, for its outcome. */
export function figuresOf({ tally }: OpenTile): Pick<Outcome<KindName>, 'seconds' | 'counts' | 'device'> {
  const { seconds, counts, device } = tally;
  return { seconds, counts, ...(device && { device }) };
}
