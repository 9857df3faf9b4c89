import { writeCollectionSpec } from '../../proto/convert/collection-spec.js';
import { writeDatasetSpec } from '../../proto/convert/dataset-spec.js';
import { writeFailure } from '../../proto/convert/failure.js';
import { writeJobSpec } from '../../proto/convert/job-spec.js';
import { writeProgress } from '../../proto/convert/progress.js';
import { writeTimestamp } from '../../proto/convert/timestamp.js';
import { halotile } from '../../proto/gen/messages.js';
import { type AnyJobSpec, isCollectionSpec } from '../../tiling/job/collection-spec.js';
import { isDatasetSpec } from '../../tiling/job/dataset-spec.js';
import type { CollectionResult } from '../collection/collection-result.js';
import type { DatasetResult } from '../dataset/report/report.js';
import type { JobResult } from '../job/job-result.js';
import type { LiveState } from '../queue/job-news.js';
import type { QueuedJob, QueueState } from '../queue/job-queue.js';
import type { JobEvents } from '../service/job-events.js';

const { JobState } = halotile.v1;

const LIVE_STATE = {
  starting: JobState.JOB_STATE_RUNNING,
  'waiting-for-workers': JobState.JOB_STATE_WAITING_FOR_WORKERS,
  running: JobState.JOB_STATE_RUNNING,
  assembling: JobState.JOB_STATE_ASSEMBLING,
} as const;

const QUEUE_STATE = {
  queued: JobState.JOB_STATE_QUEUED,
  quarantined: JobState.JOB_STATE_QUARANTINED,
  succeeded: JobState.JOB_STATE_SUCCEEDED,
  failed: JobState.JOB_STATE_FAILED,
  cancelled: JobState.JOB_STATE_CANCELLED,
} as const;

/** The queue's states that a filter by job states asks for. */
export function queueStatesOf(states: readonly halotile.v1.JobState[]): QueueState[] {
  const found = new Set<QueueState>();
  for (const state of states) {
    const known = (Object.keys(QUEUE_STATE) as (keyof typeof QUEUE_STATE)[]).find((key) => QUEUE_STATE[key] === state);
    found.add(known ?? 'claimed');
  }
  return [...found];
}

/** How far a job is, from the queue's record and what its coordinator knows. */
export function jobStateOf(job: QueuedJob, live: LiveState): halotile.v1.JobState {
  return job.state === 'claimed' ? LIVE_STATE[live] : QUEUE_STATE[job.state];
}

/** A job as clients see it. */
export function jobMessage(job: QueuedJob, events: JobEvents): halotile.v1.IJob {
  return {
    id: job.id,
    ...specMessage(job.spec),
    state: jobStateOf(job, events.state(job.id)),
    priority: job.priority,
    principal: job.principal,
    submitted: writeTimestamp(job.submittedMs),
    started: writeTimestamp(job.startedMs),
    finished: writeTimestamp(job.finishedMs),
    notBefore: writeTimestamp(job.notBeforeMs),
    attempt: job.attempt,
    epoch: job.epoch,
    progress: progressMessage(job, events),
    failure: job.failure && writeFailure(job.failure),
    result: job.result && resultMessage(job.result),
  };
}

function specMessage(spec: AnyJobSpec): halotile.v1.IJob {
  if (isDatasetSpec(spec)) return { dataset: writeDatasetSpec(spec) };
  return isCollectionSpec(spec) ? { collection: writeCollectionSpec(spec) } : { spec: writeJobSpec(spec) };
}

/** A job's counts as clients see them; undefined before its first progress. */
export function progressMessage({ id }: QueuedJob, events: JobEvents): halotile.v1.IProgress | undefined {
  const progress = events.progress(id);
  return progress && writeProgress(progress, progress.tilesRunning);
}

/** What a finished job of either kind did, as clients see it. */
export function resultMessage(result: JobResult | DatasetResult | CollectionResult): halotile.v1.IJobResult {
  if ('frames' in result) return datasetMessage(result);
  if ('images' in result) return collectionMessage(result);
  const { total, prepare, assemble, ...stages } = result.seconds;
  return {
    output: result.output,
    outputBytes: result.bytes.output,
    tiles: result.tiles.total,
    pixelCrc: Number.parseInt(result.crc, 16),
    wallSeconds: total,
    seconds: { prepare, assemble, ...stages },
    counts: {
      bytesRead: result.bytes.read,
      bytesWritten: result.bytes.written,
      blocksDecoded: result.blocksDecoded.count,
      inputPixels: result.halo.pixelsRead,
      tilesResumed: result.tiles.resumed,
      epoch: result.epoch,
      ...(result.table && { labels: result.table.labels }),
    },
  };
}

function datasetMessage({ output, frames, characters, seconds, bytes }: DatasetResult): halotile.v1.IJobResult {
  return {
    output,
    wallSeconds: seconds.total,
    seconds: { find: seconds.find, run: seconds.run },
    counts: {
      bytesRead: bytes.read,
      bytesWritten: bytes.written,
      imagesTotal: frames.total,
      imagesWritten: frames.written,
      imagesReused: frames.reused,
      imagesFailed: frames.failed,
      charactersTotal: characters.total,
      charactersDone: characters.done,
    },
  };
}

function collectionMessage(result: CollectionResult): halotile.v1.IJobResult {
  const { output, images, tiles, seconds, bytes, halo } = result;
  return {
    ...{ output, tiles, wallSeconds: seconds.total },
    seconds: { find: seconds.find, check: seconds.check, run: seconds.run },
    counts: {
      bytesRead: bytes.read,
      bytesWritten: bytes.written,
      inputPixels: halo.pixelsRead,
      imagesTotal: images.total,
      imagesWritten: images.written,
      imagesReused: images.reused,
      imagesFailed: images.failed,
    },
  };
}
