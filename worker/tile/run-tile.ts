import { cellRect, type Grid, gridOf } from '../../tiling/geometry/grid.js';
import { area, type Rect } from '../../tiling/geometry/rect.js';
import type { TileResult, TileTask } from '../../tiling/job/execution.js';
import { chainTypes } from '../../tiling/plan/memory.js';
import type { StagePlan } from '../../tiling/plan/plan.js';
import { bytesOf, SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import { PARTIALS } from '../kernels/reference/index.js';
import { emitLevels } from './emit-levels.js';
import type { OpenJob } from './open-job.js';
import { readStoredTile } from './read-stored.js';
import { converted, runChain } from './run-chain.js';
import { Tally } from './tally.js';

/** Runs one attempt at one tile from its reads to its written blocks. */
export async function runTile(open: OpenJob, task: TileTask): Promise<TileResult> {
  const { plan, backend, sink } = open;
  const stage = plan.stages[task.stage]!;
  const tally = new Tally(open.now);
  const grid = gridOf(stage.size, { width: stage.tile, height: stage.tile });
  const rect = cellRect(grid, task.tile);
  sink.begin?.();
  backend.memory.reset(plan.memory.linearBytes);
  tally.counts.outputPixels += area(rect);
  const outcome = await runByKind(open, stage, { task, rect, grid }, tally);
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
}

async function runByKind(open: OpenJob, stage: StagePlan, work: TileWork, tally: Tally): Promise<Outcome> {
  switch (stage.kind) {
    case 'reduce':
      return gather(open, stage, work, tally);
    case 'filter':
      return filter(open, stage, work, tally);
    case 'overview': {
      const raster = await readStoredTile(open, stage.base, work.rect, work.task, tally);
      return { blocks: await emitLevels(open, raster, stage, tally), pixelCrc: 0, rasterCrcTerm: 0, mapMax: 0 };
    }
  }
}

/** One tile's term of the reduction that an operation waits for; the chain before it is run and not kept. */
async function gather(open: OpenJob, stage: StagePlan, { rect }: TileWork, tally: Tally): Promise<Outcome> {
  const { plan } = open;
  const operation = plan.operations[stage.operation!]!;
  const operations = plan.operations.slice(0, stage.operation);
  const { raster, mapMax } = await runChain(open, { operations, tile: rect }, tally);
  const { alpha, nodata } = chainTypes(plan.operations, plan.image)[stage.operation!]!;
  const partial = tally.timed('kernel', () =>
    PARTIALS[operation.name]!(raster, operation, { image: stage.size, alpha, nodata }),
  );
  return { blocks: [], pixelCrc: 0, rasterCrcTerm: 0, mapMax, partial };
}

async function filter(open: OpenJob, stage: StagePlan, work: TileWork, tally: Tally): Promise<Outcome> {
  const { plan } = open;
  const { task, rect, grid } = work;
  const next = (task.tile + 1) % grid.across === 0 ? undefined : cellRect(grid, task.tile + 1);
  const run = { operations: plan.operations, tile: rect, next, carries: task.carries };
  const { raster: result, mapMax, carries } = await runChain(open, run, tally);
  const raster = tally.timed('kernel', () => converted(open, result, plan.output.dtype));
  const strideBytes = raster.stride * SAMPLE_BYTES[raster.dtype];
  const { term, crc } = tally.timed('encode', () => open.rasterCrc.term(rect, bytesOf(raster.samples), strideBytes));
  const blocks = await emitLevels(open, raster, stage, tally);
  return { blocks, pixelCrc: crc, rasterCrcTerm: term, mapMax, carries };
}
