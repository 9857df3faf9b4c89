import { type DatasetProgress, type DatasetResult, runDataset } from '../coordinator/index.js';
import type { DatasetSpec } from '../tiling/job/dataset-spec.js';
import type { PlanMachine } from '../tiling/plan/plan-input.js';
import { FramePool, type ThreadPoolExecutor } from '../worker/index.js';
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
 * Runs a dataset job on threads of this process; the threads for large images start with the first of them.
 * @throws HalotileError
 */
export async function runDatasetLocally(
  job: DatasetSpec,
  { machine, ...options }: LocalDatasetOptions,
): Promise<DatasetResult> {
  const frames = new FramePool(machine);
  let tiles: ThreadPoolExecutor | undefined;
  const executor = () => {
    tiles ??= openThreads(machine);
    return tiles;
  };
  try {
    const now = () => performance.now() / 1000;
    return await runDataset({ ...options, job, executor: frames, tiles: { executor, machine }, now });
  } finally {
    await frames.close();
    await tiles?.close();
  }
}
