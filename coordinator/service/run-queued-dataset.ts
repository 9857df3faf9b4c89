import type { ErrorRecord } from '../../tiling/errors.js';
import type { DatasetSpec } from '../../tiling/job/dataset-spec.js';
import type { PlanMachine } from '../../tiling/plan/plan-input.js';
import type { Executor } from '../../tiling/work/task.js';
import type { Cluster } from '../cluster/cluster.js';
import { ClusterExecutor } from '../cluster/cluster-executor.js';
import type { JobTerms } from '../cluster/open-jobs.js';
import type { DatasetResult } from '../dataset/report/report.js';
import { runDataset } from '../dataset/run-dataset.js';
import type { QueuedJob } from '../queue/job-queue.js';
import type { JobEvents } from './job-events.js';
import type { Places } from './places.js';
import type { PlanningThreads } from './planning-threads.js';

/** What of a coordinator such a job needs. */
export interface QueuedDatasetOptions {
  readonly cluster: Cluster;
  readonly places: Places;
  readonly planning: PlanningThreads;
  readonly events: JobEvents;
  /** What one worker is taken to have. */
  readonly machine: PlanMachine;
  /** Threads of this process, for work that is needed at once or too large to travel. */
  readonly here: Executor;
  /** Called when its images are found; the job goes on when it returns. */
  readonly onPlanned: () => Promise<void>;
  /** As {@link JobTerms} has it. */
  readonly mayPublish: () => void;
  /** The span that its tasks are part of. */
  readonly traceparent?: string;
  readonly signal: AbortSignal;
  /** Why the signal aborted, for those who wait. */
  readonly reason: () => ErrorRecord;
  /** Seconds on a monotonic clock. */
  readonly nowSeconds: () => number;
}

/**
 * Runs a dataset job of the queue; submitted again, or claimed again after a death, it continues.
 * @throws HalotileError
 */
export async function runQueuedDataset(
  queued: QueuedJob,
  named: DatasetSpec,
  options: QueuedDatasetOptions,
): Promise<DatasetResult> {
  const { id, priority, verifyEvery } = queued;
  const { cluster, places, planning, events, machine, here, signal, nowSeconds } = options;
  const job = await planning.resolve(named, queued, id);
  const terms: JobTerms = {
    ...{ id, priority, verifyEvery, traceparent: options.traceparent, mayPublish: options.mayPublish },
    onWaiting: (waiting) => {
      if (waiting) events.enter(id, 'waiting-for-workers', 'no worker that can run it is connected');
      else events.enter(id, 'running', 'images are running');
    },
  };
  const executor = new ClusterExecutor(cluster, terms, here);
  const onStop = () => executor.stopSoon(options.reason());
  signal.addEventListener('abort', onStop, { once: true });
  events.enter(id, 'running', 'images are running');
  try {
    const result = await runDataset({
      ...{
        job,
        executor,
        machine,
        signal,
        nowSeconds,
        restart: queued.restart,
        owner: { principal: queued.principal, job: id },
      },
      onFound: options.onPlanned,
      planner: planning.plannerFor(queued, signal),
      shown: { job: named, nameOf: (path) => places.shown(path) },
      onProgress: (progress) => events.report(id, { ...progress, tilesRunning: executor.running }),
    });
    return { ...result, report: `${named.output}/report.html` };
  } finally {
    signal.removeEventListener('abort', onStop);
    await executor.close();
  }
}
