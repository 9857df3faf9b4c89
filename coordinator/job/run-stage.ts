import { HalotileError } from '../../tiling/errors.js';
import type { Executor, StageTask, TaskResult } from '../../tiling/work/task.js';
import type { WorkJob } from '../../tiling/work/work-job.js';
import { runTask } from './run-task.js';

/** One pass over tasks: what to run, and what to do with each result. */
export interface StageRun {
  readonly job: WorkJob;
  /**
   * In the order in which they should start. The tasks of one sequence run one after the other, each asked for
   * when the one before it is committed.
   */
  readonly sequences: Iterable<Iterable<StageTask>>;
  /** Called once for every finished task, in the order in which they finish. */
  readonly commit: (result: TaskResult, task: StageTask) => void;
  /** When it aborts, no further tile starts; those under way are finished and committed. */
  readonly signal?: AbortSignal;
}

/**
 * Runs all tiles of a stage and returns when each is committed.
 * @throws the first tile's error that is not mended by trying again; `interrupted` after an abort
 */
export async function runStage(executor: Executor, { job, sequences, commit, signal }: StageRun): Promise<void> {
  const queue = sequences[Symbol.iterator]();
  let exhausted = false;
  let failure: unknown;

  async function lane(): Promise<void> {
    while (failure === undefined && !signal?.aborted) {
      const next = queue.next();
      if (next.done) {
        exhausted = true;
        return;
      }
      try {
        for (const task of next.value) {
          if (failure !== undefined || signal?.aborted) return;
          commit(await runTask(executor, job, task), task);
        }
      } catch (error) {
        if (failure !== undefined) return;
        failure = error;
        // What waits in the executor is not begun any more, and a user's kernel may have hours to go.
        await executor.closeJob(job.key);
      }
    }
  }

  // A cluster takes thousands of tasks at once, and most jobs have a few.
  const lanes: Promise<void>[] = [];
  while (lanes.length < executor.tasksAtOnce && !exhausted) lanes.push(lane());
  await Promise.allSettled(lanes);
  if (failure !== undefined) throw failure;
  if (signal?.aborted) {
    throw new HalotileError('interrupted', {
      what: 'interrupted',
      remedy: 'run the same command again to continue where it stopped',
    });
  }
}
