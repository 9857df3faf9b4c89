import type { ErrorRecord } from '../../tiling/errors.js';
import type { KindName } from '../../tiling/work/index.js';
import type { Task, TaskResult } from '../../tiling/work/task.js';
import type { WorkJob } from '../../tiling/work/work-job.js';
import type { DeviceLink } from '../device/device-messages.js';
import type { Backend } from '../kernels/backend.js';
import type { SharedCaches } from '../tile/open-job.js';

/** What the pool asks of a thread. */
export interface ThreadRequest {
  readonly job: WorkJob;
  readonly caches: SharedCaches;
  readonly task: Task;
}

/** What a thread answers: errors as data, since a thrown one would lose its class on the way. */
export type ThreadAnswer = { readonly result: TaskResult } | { readonly error: ErrorRecord };

/** What every thread of a pool is started with. */
export interface ThreadData {
  readonly backend: Backend['name'];
  /** Prefix of this process's part files. */
  readonly name: string;
  /** Threads of the pool. */
  readonly threads: number;
  /** Kinds of work that it gets ready for before the first task comes. */
  readonly expects: readonly KindName[];
  /** Linear memory that one thread may take; 4 GiB where absent. */
  readonly maximumBytes?: number;
  /** In a process that owns a GPU. */
  readonly device?: DeviceLink;
}
