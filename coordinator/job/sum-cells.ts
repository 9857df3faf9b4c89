import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { HalotileError } from '../../tiling/errors.js';
import { chainCorners, cornerTable } from '../../tiling/operations/corners.js';
import { CornerTableFile } from '../../tiling/stitch/corner-table-file.js';
import type { StageTask, TaskResult } from '../../tiling/work/task.js';
import type { WorkInput, WorkJob } from '../../tiling/work/work-job.js';
import { runStage } from './run-stage.js';
import type { SummaryMeans } from './summary-means.js';

/** The inputs of a job with the summed-area table of its image, where its windows read corners. */
export async function withCornerTable({ executor, plan, inputs, scratch, signal }: SummaryMeans): Promise<WorkInput[]> {
  const corners = chainCorners(plan.operations);
  if (corners === undefined) return [...inputs];
  const path = join(scratch, `corners-${corners.cellSide}-${crc32(JSON.stringify(corners.layout)).toString(16)}.tif`);
  const all: WorkInput[] = [...inputs, { name: 'corners', source: { kind: 'file', path } }];
  if (existsSync(path)) return all;
  const table = new CornerTableFile(path, plan.image, corners);
  const job: WorkJob = { key: `corners#${randomUUID()}`, plan, inputs };
  try {
    const { rows } = cornerTable(plan.image, corners.cellSide);
    const tasks = Array.from({ length: rows }, (_, index): StageTask[] => [
      { kind: 'sum', stage: 0, index, data: { corners } },
    ]);
    const commit = ({ task, value }: TaskResult) => table.add(task.index, value as TaskResult<'sum'>['value']);
    await runStage(executor, { job, sequences: tasks, commit, signal });
  } catch (error) {
    table.close();
    throw error;
  } finally {
    await executor.closeJob(job.key);
  }
  // A table of a large image is hundreds of megabytes.
  for await (const _ of table.finish()) {
    if (signal?.aborted) throw new HalotileError('interrupted', { what: 'interrupted' });
    await setImmediate();
  }
  return all;
}
