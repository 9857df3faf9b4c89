import type { CollectionSpec } from '../../tiling/job/collection-spec.js';
import type { Executor } from '../../tiling/work/task.js';
import { ClusterExecutor } from '../cluster/cluster-executor.js';
import type { CollectionResult } from '../collection/collection-result.js';
import { runCollection } from '../collection/run-collection.js';
import type { QueuedJob } from '../queue/job-queue.js';
import { type QueuedJobOptions, termsOf } from './queued-job.js';

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
  options: QueuedJobOptions,
): Promise<CollectionResult> {
  const { id, submittedMs } = queued;
  const { cluster, places, planning, events, machine, here, durable, signal, nowSeconds } = options;
  const job = await planning.resolve(named, queued, id);
  const terms = termsOf(queued, options, 'images are running');
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
