import { hostname } from 'node:os';
import type { JobResult } from '../coordinator/index.js';
import { type JobProgress, runJob } from '../coordinator/index.js';
import type { JobSpec } from '../tiling/job/job-spec.js';
import type { Plan } from '../tiling/plan/plan.js';
import type { PlanMachine } from '../tiling/plan/plan-input.js';
import { ThreadPoolExecutor } from '../worker/index.js';

/** How a job runs on this machine. */
export interface LocalRunOptions {
  readonly machine: PlanMachine;
  readonly durable?: boolean;
  readonly restart?: boolean;
  readonly signal?: AbortSignal;
  readonly onPlan?: (plan: Plan) => void;
  readonly onProgress?: (progress: JobProgress) => void;
}

/**
 * Runs a job on threads of this process.
 * @throws HalotileError; the output is then as it was before
 */
export async function runLocally(spec: JobSpec, options: LocalRunOptions): Promise<JobResult> {
  const executor = openLocalExecutor(options.machine);
  try {
    return await runJob({ ...options, spec, executor, now: () => performance.now() / 1000 });
  } finally {
    await executor.close();
  }
}

/** Threads of this process that run tiles. */
export function openLocalExecutor({ threads }: PlanMachine): ThreadPoolExecutor {
  const name = `${hostname().replace(/[^A-Za-z0-9-]/g, '-')}-${process.pid}`;
  return new ThreadPoolExecutor({ threads, backend: 'wasm', name });
}
