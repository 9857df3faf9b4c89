import { HalotileError } from '../../tiling/errors.js';
import { OPERATIONS } from '../../tiling/operations/index.js';
import { chainTypes } from '../../tiling/plan/memory.js';
import type { Plan } from '../../tiling/plan/plan.js';
import type { Executor } from '../../tiling/work/task.js';
import { CPU_BACKEND } from '../../tiling/work/work-job.js';

/**
 * What must compute every tile of a job that has bounded operations: what the unfinished job began with, or else
 * what the executor likes best. Undefined for exact jobs, whose tiles are the same everywhere.
 * @throws not-ready where the job began on a backend that this executor does not have and will not get
 */
export function boundedBackendOf(
  plan: Plan,
  executor: Pick<Executor, 'boundedBackends' | 'awaitsBackends'>,
  begunOn: string | undefined,
): string | undefined {
  const types = chainTypes(plan.operations, plan.image);
  const exact = plan.operations.every(({ name }, i) => OPERATIONS[name]!.numeric(types[i]!.dtype) === 'exact');
  if (exact) return undefined;
  const offered = executor.boundedBackends ?? [CPU_BACKEND];
  const backend = begunOn ?? offered[0]!;
  if (executor.awaitsBackends === true || offered.includes(backend)) return backend;
  throw new HalotileError('not-ready', {
    what: `the unfinished job was begun on ${backend}, and another backend would round differently`,
    expected: `one of ${offered.join(', ')} here`,
    remedy: 'run it where that backend is, or use --restart to begin anew',
  });
}
