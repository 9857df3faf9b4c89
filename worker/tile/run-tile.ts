import { cellRect, type Grid, gridOf } from '../../tiling/geometry/grid.js';
import { area, type Rect } from '../../tiling/geometry/rect.js';
import type { TileResult, TileTask } from '../../tiling/job/execution.js';
import type { StagePlan } from '../../tiling/plan/plan.js';
import { bytesOf, SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import { emitLevels } from './emit-levels.js';
import { gatherPartial } from './gather-partial.js';
import type { OpenJob } from './open-job.js';
import { readStoredTile } from './read-stored.js';
import type { ChainRun } from './row-scan.js';
import { converted, runChain } from './run-chain.js';
import { reserveTile, runPieces } from './run-pieces.js';
import { Tally } from './tally.js';

/** Runs one attempt at one tile from its reads to its written blocks. */
export async function runTile(open: OpenJob, task: TileTask): Promise<TileResult> {
  const { plan, backend, sink } = open;
  const stage = plan.stages[task.stage]!;
  const tally = new Tally(open.now);
  const grid = gridOf(stage.size, { width: stage.tile, height: stage.tile });
  const rect = cellRect(grid, task.tile);
  sink.begin?.();
  const pieceSide = reserveTile(backend.memory, plan, stage);
  tally.counts.outputPixels += area(rect);
  const outcome = await runByKind(open, stage, { task, rect, grid, pieceSide }, tally);
  const result: TileResult = {
    task: { stage: task.stage, tile: task.tile, attempt: task.attempt },
    part: sink.part,
    ...outcome,
    seconds: tally.seconds,
    counts: tally.counts,
    ...(tally.device && { device: tally.device }),
  };
  await tally.timed('write', () => sink.report?.(result, task));
  return result;
}

type Outcome = Pick<TileResult, 'blocks' | 'pixelCrc' | 'rasterCrcTerm' | 'partial' | 'carries' | 'mapMax'>;

/** A task, the pixels that it stands for and the grid that they belong to. */
interface TileWork {
  readonly task: TileTask;
  readonly rect: Rect;
  readonly grid: Grid;
  /** The tile's side, or less where a thread could not get its memory. */
  readonly pieceSide: number;
}

async function runByKind(open: OpenJob, stage: StagePlan, work: TileWork, tally: Tally): Promise<Outcome> {
  switch (stage.kind) {
    case 'reduce':
      return { blocks: [], pixelCrc: 0, rasterCrcTerm: 0, ...(await gatherPartial(open, stage, placeOf(work), tally)) };
    case 'filter':
      return filter(open, stage, work, tally);
    case 'overview': {
      const raster = await readStoredTile(open, stage.base, work.rect, work.task, tally);
      return { blocks: await emitLevels(open, raster, stage, tally), pixelCrc: 0, rasterCrcTerm: 0, mapMax: 0 };
    }
  }
}

/** Where a tile lies among its neighbours, for scans along rows. */
function placeOf({ task, rect, grid }: TileWork): Omit<ChainRun, 'operations'> {
  const next = (task.tile + 1) % grid.across === 0 ? undefined : cellRect(grid, task.tile + 1);
  return { tile: rect, next, carries: task.carries };
}

async function filter(open: OpenJob, stage: StagePlan, work: TileWork, tally: Tally): Promise<Outcome> {
  const { plan } = open;
  const { rect } = work;
  const {
    raster: result,
    mapMax,
    carries,
  } = await (work.pieceSide < stage.tile
    ? runPieces(open, rect, work.pieceSide, tally)
    : runChain(open, { ...placeOf(work), operations: plan.operations }, tally));
  const raster = tally.timed('kernel', () => converted(open, result, plan.output.dtype));
  const strideBytes = raster.stride * SAMPLE_BYTES[raster.dtype];
  const { term, crc } = tally.timed('encode', () => open.rasterCrc.term(rect, bytesOf(raster.samples), strideBytes));
  const blocks = await emitLevels(open, raster, stage, tally);
  return { blocks, pixelCrc: crc, rasterCrcTerm: term, mapMax, carries };
}
