import { cellRect, gridOf } from '../../tiling/geometry/grid.js';
import type { TileResult, TileTask } from '../../tiling/job/execution.js';
import { bytesOf, SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import type { TileRaster } from '../kernels/kernel.js';
import { emitLevels } from './emit-levels.js';
import type { OpenJob } from './open-job.js';
import { readStoredTile } from './read-stored.js';
import { runChain } from './run-chain.js';
import { Tally } from './tally.js';

/** Runs one attempt at one tile from its reads to its written blocks. */
export async function runTile(open: OpenJob, task: TileTask): Promise<TileResult> {
  const { plan, backend } = open;
  const stage = plan.stages[task.stage]!;
  const tally = new Tally(open.now);
  const rect = cellRect(gridOf(plan.levels[stage.base]!, { width: stage.tile, height: stage.tile }), task.tile);
  open.sink.begin?.();
  backend.memory.reset(plan.memory.linearBytes);
  let raster: TileRaster;
  let mapMax = 0;
  let checks = { term: 0, crc: 0 };
  if (stage.kind === 'filter') {
    const result = await runChain(open, rect, tally);
    raster = result.raster;
    mapMax = result.mapMax;
    const strideBytes = raster.stride * SAMPLE_BYTES[raster.dtype];
    checks = tally.timed('encode', () => open.rasterCrc.term(rect, bytesOf(raster.samples), strideBytes));
  } else {
    raster = await readStoredTile(open, stage.base, rect, task, tally);
  }
  const blocks = await emitLevels(open, raster, stage, tally);
  tally.counts.outputPixels += rect.width * rect.height;
  const result: TileResult = {
    task: { stage: task.stage, tile: task.tile, attempt: task.attempt },
    part: open.sink.part,
    blocks,
    pixelCrc: checks.crc,
    rasterCrcTerm: checks.term,
    mapMax,
    seconds: tally.seconds,
    counts: tally.counts,
  };
  await tally.timed('write', () => open.sink.report?.(result, task));
  return result;
}
