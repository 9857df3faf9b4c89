import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { withSummaries } from '../coordinator/index.js';
import { area } from '../tiling/geometry/rect.js';
import { couplingOf } from '../tiling/plan/chain.js';
import type { Plan } from '../tiling/plan/plan.js';
import { type PreparedInputs, sourcesOf } from '../tiling/prepare/job-rasters.js';
import type { Executor } from '../tiling/work/task.js';
import { CPU_BACKEND, type WorkJob } from '../tiling/work/work-job.js';

/** One tile run for its time alone, and what that says of the job. */
export interface Trial {
  /** Seconds on one thread, from reading to writing. */
  readonly tileSeconds: number;
  /** Seconds of the whole job at that rate; overviews, a percent or two, are not in it. */
  readonly jobSeconds: number;
}

/**
 * Runs the tile in the middle of the job's first stage, twice: the second time code is compiled and files are open.
 * What it writes goes to `scratchDirectory`.
 * @throws HalotileError as the tile itself
 */
export async function tryTile(
  plan: Plan,
  inputs: PreparedInputs,
  executor: Executor,
  scratchDirectory: string,
): Promise<Trial> {
  const stage = plan.stages[0]!;
  const job: WorkJob = {
    key: `trial:${scratchDirectory}`,
    plan,
    inputs: await withSummaries({ executor, plan, inputs: sourcesOf(inputs), scratch: scratchDirectory }),
    sink: { kind: 'parts', partial: scratchDirectory, epoch: 'trial', durable: false },
    boundedBackend: executor.boundedBackends?.[0] ?? CPU_BACKEND,
  };
  // Rows of tiles begin at the left: a scan's tile further right would wait for what its neighbour hands on.
  const scans = plan.operations.some((operation) => couplingOf(operation) === 'row');
  const tile = Math.floor(stage.down / 2) * stage.across + (scans ? 0 : Math.floor(stage.across / 2));
  mkdirSync(join(scratchDirectory, 'trial'));
  try {
    const run = (attempt: number) =>
      executor.run(job, { kind: stage.kind as 'filter', stage: 0, index: tile, attempt, data: {} });
    await run(1);
    const { seconds, counts } = await run(2);
    const tileSeconds = Object.values(seconds).reduce((sum, part) => sum + part, 0);
    const passes = plan.stages.filter(({ kind }) => kind !== 'overview');
    const tiles = passes.reduce((sum, { size }) => sum + area(size), 0) / counts.outputPixels;
    return { tileSeconds, jobSeconds: (tiles * tileSeconds) / executor.slots };
  } finally {
    await executor.closeJob(job.key);
  }
}
