import { writeDatasetSpec } from '../../proto/convert/dataset-spec.js';
import { writeFailure } from '../../proto/convert/failure.js';
import { writeJobSpec } from '../../proto/convert/job-spec.js';
import { writeProgress } from '../../proto/convert/progress.js';
import { type google, halotile } from '../../proto/gen/messages.js';
import { isDatasetSpec } from '../../tiling/job/dataset-spec.js';
import type { DatasetResult } from '../dataset/report/report.js';
import type { JobResult } from '../job/job-result.js';
import type { QueuedJob, QueueState } from '../queue/job-queue.js';
import type { JobEvents, LiveState } from '../service/job-events.js';

const { JobState } = halotile.v1;

const LIVE_STATE = {
  starting: JobState.JOB_STATE_RUNNING,
  'waiting-for-workers': JobState.JOB_STATE_WAITING_FOR_WORKERS,
  running: JobState.JOB_STATE_RUNNING,
  assembling: JobState.JOB_STATE_ASSEMBLING,
} as const;

const ENDED_STATE = {
  queued: JobState.JOB_STATE_QUEUED,
  succeeded: JobState.JOB_STATE_SUCCEEDED,
  failed: JobState.JOB_STATE_FAILED,
  cancelled: JobState.JOB_STATE_CANCELLED,
} as const;

/** The queue's states that a filter by job states asks for. */
export function queueStatesOf(states: readonly halotile.v1.JobState[]): QueueState[] {
  const found = new Set<QueueState>();
  for (const state of states) {
    const ended = (Object.keys(ENDED_STATE) as (keyof typeof ENDED_STATE)[]).find((key) => ENDED_STATE[key] === state);
    found.add(ended ?? 'claimed');
  }
  return [...found];
}

/** How far a job is, from the queue's record and what its coordinator knows. */
export function jobStateOf(job: QueuedJob, live: LiveState): halotile.v1.JobState {
  return job.state === 'claimed' ? LIVE_STATE[live] : ENDED_STATE[job.state];
}

/** A job as clients see it. */
export function jobMessage(job: QueuedJob, events: JobEvents): halotile.v1.IJob {
  return {
    id: job.id,
    ...(isDatasetSpec(job.spec) ? { dataset: writeDatasetSpec(job.spec) } : { spec: writeJobSpec(job.spec) }),
    state: jobStateOf(job, events.state(job.id)),
    priority: job.priority,
    principal: job.principal,
    submitted: timestamp(job.submittedMs),
    started: timestamp(job.startedMs),
    finished: timestamp(job.finishedMs),
    attempt: job.attempt,
    epoch: job.epoch,
    progress: progressMessage(job, events),
    failure: job.failure && writeFailure(job.failure),
    result: job.result && resultMessage(job.result),
  };
}

/** A job's counts as clients see them; undefined before its first progress. */
export function progressMessage({ id }: QueuedJob, events: JobEvents): halotile.v1.IProgress | undefined {
  const progress = events.progress(id);
  return progress && writeProgress(progress, progress.tilesRunning);
}

/** What a finished job of either kind did, as clients see it. */
export function resultMessage(result: JobResult | DatasetResult): halotile.v1.IJobResult {
  if ('frames' in result) return datasetMessage(result);
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

function timestamp(ms: number | undefined): google.protobuf.ITimestamp | undefined {
  if (ms === undefined) return undefined;
  return { seconds: Math.floor(ms / 1000), nanos: (Math.floor(ms) % 1000) * 1e6 };
}
