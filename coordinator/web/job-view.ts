import type { PageJob, PageJobDetail, PageProgress, PageResult, PictureName } from '../../proto/page/messages.js';
import { fromErrorRecord } from '../../tiling/errors.js';
import { type AnyJobSpec, isCollectionSpec } from '../../tiling/job/collection-spec.js';
import { isDatasetSpec } from '../../tiling/job/dataset-spec.js';
import type { LiveProgress } from '../queue/job-news.js';
import type { QueuedJob } from '../queue/job-queue.js';
import type { JobEvents } from '../service/job-events.js';
import type { Paces } from './pace.js';

/** Images of a spec that the page is told of; a list of ten thousand helps nobody. */
const MAX_IMAGES = 100;
/** Parameters of an operation in one line. */
const MAX_CHAIN = 200;

/** What a job is told from. */
export interface JobViewParts {
  readonly events: JobEvents;
  readonly paces: Paces;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** A job as the list has it. */
export function jobView(job: QueuedJob, { events, paces, nowMs }: JobViewParts): PageJob {
  const { id, spec, principal, priority, submittedMs, startedMs, finishedMs, attempt, cancelRequested } = job;
  const progress = events.progress(id);
  const etaSeconds = job.state === 'claimed' ? paces.etaSeconds(id, nowMs) : undefined;
  return {
    ...{ id, form: formOf(spec), output: spec.output, chain: chainOf(spec) },
    state: job.state === 'claimed' ? events.state(id) : job.state,
    note: noteOf(job, events),
    ...{ principal, priority, submittedMs, startedMs, finishedMs, attempt, cancelRequested },
    ...(progress && { progress: progressView(progress) }),
    ...(etaSeconds !== undefined && { etaSeconds }),
  };
}

/** A job with everything; `pictures` are those that can be looked at. */
export function jobDetail(job: QueuedJob, parts: JobViewParts, pictures: readonly PictureName[]): PageJobDetail {
  const { failure } = job;
  return {
    ...jobView(job, parts),
    spec: specView(job.spec),
    pictures,
    ...(failure && { failure: { tag: failure.tag, message: fromErrorRecord(failure).message } }),
    ...(job.result && { result: resultView(job.result) }),
    pace: parts.paces.points(job.id),
  };
}

function noteOf(job: QueuedJob, events: JobEvents): string {
  if (job.failure !== undefined) return fromErrorRecord(job.failure).message;
  if (job.cancelRequested && job.state === 'claimed') return 'is being cancelled';
  if (job.state === 'queued') {
    return job.attempt > 0 ? 'went back to the queue; waits for its turn' : 'waits for its turn';
  }
  if (job.state !== 'claimed') return '';
  return events.state(job.id) === 'running' ? 'tasks are running' : events.note(job.id);
}

function formOf(spec: AnyJobSpec): PageJob['form'] {
  if (isDatasetSpec(spec)) return 'dataset';
  return isCollectionSpec(spec) ? 'collection' : 'image';
}

function chainOf(spec: AnyJobSpec): string {
  const steps = spec.operations.map(({ name, params }) => {
    const shown = Object.entries(params).map(([key, value]) => `${key}=${value}`);
    return shown.length === 0 ? name : `${name} (${shown.join(', ')})`;
  });
  if (isDatasetSpec(spec)) steps.push('palette');
  const chain = steps.join(' → ');
  return chain.length > MAX_CHAIN ? `${chain.slice(0, MAX_CHAIN)}…` : chain;
}

function specView(spec: AnyJobSpec): unknown {
  if (!('images' in spec) || spec.images.length <= MAX_IMAGES) return spec;
  return { ...spec, images: [...spec.images.slice(0, MAX_IMAGES), `… and ${spec.images.length - MAX_IMAGES} more`] };
}

function progressView(progress: LiveProgress): PageProgress {
  const { tilesDone, tilesTotal, tilesRunning, pixelsDone, pixelsTotal, bytesRead, bytesWritten } = progress;
  const { imagesDone, imagesTotal, charactersDone, charactersTotal } = progress;
  return {
    ...{ tilesDone, tilesTotal, tilesRunning, pixelsDone, pixelsTotal, bytesRead, bytesWritten },
    ...{ imagesDone, imagesTotal, charactersDone, charactersTotal },
  };
}

function resultView(result: NonNullable<QueuedJob['result']>): PageResult {
  const { total, ...seconds } = result.seconds;
  const common = { wallSeconds: total, seconds, bytes: result.bytes };
  if ('frames' in result) {
    const { frames, characters } = result;
    return {
      ...common,
      figures: { images: frames.written, failed: frames.failed, characters: characters.done },
      report: true,
    };
  }
  if ('images' in result) {
    const { images, tiles, halo } = result;
    const figures = { images: images.written, reused: images.reused, failed: images.failed, tiles };
    return { ...common, haloSavedShare: halo.savedShare, figures, report: true };
  }
  const { width, height, levels, tiles, blocksDecoded, mapMax, halo } = result;
  return {
    ...common,
    haloSavedShare: halo.savedShare,
    figures: {
      ...{ width, height, levels, tiles: tiles.total, resumed: tiles.resumed, tileSide: tiles.side },
      ...{ largestRadius: mapMax, blocksDecoded: blocksDecoded.count },
    },
    report: false,
  };
}
