import { fromErrorRecord, toErrorRecord } from '../../tiling/errors.js';
import { NO_PROGRESS } from '../../tiling/job/job-progress.js';
import type { JobSpec } from '../../tiling/job/job-spec.js';
import { ClusterExecutor } from '../cluster/cluster-executor.js';
import type { JobResult } from '../job/job-result.js';
import { runJob } from '../job/run-job.js';
import { runWhole } from '../job/run-whole.js';
import type { RunningTiles } from '../job/running-job.js';
import type { QueuedJob } from '../queue/job-queue.js';
import type { JobSpans } from './job-spans.js';
import type { Places } from './places.js';
import { type QueuedJobOptions, termsOf } from './queued-job.js';
import type { SmallJobs } from './small-jobs.js';

/** What such a job needs beside what all need. */
export interface QueuedImageOptions extends QueuedJobOptions {
  /** Called with its tiles where it has some of its own. */
  readonly onTiles: (tiles: RunningTiles) => void;
  readonly spans: JobSpans;
  readonly smallJobs: SmallJobs;
}

/**
 * Runs the job of one image of the queue on the cluster's workers; claimed again after a death, it continues.
 * @throws HalotileError
 */
export async function runQueuedImage(job: QueuedJob, named: JobSpec, options: QueuedImageOptions): Promise<JobResult> {
  const { cluster, events, planning, machine, here, durable, signal, spans, nowSeconds } = options;
  const spec = resolved(named, job, options.places);
  const terms = termsOf(job, options, 'tiles are running');
  const executor = new ClusterExecutor(cluster, terms, here);
  const onStop = () => executor.stopSoon(options.reason());
  signal.addEventListener('abort', onStop);
  if (signal.aborted) onStop();
  let isPlanned = false;
  const onPlan = async () => {
    // A job that was tried whole is planned again.
    if (!isPlanned) await options.onPlanned();
    isPlanned = true;
    events.enter(job.id, 'running', 'planned');
  };
  const onWarning = (what: string) => options.log(`job ${job.id}: ${what}`, { job: job.id, level: 'warn' });
  const common = { spec, executor, machine, durable, nowSeconds, signal, onWarning };
  try {
    const small = { principal: job.principal, terms, signal, reason: options.reason };
    const runImage = (whole: JobSpec, bytes: number) => options.smallJobs.run({ ...small, spec: whole, bytes });
    const whole = await runWhole({ ...common, onBegin: onPlan, runImage });
    if (whole !== undefined) {
      const { tiles, width, height, bytes } = whole;
      const [tilesDone, pixelsDone] = [tiles.total, width * height];
      const done = { tilesDone, tilesTotal: tilesDone, pixelsDone, pixelsTotal: pixelsDone };
      events.report(job.id, {
        ...{ ...NO_PROGRESS, ...done, bytesRead: bytes.read, bytesWritten: bytes.written, tilesRunning: 0 },
      });
      return whole;
    }
    return await runJob({
      ...{ ...common, restart: job.restart, owner: { principal: job.principal, job: job.id } },
      planner: planning.plannerFor(job, signal),
      ...{ onPlan, onTable: onPlan, onTiles: options.onTiles },
      onProgress: (progress) => {
        events.report(job.id, { ...progress, tilesRunning: executor.running });
        if (progress.tilesDone < progress.tilesTotal) return;
        spans.assembles();
        events.enter(job.id, 'assembling', 'the output is put together');
      },
    });
  } finally {
    signal.removeEventListener('abort', onStop);
    await executor.close();
  }
}

/** The names of one image are few, and need no thread. @throws bad-input where one lies nowhere any more */
function resolved(spec: JobSpec, job: QueuedJob, places: Places): JobSpec {
  try {
    return places.resolve(spec, job, job.id);
  } catch (error) {
    throw fromErrorRecord(toErrorRecord(error, 'bad-usage'));
  }
}
