import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { breathing } from '../../tiling/breath.js';
import { type ErrorTag, HalotileError } from '../../tiling/errors.js';
import { type CollectionSpec, imageJobOf } from '../../tiling/job/collection-spec.js';
import type { Shard } from '../../tiling/job/shard.js';
import { makeFolder, missingFolders } from '../../tiling/make-folder.js';
import type { PlanMachine } from '../../tiling/plan/plan-input.js';
import { resolveOperations } from '../../tiling/plan/resolve-operations.js';
import type { OutputOwner, Restart } from '../../tiling/stitch/output-owner.js';
import type { Executor } from '../../tiling/work/task.js';
import { PackedRecords } from '../find/packed-records.js';
import { JobLock } from '../job/job-lock.js';
import type { JobResult } from '../job/job-result.js';
import { openOutputState, outputState, removeOutputState } from '../job/output-state.js';
import type { JobPlanner } from '../job/prepare-job.js';
import { runJob } from '../job/run-job.js';
import { type CollectionFault, faultsError, type SoundImage } from './check-pairs.js';
import { type CheckedCollection, checkedCollection, type LookTerms } from './checked-collection.js';
import { CollectionCounts } from './collection-counts.js';
import { CollectionLedger, isAsLeft } from './collection-ledger.js';
import { type FinishedImages, type ShownCollection, writeReport } from './collection-report.js';
import type { CollectionProgress, CollectionResult } from './collection-result.js';
import { homeOf, outputRoot } from './find-collection.js';
import { ImageExecutor, type SharedMeans } from './image-executor.js';
import { MemoryRoom } from './memory-room.js';
import { TaskTurns } from './task-turns.js';

/** Who looks over a collection and plans its images: the calling thread, or one that may take its time. */
export interface CollectionPlanner extends JobPlanner {
  /** @throws HalotileError as {@link checkedCollection} */
  images(job: CollectionSpec, terms: LookTerms): Promise<CheckedCollection>;
}

/** A collection and everything it runs with. */
export interface CollectionRun {
  readonly job: CollectionSpec;
  readonly executor: Executor;
  /** One for each image, where the failure of one image ends its executor; the shared one where absent. */
  readonly ofImages?: { readonly open: () => Executor; readonly close: (executor: Executor) => Promise<void> };
  /** What every image's plan is made for, as in its own job. */
  readonly machine: PlanMachine;
  /** Who looks over the images and plans each; the calling thread where absent. */
  readonly planner?: CollectionPlanner;
  readonly durable?: boolean;
  /** Only this share of the images; others are done by other runs, at any time. All where absent. */
  readonly shard?: Shard;
  /** Forget what earlier runs did, where the owner may. */
  readonly restart?: Restart;
  /** Whose the images are while they are unfinished; absent where the job runs without a coordinator. */
  readonly owner?: OutputOwner;
  readonly onProgress?: (progress: CollectionProgress) => void;
  /** Called once the images are found, checked in pairs, and before any is planned. */
  readonly onFound?: () => Promise<void>;
  /** Hears of every image that cannot be processed when that is known. */
  readonly onFault?: (fault: CollectionFault) => void;
  readonly signal?: AbortSignal;
  /** How the job's user names it and its files, for the report; by their paths where absent. */
  readonly shown?: ShownCollection;
  /** Day of the run, YYYY-MM-DD. */
  readonly date: string;
  /** Seconds on a monotonic clock. */
  readonly nowSeconds: () => number;
}

/** Images under way beside the one whose tasks come first: enough to plan and assemble some while others compute. */
const IMAGES_BEHIND = 2;
const MAX_IMAGES_AT_ONCE = 64;
/** Failures that are kept with their sentences. */
const KEPT_FAILURES = 1000;
/** Failures that the next image would meet as well. */
const STOPPING: ReadonlySet<ErrorTag> = new Set(['interrupted', 'output-failed', 'unreachable', 'not-ready']);

/**
 * Runs the image job of every image of a collection on one executor, several at a time, each as a job of its own with
 * its own `OUT.partial/`: outputs are what single jobs write. It may die anywhere; the same call continues it, and
 * after it was finished does only what has changed.
 * @throws HalotileError; with `onError: stop` the first failure, or before any work one error for all images that
 * cannot be processed
 */
export async function runCollection(run: CollectionRun): Promise<CollectionResult> {
  const { job } = run;
  const startedAt = run.nowSeconds();
  resolveOperations(job.operations, { map: true });
  const home = homeOf(outputRoot(job), run.shard);
  // Shares make the folders above theirs together, so none of them removes those.
  const missing = missingFolders(home).slice(0, run.shard === undefined ? undefined : 1);
  const before = { missing, state: existsSync(outputState(home)) };
  makeFolder(home);
  const lock = await JobLock.acquire(home);
  let checked: CheckedCollection | undefined;
  try {
    await openOutputState(home, run);
    checked = await checkedImages(run);
    const ledger = new CollectionLedger(home, checked.ledgerBytes);
    try {
      return await runChecked(run, checked, { ledger, startedAt });
    } finally {
      ledger.close();
    }
  } finally {
    // The refusal is what the user must hear of, not a folder that cannot be removed.
    if (checked === undefined) await removeUnused(home, before).catch(() => {});
    await lock.release();
  }
}

/** A run that is refused before any work leaves none of the folders that it made, and no state where there was none. */
async function removeUnused(
  home: string,
  before: { readonly missing: readonly string[]; readonly state: boolean },
): Promise<void> {
  if (!before.state) await removeOutputState(home);
  for (const folder of before.missing) {
    if (readdirSync(folder).length > 0) return;
    rmdirSync(folder);
  }
}

/** @throws HalotileError where the job stops at faults and an image has one */
async function checkedImages({
  job,
  planner,
  date,
  shard,
  nowSeconds,
  onFault,
}: CollectionRun): Promise<CheckedCollection> {
  const terms = { date, shard, forRun: true };
  const checked = await (planner?.images(job, terms) ?? checkedCollection(job, terms, { nowSeconds }));
  const faults = new PackedRecords<CollectionFault>(checked.faults);
  if (onFault !== undefined) for await (const fault of breathing(faults)) onFault(fault);
  if (faults.length > 0 && job.onError === 'stop') throw faultsError(faults, checked.pixels.length + faults.length);
  return checked;
}

async function runChecked(
  run: CollectionRun,
  checked: CheckedCollection,
  { ledger, startedAt }: { readonly ledger: CollectionLedger; readonly startedAt: number },
): Promise<CollectionResult> {
  const { nowSeconds } = run;
  const sound = new PackedRecords<SoundImage>(checked.sound);
  const failures: CollectionFault[] = [];
  for await (const fault of breathing(new PackedRecords<CollectionFault>(checked.faults))) failures.push(fault);
  const total = sound.length + failures.length;
  await run.onFound?.();
  const checkedAt = nowSeconds();
  const counts = new CollectionCounts(checked, failures.length, run.onProgress);
  await runImages(run, { sound, reused: checked.reused }, { ledger, counts, failures });
  const ranAt = nowSeconds();
  const result: CollectionResult = {
    output: checked.root,
    images: { total, ...counts.images, failed: failures.length },
    ...counts.totals(),
    seconds: {
      find: checked.findSeconds,
      check: checkedAt - startedAt - checked.findSeconds,
      run: ranAt - checkedAt,
      total: ranAt - startedAt,
    },
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    failures: failures.slice(0, KEPT_FAILURES),
    report: join(checked.home, 'report.html'),
  };
  const images = await finishedImages(sound, ledger);
  await writeReport(run, checked, { result, failures, images });
  return result;
}

/** What the output holds now, in the order of the job. */
async function finishedImages(sound: PackedRecords<SoundImage>, ledger: CollectionLedger): Promise<FinishedImages> {
  const places: number[] = [];
  let place = 0;
  for await (const { output, done } of breathing(sound)) {
    if (done === undefined ? ledger.of(output) !== undefined : isAsLeft(output, done)) places.push(place);
    place++;
  }
  return {
    length: places.length,
    at: (index) => {
      const image = sound.at(places[index]!);
      return { ...image, done: image.done ?? ledger.made(image.output), reused: image.done !== undefined };
    },
  };
}

interface Keeping {
  readonly ledger: CollectionLedger;
  readonly counts: CollectionCounts;
  readonly failures: CollectionFault[];
}

interface CheckedImages {
  readonly sound: PackedRecords<SoundImage>;
  /** 1 for each that needs nothing any more. */
  readonly reused: Uint8Array;
}

async function runImages(run: CollectionRun, { sound, reused }: CheckedImages, keeping: Keeping): Promise<void> {
  const { job, executor, ofImages, machine, signal } = run;
  const { counts, failures } = keeping;
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  if (signal?.aborted) interrupt();
  signal?.addEventListener('abort', interrupt, { once: true });
  const means: SharedMeans = {
    turns: new TaskTurns(() => executor.tasksAtOnce),
    room: new MemoryRoom(machine.memoryBytes),
  };
  let failure: unknown;
  const remaining = reused.entries();
  const lane = async () => {
    for (const [place, isReused] of remaining) {
      if (isReused === 1) continue;
      if (stop.signal.aborted) return;
      const image = sound.at(place);
      try {
        await runImage(run, image, { ...keeping, means, place, signal: stop.signal });
      } catch (error) {
        if (job.onError === 'skip' && error instanceof HalotileError && !STOPPING.has(error.tag)) {
          const fault = { image: image.image, message: messageAbout(image.image, error) };
          failures.push(fault);
          counts.failed(place);
          run.onFault?.(fault);
          continue;
        }
        failure ??= error;
        stop.abort();
        return;
      }
    }
  };
  // Workers come and go.
  const lanes = ofImages === undefined ? executor.slots + IMAGES_BEHIND : MAX_IMAGES_AT_ONCE;
  await Promise.all(Array.from({ length: Math.min(lanes, MAX_IMAGES_AT_ONCE) }, lane));
  signal?.removeEventListener('abort', interrupt);
  if (failure !== undefined) throw failure;
  if (stop.signal.aborted) {
    throw new HalotileError('interrupted', { what: 'interrupted', remedy: 'run the same command again to continue' });
  }
}

/** Sentences of tiles and threads do not say which image they are about. */
function messageAbout(image: string, { message }: HalotileError): string {
  return message.includes(image) ? message : `${image}: ${message}`;
}

interface ImageRun extends Keeping {
  readonly means: SharedMeans;
  readonly place: number;
  readonly signal: AbortSignal;
}

async function runImage(
  { job, executor, ofImages, machine, planner, durable, restart, owner, nowSeconds }: CollectionRun,
  image: SoundImage,
  { ledger, counts, means, place, signal }: ImageRun,
): Promise<void> {
  makeFolder(dirname(image.output));
  ledger.begin(image.output);
  const own = ofImages?.open();
  const view = new ImageExecutor(own ?? executor, means, place);
  let result: JobResult;
  try {
    result = await runJob({
      ...{ spec: imageJobOf(job, image), executor: view, machine, durable, restart, owner, nowSeconds, signal },
      ...(planner !== undefined && { planner }),
      onPlan: (plan) => view.planned(plan),
      onProgress: (progress) => counts.running(place, progress),
    });
  } finally {
    await view.close();
    if (own !== undefined) await ofImages!.close(own);
  }
  const { digest } = image;
  const { width, height, crc, seconds, halo, mapMax, tiles } = result;
  ledger.add(image.output, {
    ...{ digest, width, height, crc, seconds: seconds.total, mapMax, tiles: tiles.total },
    ...{ pixelsRead: halo.pixelsRead, pixelsWithMaxHalo: halo.pixelsWithMaxHalo },
  });
  counts.finished(place, result);
}
