import type { ErrorRecord } from '../../tiling/errors.js';
import type { CollectionSpec } from '../../tiling/job/collection-spec.js';
import type { Log } from '../../tiling/log.js';
import type { PlanMachine } from '../../tiling/plan/plan-input.js';
import type { Executor } from '../../tiling/work/task.js';
import type { Cluster } from '../cluster/cluster.js';
import { ClusterExecutor } from '../cluster/cluster-executor.js';
import type { JobTerms } from '../cluster/open-jobs.js';
import type { CollectionResult } from '../collection/collection-result.js';
import { runCollection } from '../collection/run-collection.js';
import type { QueuedJob } from '../queue/job-queue.js';
import type { JobEvents } from './job-events.js';
import type { Places } from './places.js';
import type { PlanningThreads } from './planning-threads.js';

/** What of a coordinator such a job needs. */
export interface QueuedCollectionOptions {
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
  /** Called when the images are found and before any of them is planned. */
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

/** Of one job. */
const LOGGED_WARNINGS = 20;

/**
 * Runs a job over many images of the queue, each image as a job of its own on the cluster; submitted again, or claimed
 * again after a death, it continues.
 * @throws HalotileError
 */
export async function runQueuedCollection(
  queued: QueuedJob,
  named: CollectionSpec,
  options: QueuedCollectionOptions,
): Promise<CollectionResult> {
  const { id, priority, verifyEvery, submittedMs } = queued;
  const { cluster, places, planning, events, machine, here, durable, signal, nowSeconds } = options;
  const job = await planning.resolve(named, queued, id);
  const terms: JobTerms = {
    ...{ id, priority, verifyEvery, traceparent: options.traceparent, mayPublish: options.mayPublish },
    onWaiting: (waiting) => {
      if (waiting) events.enter(id, 'waiting-for-workers', 'no worker that can run it is connected');
      else events.enter(id, 'running', 'images are running');
    },
  };
  let warnings = 0;
  const open = new Set<ClusterExecutor>();
  const openOne = () => {
    const executor = new ClusterExecutor(cluster, terms, here);
    open.add(executor);
    if (signal.aborted) executor.stopSoon(options.reason());
    return executor;
  };
  const closeOne = async (executor: Executor) => {
    open.delete(executor as ClusterExecutor);
    await executor.close();
  };
  const onStop = () => {
    for (const executor of open) executor.stopSoon(options.reason());
  };
  signal.addEventListener('abort', onStop, { once: true });
  events.enter(id, 'running', 'images are running');
  try {
    const result = await runCollection({
      ...{
        job,
        executor: openOne(),
        ofImages: { open: openOne, close: closeOne },
        machine,
        durable,
        signal,
        nowSeconds,
        restart: queued.restart,
        owner: { principal: queued.principal, job: id },
      },
      planner: planning.plannerFor(queued, signal),
      onFound: options.onPlanned,
      onWarning: (what) => {
        if (warnings++ < LOGGED_WARNINGS) options.log(`job ${id}: ${what}`, { job: id, level: 'warn' });
      },
      shown: { job: named, nameOf: (path) => places.shown(path) },
      // A job that goes on after midnight goes on with the same names.
      date: new Date(submittedMs).toISOString().slice(0, 10),
      onProgress: (progress) => {
        const running = [...open].reduce((sum, executor) => sum + executor.running, 0);
        events.report(id, { ...progress, tilesRunning: running });
      },
    });
    return { ...result, report: places.shown(result.report) };
  } finally {
    signal.removeEventListener('abort', onStop);
    for (const executor of open) await executor.close();
  }
}
