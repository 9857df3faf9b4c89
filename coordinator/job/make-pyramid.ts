import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { HalotileError } from '../../tiling/errors.js';
import { chainPyramid } from '../../tiling/operations/pyramid.js';
import { PyramidFile } from '../../tiling/stitch/pyramid-file.js';
import type { StageTask, TaskResult } from '../../tiling/work/task.js';
import type { WorkInput, WorkJob } from '../../tiling/work/work-job.js';
import { runStage } from './run-stage.js';
import type { SummaryMeans } from './summary-means.js';

/** The inputs of a job with the grids of its image, where a Gaussian by map reads them. */
export async function withPyramid({ executor, plan, inputs, scratch, signal }: SummaryMeans): Promise<WorkInput[]> {
  const pyramid = chainPyramid(plan.operations);
  if (pyramid === undefined) return [...inputs];
  const path = join(scratch, `pyramid-${crc32(JSON.stringify(pyramid)).toString(16)}.tif`);
  const all: WorkInput[] = [...inputs, { name: 'pyramid', source: { kind: 'file', path } }];
  if (existsSync(path)) return all;
  const file = new PyramidFile(path, plan.image, pyramid);
  const job: WorkJob = { key: `pyramid#${randomUUID()}`, plan, inputs };
  try {
    const tasks = Array.from({ length: file.bands }, (_, index): StageTask[] => [
      { kind: 'decimate', stage: 0, index, data: { pyramid } },
    ]);
    const commit = ({ task, value }: TaskResult) => file.add(task.index, value as TaskResult<'decimate'>['value']);
    await runStage(executor, { job, sequences: tasks, commit, signal });
  } catch (error) {
    file.close();
    throw error;
  } finally {
    await executor.closeJob(job.key);
  }
  for await (const _ of file.finish()) {
    if (signal?.aborted) throw new HalotileError('interrupted', { what: 'interrupted' });
    await setImmediate();
  }
  return all;
}
