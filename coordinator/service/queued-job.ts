import type { ErrorRecord } from '../../tiling/errors.js';
import type { Log } from '../../tiling/log.js';
import type { PlanMachine } from '../../tiling/plan/plan-input.js';
import type { Executor } from '../../tiling/work/task.js';
import type { Cluster } from '../cluster/cluster.js';
import type { JobTerms } from '../cluster/open-jobs.js';
import type { QueuedJob } from '../queue/job-queue.js';
import type { JobEvents } from './job-events.js';
import type { Places } from './places.js';
import type { PlanningThreads } from './planning-threads.js';

/** What of a coordinator the jobs of its queue need, whatever they are over. */
export interface QueuedJobOptions extends Required<Pick<JobTerms, 'mayPublish'>>, Pick<JobTerms, 'traceparent'> {
  readonly log: Log;
  readonly cluster: Cluster;
  readonly places: Places;
  readonly planning: PlanningThreads;
  readonly events: JobEvents;
  /** What one worker is taken to have. */
  readonly machine: PlanMachine;
  /** Threads of this process, for work that is needed at once or too large to travel. */
  readonly here: Executor;
  readonly durable: boolean;
  /** Called when it is planned, or its images are found; the job goes on when it returns. */
  readonly onPlanned: () => Promise<void>;
  readonly signal: AbortSignal;
  /** Why the signal aborted, for those who wait. */
  readonly reason: () => ErrorRecord;
  /** Seconds on a monotonic clock. */
  readonly nowSeconds: () => number;
}

/**
 * What a job of the queue wants of the cluster.
 * @param running what is said of it while its tasks run
 */
export function termsOf(
  { id, priority, verifyEvery }: QueuedJob,
  { events, mayPublish, traceparent }: QueuedJobOptions,
  running: string,
): JobTerms {
  return {
    ...{ id, priority, verifyEvery, traceparent, mayPublish },
    onWaiting: (waiting) => {
      if (waiting) events.enter(id, 'waiting-for-workers', 'no worker that can run it is connected');
      else events.enter(id, 'running', running);
    },
  };
}
