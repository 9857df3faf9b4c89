import type { JobResult } from '../coordinator/index.js';
import { type JobProgress, runJob } from '../coordinator/index.js';
import { checkCodecAvailable } from '../tiling/codecs/encode-block.js';
import type { JobSpec } from '../tiling/job/job-spec.js';
import type { Plan } from '../tiling/plan/plan.js';
import type { PlanMachine } from '../tiling/plan/plan-input.js';
import { type BackendChoice, openExecutor } from './executor.js';

/** How a job runs on this machine. */
export interface LocalRunOptions {
  readonly machine: PlanMachine;
  /** What runs the tiles; the processor where absent. */
  readonly backend?: BackendChoice;
  /** Called with one sentence when a GPU is lost and something takes its place. */
  readonly onWarning?: (what: string) => void;
  readonly durable?: boolean;
  readonly restart?: boolean;
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
  const executor = await openExecutor(options.machine, options.backend ?? 'wasm', options.onWarning);
  try {
    return await runJob({ ...options, spec, executor, now: () => performance.now() / 1000 });
  } finally {
    await executor.close();
  }
}
