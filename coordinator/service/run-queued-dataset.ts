import type { DatasetSpec } from '../../tiling/job/dataset-spec.js';
import { isUrl } from '../../tiling/places/url.js';
import { ClusterExecutor } from '../cluster/cluster-executor.js';
import type { DatasetResult } from '../dataset/report/report.js';
import { runDataset } from '../dataset/run-dataset.js';
import type { QueuedJob } from '../queue/job-queue.js';
import { type QueuedJobOptions, termsOf } from './queued-job.js';

/**
 * Runs a dataset job of the queue; submitted again, or claimed again after a death, it continues.
 * @throws HalotileError
 */
export async function runQueuedDataset(
  queued: QueuedJob,
  named: DatasetSpec,
  options: QueuedJobOptions,
): Promise<DatasetResult> {
  const { id } = queued;
  const { cluster, places, planning, events, machine, here, signal, nowSeconds } = options;
  const job = await planning.resolve(named, queued, id);
  const terms = termsOf(queued, options, 'images are running');
  const executor = new ClusterExecutor(cluster, terms, here);
  const onStop = () => executor.stopSoon(options.reason());
  signal.addEventListener('abort', onStop, { once: true });
  events.enter(id, 'running', 'images are running');
  try {
    // What talks to stores is loaded for them alone.
    const run = isUrl(job.output) ? (await import('../dataset/store-dataset.js')).runDatasetIntoStore : runDataset;
    const result = await run({
      ...{
        job,
        executor,
        machine,
        signal,
        nowSeconds,
        mayPublish: options.mayPublish,
        restart: queued.restart,
        owner: { principal: queued.principal, job: id },
      },
      onFound: options.onPlanned,
      planner: planning.plannerFor(queued, signal),
      shown: { job: named, nameOf: (path) => places.shown(path) },
      onProgress: (progress) => events.report(id, { ...progress, tilesRunning: executor.running }),
    });
    return { ...result, report: places.shown(result.report) };
  } finally {
    signal.removeEventListener('abort', onStop);
    await executor.close();
  }
}
