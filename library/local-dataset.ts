import { type DatasetProgress, type DatasetResult, runDataset } from '../coordinator/index.js';
import type { DatasetSpec } from '../tiling/job/dataset-spec.js';
import type { PlanMachine } from '../tiling/plan/plan-input.js';
import { openThreads } from './executor.js';

/** How a dataset job runs on this machine. */
export interface LocalDatasetOptions {
  readonly machine: PlanMachine;
  /** Forget what earlier runs did. */
  readonly restart?: boolean;
  /** When it aborts, frames under way are finished; the same job continues later. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DatasetProgress) => void;
}

/**
 * Runs a dataset job on threads of this process.
 * @throws HalotileError
 */
export async function runDatasetLocally(
  job: DatasetSpec,
  { machine, ...options }: LocalDatasetOptions,
): Promise<DatasetResult> {
  const executor = openThreads(machine, ['count', 'remap']);
  try {
    return await runDataset({ ...options, job, executor, machine, nowSeconds: () => performance.now() / 1000 });
  } finally {
    await executor.close();
  }
}
