import type { KindName } from '../../tiling/work/index.js';
import type { Task, TaskResult } from '../../tiling/work/task.js';
import type { WorkJob } from '../../tiling/work/work-job.js';
import type { JobEnd } from '../tile/job-end.js';
import type { OpenJob, ThreadContext } from '../tile/open-job.js';
import { RUNNERS } from './index.js';
import { LocalOutbox } from './outbox.js';
import { resultOf, type TaskRun } from './runner.js';

/** A thread, and the task that it is to run. */
export interface ThreadTask<K extends KindName> {
  readonly job: WorkJob;
  readonly task: Task<K>;
  readonly thread: ThreadContext;
  readonly open: () => OpenJob;
  readonly end: JobEnd;
}

/** Runs a task of this machine to its end. */
export async function runTask<K extends KindName>(on: ThreadTask<K>): Promise<TaskResult<K>> {
  const outbox = new LocalOutbox(on.thread.name);
  try {
    return await runWith({ ...on, data: on.task.data, outbox, byReference: false, named: (error) => error });
  } finally {
    outbox.close();
  }
}

/** The result of the kind's own runner. */
export async function runWith<K extends KindName>(run: TaskRun<K>): Promise<TaskResult<K>> {
  const runner = await RUNNERS[run.task.kind]();
  return resultOf(run.task, await runner(run), run.outbox);
}
