import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { ErrorTag } from '../../tiling/error-table.js';
import { aboutFile, fromErrorRecord, HalotileError } from '../../tiling/errors.js';
import { imageJobOf } from '../../tiling/job/collection-spec.js';
import type { JobFigures } from '../../tiling/job/job-figures.js';
import { makeFolder } from '../../tiling/make-folder.js';
import { isUrl } from '../../tiling/places/url.js';
import type { ImageResult } from '../../tiling/work/images.js';
import type { WorkJob } from '../../tiling/work/work-job.js';
import type { JobResult } from '../job/job-result.js';
import { madeOf } from '../job/made-image.js';
import type { ObjectWriter } from '../job/object-writer.js';
import { outputState } from '../job/output-state.js';
import { runJob } from '../job/run-job.js';
import { type ImageFault, toldFault } from './check-pairs.js';
import type { CheckedCollection } from './checked-collection.js';
import type { CollectionCounts } from './collection-counts.js';
import type { ImageLedger } from './collection-ledger.js';
import { nameOfIn } from './collection-report.js';
import type { CollectionRun } from './collection-run.js';
import { imageBatches, type PlacedImage } from './image-batches.js';
import { ImageExecutor, type SharedMeans } from './image-executor.js';
import { MemoryRoom } from './memory-room.js';
import { TaskTurns } from './task-turns.js';

/** Where what becomes of images is kept. */
export interface Keeping {
  readonly ledger: ImageLedger;
  readonly counts: CollectionCounts;
  readonly failures: ImageFault[];
  /** Writes the outputs where they are objects. */
  readonly writer?: ObjectWriter;
}

/** Images under way beside the one whose tasks come first: enough to plan and assemble some while others compute. */
const IMAGES_BEHIND = 2;
const MAX_IMAGES_AT_ONCE = 64;
/** Failures that the next image would meet as well. */
const STOPPING: ReadonlySet<ErrorTag> = new Set(['interrupted', 'output-failed', 'unreachable', 'not-ready']);

/**
 * Runs every image that no earlier run has finished.
 * @throws HalotileError, `interrupted` after an abort; the first failure, where the job stops at those
 */
export async function runImages(
  run: CollectionRun,
  checked: CheckedCollection,
  { ledger, counts, failures, writer }: Keeping,
): Promise<void> {
  const { job, executor, ofImages, machine, signal } = run;
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  if (signal?.aborted) interrupt();
  signal?.addEventListener('abort', interrupt, { once: true });
  const means: ImageMeans = {
    ...{ ledger, counts, signal: stop.signal, ...(writer && { writer }) },
    turns: new TaskTurns(() => executor.tasksAtOnce),
    room: new MemoryRoom(machine.memoryBytes),
  };
  let failure: unknown;
  const nameOf = nameOfIn(run.shown);
  /** The image is left out, or the job ends. */
  const fail = ({ place, image }: PlacedImage, error: unknown) => {
    if (job.onError === 'skip' && isOfOneImage(error)) {
      const fault = { image: image.image, detail: aboutFile(error.detail, image.image) };
      failures.push(fault);
      counts.failed(place);
      run.onFault?.(toldFault(fault, nameOf));
      return;
    }
    failure ??= error;
    stop.abort();
  };
  const work: WorkJob = {
    ...{ key: `images#${randomUUID()}`, inputs: [], failsAlone: true },
    incoming: join(outputState(checked.home), '.incoming', randomUUID()),
  };
  const batches = imageBatches(run, checked);
  const lane = async () => {
    for (const batch of batches) {
      if (stop.signal.aborted) return;
      try {
        const alone = batch.length === 1 ? batch : await runBatch(run, batch, { ...means, work, fail });
        for (const each of alone) {
          if (stop.signal.aborted) return;
          await runImage(run, each, means).catch((error) => fail(each, error));
        }
      } catch (error) {
        fail(batch[0]!, error);
      }
    }
  };
  // Workers come and go.
  const lanes = ofImages === undefined ? executor.slots + IMAGES_BEHIND : MAX_IMAGES_AT_ONCE;
  try {
    await Promise.all(Array.from({ length: Math.min(lanes, MAX_IMAGES_AT_ONCE) }, lane));
  } finally {
    signal?.removeEventListener('abort', interrupt);
    await executor.closeJob(work.key);
  }
  if (failure !== undefined) throw failure;
  if (stop.signal.aborted) {
    throw new HalotileError('interrupted', { what: 'interrupted', remedy: 'run the same command again to continue' });
  }
}

function isOfOneImage(error: unknown): error is HalotileError {
  return error instanceof HalotileError && !STOPPING.has(error.tag);
}

interface ImageMeans extends SharedMeans, Pick<Keeping, 'ledger' | 'counts' | 'writer'> {
  readonly signal: AbortSignal;
}

interface BatchMeans extends ImageMeans {
  /** What the tasks of all batches share. */
  readonly work: WorkJob;
  readonly fail: (image: PlacedImage, error: unknown) => void;
}

/**
 * Runs small images as one task. Returns those of which nothing came: each is to be run as a job by itself, which mends
 * it or says what is wrong with it.
 * @throws HalotileError for what is not about its images
 */
async function runBatch(
  { job, executor, machine, onWarning }: CollectionRun,
  batch: readonly PlacedImage[],
  { ledger, counts, turns, signal, work, fail }: BatchMeans,
): Promise<readonly PlacedImage[]> {
  for (const folder of new Set(batch.map(({ image }) => dirname(image.output)))) makeFolder(folder);
  ledger.begin(...batch.map(({ image }) => image.output));
  const jobs = batch.map(({ image }, index) => ({ index, spec: imageJobOf(job, image) }));
  let results: readonly ImageResult[];
  try {
    results = await turns.run(batch[0]!.place, async () => {
      // Another image failed, or the user stopped the job, while the task waited.
      if (signal.aborted) return [];
      const task = { kind: 'images', stage: 0, index: 0, attempt: 1, data: { jobs, machine } } as const;
      return (await executor.run(work, task)).value.results;
    });
  } catch (error) {
    // A thread died, and nobody knows of which of them.
    if (isOfOneImage(error)) return batch;
    throw error;
  }
  const done: { readonly of: PlacedImage; readonly figures: JobFigures }[] = [];
  const left: PlacedImage[] = [];
  for (const [index, result] of results.entries()) {
    const of = batch[index]!;
    if ('figures' in result) {
      done.push({ of, figures: result.figures });
      for (const what of result.warnings ?? []) onWarning?.(what);
    }
    // By itself it would take the next workers along.
    else if (result.error.tag === 'tile-poisoned') fail(of, fromErrorRecord(result.error));
    else left.push(of);
  }
  ledger.add(
    ...done.map(({ of: { image }, figures }) => ({ output: image.output, made: madeOf(image.digest, figures) })),
  );
  counts.finished(...done.map(({ of: { place }, figures }) => ({ place, figures })));
  return left;
}

async function runImage(
  { job, executor, ofImages, machine, planner, durable, restart, owner, nowSeconds, onWarning }: CollectionRun,
  { place, image }: PlacedImage,
  { ledger, writer, counts, turns, room, signal }: ImageMeans,
): Promise<void> {
  if (!isUrl(image.output)) makeFolder(dirname(image.output));
  ledger.begin(image.output);
  const own = ofImages?.open();
  const view = new ImageExecutor(own ?? executor, { turns, room }, place);
  let result: JobResult;
  try {
    result = await runJob({
      ...{ spec: imageJobOf(job, image), executor: view, machine, durable, restart, owner, nowSeconds, signal },
      ...(planner !== undefined && { planner }),
      ...(writer !== undefined && { writer }),
      ...(onWarning !== undefined && { onWarning }),
      onPlan: (plan) => view.planned(plan),
      onProgress: (progress) => counts.running(place, progress),
    });
  } finally {
    await view.close();
    if (own !== undefined) await ofImages!.close(own);
  }
  ledger.add({ output: image.output, made: madeOf(image.digest, result, result.seconds.total) });
  counts.finished({ place, figures: result });
}
