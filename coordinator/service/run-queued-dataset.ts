import { HalotileError } from '../../tiling/errors.js';
import type { DatasetSpec } from '../../tiling/job/dataset-spec.js';
import type { FrameExecutor } from '../../tiling/palette/frame-execution.js';
import type { DatasetProgress } from '../dataset/dataset-counts.js';
import type { TileRuns } from '../dataset/large-images.js';
import type { DatasetResult } from '../dataset/report.js';
import { runDataset } from '../dataset/run-dataset.js';
import type { QueuedJob } from '../queue/job-queue.js';
import type { JobEvents, LiveProgress } from './job-events.js';
import type { Places } from './places.js';

/** What runs jobs over many images on the coordinator's machine. */
export interface DatasetMeans {
  /** Called at the first such job; the caller closes what it gave. */
  readonly frames: () => FrameExecutor;
  readonly tiles: TileRuns;
}

/** What of a coordinator such a job needs. */
export interface QueuedDatasetOptions {
  readonly datasets?: DatasetMeans;
  readonly places: Places;
  readonly events: JobEvents;
  readonly signal: AbortSignal;
  /** Seconds on a monotonic clock. */
  readonly now: () => number;
}

/**
 * Runs a dataset job of the queue; submitted again, or claimed again after a death, it continues.
 * @throws HalotileError
 */
export async function runQueuedDataset(
  { id, principal }: QueuedJob,
  named: DatasetSpec,
  { datasets, places, events, signal, now }: QueuedDatasetOptions,
): Promise<DatasetResult> {
  if (datasets === undefined) {
    throw new HalotileError('not-ready', { what: 'this coordinator runs no dataset jobs', where: id });
  }
  const job = places.resolveDataset(named, principal);
  events.enter(id, 'running', 'images are running');
  const result = await runDataset({
    ...{ job, executor: datasets.frames(), tiles: datasets.tiles, signal, now },
    allow: (path) => places.allows(path, job),
    onProgress: (progress) => events.report(id, liveProgress(progress)),
  });
  return { ...result, report: `${named.output}/report.html` };
}

function liveProgress({ frames, characters, reused, large }: DatasetProgress): LiveProgress {
  return {
    ...{ tilesDone: large?.tilesDone ?? 0, tilesTotal: large?.tilesTotal ?? 0, tilesRunning: 0 },
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
