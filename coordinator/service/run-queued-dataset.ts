import { type ErrorRecord, HalotileError } from '../../tiling/errors.js';
import type { DatasetSpec } from '../../tiling/job/dataset-spec.js';
import type { TileExecutor } from '../../tiling/job/execution.js';
import type { FrameExecutor } from '../../tiling/palette/frame-execution.js';
import type { PlanMachine } from '../../tiling/plan/plan-input.js';
import type { Cluster, JobTerms } from '../cluster/cluster.js';
import { ClusterExecutor } from '../cluster/cluster-executor.js';
import { ClusterFrames } from '../cluster/cluster-frames.js';
import type { DatasetProgress } from '../dataset/dataset-counts.js';
import type { DatasetResult } from '../dataset/report.js';
import { runDataset } from '../dataset/run-dataset.js';
import type { QueuedJob } from '../queue/job-queue.js';
import type { JobEvents, LiveProgress } from './job-events.js';
import type { Places } from './places.js';
import type { PlanningThreads } from './planning-threads.js';

/** What jobs over many images need of the coordinator's own threads; workers do the rest. */
export interface DatasetMeans {
  /** Called at the first such job; the caller closes what it gave. */
  readonly frames: () => FrameExecutor;
}

/** What of a coordinator such a job needs. */
export interface QueuedDatasetOptions {
  readonly datasets?: DatasetMeans;
  readonly cluster: Cluster;
  readonly places: Places;
  readonly planning: PlanningThreads;
  readonly events: JobEvents;
  /** What one worker is taken to have. */
  readonly machine: PlanMachine;
  /** Reads maps of large images that must be known before there is a plan. */
  readonly scanner: Pick<TileExecutor, 'scanMap' | 'checkModule'>;
  readonly signal: AbortSignal;
  /** Why the signal aborted, for those who wait. */
  readonly reason: () => ErrorRecord;
  /** Seconds on a monotonic clock. */
  readonly now: () => number;
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
  const { id, priority } = queued;
  const { datasets, cluster, places, planning, events, machine, scanner, signal, now } = options;
  if (datasets === undefined) {
    throw new HalotileError('not-ready', { what: 'this coordinator runs no dataset jobs', where: id });
  }
  const job = await planning.resolve(named, queued, id);
  const terms: JobTerms = {
    priority,
    onWaiting: (waiting) => {
      if (waiting) events.enter(id, 'waiting-for-workers', 'no worker that can run it is connected');
      else events.enter(id, 'running', 'images are running');
    },
  };
  const frames = new ClusterFrames({
    ...{ cluster, terms, here: datasets.frames(), output: job.output, wholePixels: job.wholePixels },
  });
  let tiles: ClusterExecutor | undefined;
  const openTiles = () => {
    // One at a time: each large image is a job of its own.
    tiles = new ClusterExecutor(cluster, terms, scanner);
    return tiles;
  };
  const onStop = () => {
    void frames.stop(options.reason());
    void tiles?.stop(options.reason());
  };
  signal.addEventListener('abort', onStop, { once: true });
  events.enter(id, 'running', 'images are running');
  try {
    const result = await runDataset({
      ...{ job, executor: frames, tiles: { executor: openTiles, machine }, signal, now },
      allow: (path) => places.allows(path, job, queued),
      shown: { job: named, fileName: (path, fallback) => places.nameOf(path) ?? fallback },
      onProgress: (progress) => events.report(id, liveProgress(progress, frames.running + (tiles?.running ?? 0))),
    });
    return { ...result, report: `${named.output}/report.html` };
  } finally {
    signal.removeEventListener('abort', onStop);
    await frames.close();
    await tiles?.close();
  }
}

function liveProgress({ frames, characters, reused, large }: DatasetProgress, tilesRunning: number): LiveProgress {
  return {
    ...{ tilesDone: large?.tilesDone ?? 0, tilesTotal: large?.tilesTotal ?? 0, tilesRunning },
    ...{ pixelsDone: 0, pixelsTotal: 0, pixelsResumed: 0, bytesRead: 0, bytesWritten: 0 },
    dataset: {
      imagesCounted: frames.counted,
      imagesDone: frames.written + reused,
      imagesTotal: frames.total,
      charactersDone: characters.done,
      charactersTotal: characters.total,
    },
  };
}
