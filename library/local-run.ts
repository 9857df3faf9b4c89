import type { JobResult } from '../coordinator/index.js';
import { fileBytes, runJob } from '../coordinator/index.js';
import { checkCodecAvailable } from '../tiling/codecs/encode-block.js';
import { inputPaths } from '../tiling/job/job-inputs.js';
import type { JobProgress } from '../tiling/job/job-progress.js';
import type { JobSpec } from '../tiling/job/job-spec.js';
import type { Plan } from '../tiling/plan/plan.js';
import type { PlanMachine } from '../tiling/plan/plan-input.js';
import type { Executor } from '../tiling/work/task.js';
import { type BackendChoice, openExecutor } from './executor.js';

/** How a job runs on this machine. */
export interface LocalRunOptions {
  readonly machine: PlanMachine;
  /** What runs the tiles; the processor where absent. */
  readonly backend?: BackendChoice;
  /** Device memory in MiB that the tiles in flight on a GPU may take; 2048 where absent. */
  readonly gpuMemoryMiB?: number;
  /** Called with one sentence when a GPU is lost and something takes its place, and for what is wrong with an input and harmless. */
  readonly onWarning?: (what: string) => void;
  /** Runs the tiles and stays open; one is opened for the job, as `backend` says, where absent. */
  readonly executor?: Executor;
  readonly durable?: boolean;
  readonly restart?: boolean;
  /** Where no executor is given: the calling thread may run the tiles of a small job, and answers nothing else meanwhile. */
  readonly callerWorks?: boolean;
  readonly signal?: AbortSignal;
  readonly onPlan?: (plan: Plan) => void;
  readonly onProgress?: (progress: JobProgress) => void;
}

/**
 * Runs a job on this machine.
 * @throws HalotileError; the output is then as it was before
 */
export async function runLocally(spec: JobSpec, options: LocalRunOptions): Promise<JobResult> {
  checkCodecAvailable(spec.compression);
  const run = (executor: Executor) =>
    runJob({
      ...{ ...options, spec, executor, restart: options.restart ? 'any' : undefined },
      nowSeconds: () => performance.now() / 1000,
    });
  if (options.executor !== undefined) return run(options.executor);
  const executor = await openExecutor(options.machine, options.backend ?? 'wasm', {
    memoryBytes: options.gpuMemoryMiB && options.gpuMemoryMiB * 2 ** 20,
    onLoss: options.onWarning,
    callerWorks: options.callerWorks && isSmall(spec),
  });
  try {
    return await run(executor);
  } finally {
    await executor.close();
  }
}

/** An image of one tile with a map of distances, as they lie in memory. */
const SMALL_BYTES = 8 << 20;

/**
 * Whether a job may well be done in the time that a thread takes to start; threads still come where it is not. What is no
 * file here may be of any size.
 */
function isSmall(spec: JobSpec): boolean {
  return fileBytes(inputPaths(spec)) <= SMALL_BYTES;
}
