import { ERROR_TABLE } from '../../tiling/error-table.js';
import { HalotileError } from '../../tiling/errors.js';
import type { KindName } from '../../tiling/work/index.js';
import type { Executor, Task, TaskResult } from '../../tiling/work/task.js';
import type { WorkJob } from '../../tiling/work/work-job.js';

/** How often a task is tried before its failure is the job's. */
const MAX_ATTEMPTS = 3;

/**
 * Runs a task, again where its thread died.
 * @throws HalotileError as the task's own failure, or the last death
 */
export async function runTask<K extends KindName>(
  executor: Pick<Executor, 'run'>,
  job: WorkJob,
  task: Omit<Task<K>, 'attempt'>,
): Promise<TaskResult<K>> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await executor.run(job, { ...task, attempt } as Task<K>);
    } catch (error) {
      const mendable =
        error instanceof HalotileError && error.tag === 'tile-failed' && ERROR_TABLE[error.tag].retryable;
      if (!mendable || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}
