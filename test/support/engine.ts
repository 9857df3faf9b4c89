import { after } from 'node:test';
import { type JobResult, type JobRun, runJob } from '../../coordinator/index.js';
import { type JobSpecInput, jobSpecSchema } from '../../tiling/job/job-spec.js';
import { ThreadPoolExecutor } from '../../worker/index.js';
import type { Backend } from '../../worker/kernels/backend.js';

const executors = new Map<string, ThreadPoolExecutor>();
after(() => Promise.all([...executors.values()].map((executor) => executor.close())));

/** Where and how a test's job runs; two threads of WebAssembly and 512 MiB where nothing is said. */
export interface EngineOptions
  extends Partial<Pick<JobRun, 'onProgress' | 'onPlan' | 'signal' | 'restart' | 'executor'>> {
  readonly threads?: number;
  readonly backend?: Backend['name'];
  readonly memoryBytes?: number;
}

/** Runs a job as the command does; threads are kept from one job of a test file to the next. */
export function runEngine(spec: JobSpecInput, options: EngineOptions = {}): Promise<JobResult> {
  const { threads = 2, backend = 'wasm', memoryBytes = 512 << 20, ...run } = options;
  return runJob({
    executor: executorOf(threads, backend),
    ...run,
    spec: jobSpecSchema.parse(spec),
    machine: { threads, memoryBytes },
    nowSeconds: () => performance.now() / 1000,
  });
}

function executorOf(threads: number, backend: Backend['name']): ThreadPoolExecutor {
  const key = `${backend}${threads}`;
  const known = executors.get(key);
  if (known !== undefined) return known;
  const executor = new ThreadPoolExecutor({ threads, backend, name: `test-${process.pid}-${key}` });
  executors.set(key, executor);
  return executor;
}
