import { type DatasetResult, runDataset } from '../coordinator/index.js';
import type { DatasetSpec } from '../tiling/job/dataset-spec.js';
import type { JobProgress } from '../tiling/job/job-progress.js';
import { isS3Url } from '../tiling/places/url.js';
import type { PlanMachine } from '../tiling/plan/plan-input.js';
import type { Executor } from '../tiling/work/task.js';
import { openThreads } from './executor.js';

/** How a dataset job runs on this machine. */
export interface LocalDatasetOptions {
  readonly machine: PlanMachine;
  /** Runs the tasks and stays open; one is opened for the job where absent. */
  readonly executor?: Executor;
  /** Forget what earlier runs did. */
  readonly restart?: boolean;
  /** When it aborts, frames under way are finished; the same job continues later. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: JobProgress) => void;
}

/**
 * Runs a dataset job on threads of this process.
 * @throws HalotileError
 */
export async function runDatasetLocally(
  job: DatasetSpec,
  { machine, restart, ...options }: LocalDatasetOptions,
): Promise<DatasetResult> {
  // What talks to stores is loaded for them alone.
  const into = isS3Url(job.output)
    ? (await import('../coordinator/dataset/store-dataset.js')).runDatasetIntoStore
    : runDataset;
  const run = (executor: Executor) =>
    into({
      ...{ ...options, job, executor, machine, restart: restart ? 'any' : undefined },
      nowSeconds: () => performance.now() / 1000,
    });
  if (options.executor !== undefined) return run(options.executor);
  const executor = openThreads(machine, ['count', 'remap']);
  try {
    return await run(executor);
  } finally {
    await executor.close();
  }
}
