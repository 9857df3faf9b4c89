import type { ErrorRecord } from '../../tiling/errors.js';
import { noCounts } from '../../tiling/job/job-figures.js';
import type { DataOf, KindName } from '../../tiling/work/index.js';
import type { Task, TaskResult } from '../../tiling/work/task.js';
import type { WorkJob } from '../../tiling/work/work-job.js';
import type { JobEnd } from '../tile/job-end.js';
import type { OpenJob, ThreadContext } from '../tile/open-job.js';
import type { Outbox } from './outbox.js';

/** One task on its thread. */
export interface TaskRun<K extends KindName> {
  readonly task: Task<K>;
  /** The task's, with this machine's places for what it reads. */
  readonly data: DataOf<K>;
  readonly job: WorkJob;
  readonly thread: ThreadContext;
  /** The task's job with its sources and its sink, which stay open from task to task. */
  readonly open: () => OpenJob;
  /** Where the job may be over before its task. */
  readonly end: JobEnd;
  /** Takes the files and the spilled bytes that the task makes. */
  readonly outbox: Outbox;
  /** Whether some of what it reads was found by reference: failing to read it may be this machine's fault. */
  readonly byReference: boolean;
  /** An error with files named as whoever runs the job names them. */
  readonly named: (error: ErrorRecord) => ErrorRecord;
}

/** What a runner hands back; what it leaves out is empty. */
export type Outcome<K extends KindName> = Pick<TaskResult<K>, 'value' | 'crc'> &
  Partial<Pick<TaskResult<K>, 'part' | 'blocks' | 'seconds' | 'counts' | 'device'>>;

/** Runs tasks of one kind. */
export type Runner<K extends KindName> = (run: TaskRun<K>) => Promise<Outcome<K>>;

const NO_SECONDS = { read: 0, decode: 0, kernel: 0, encode: 0, write: 0 };
const NO_COUNTS = noCounts();

/** What a task's attempt hands back. */
export function resultOf<K extends KindName>(
  { kind, stage, index, attempt }: Task<K>,
  outcome: Outcome<K>,
  { files }: Pick<Outbox, 'files'>,
): TaskResult<K> {
  const task = { kind, stage, index, attempt };
  return { task, part: '', blocks: [], seconds: NO_SECONDS, counts: NO_COUNTS, ...outcome, files: [...files] };
}
