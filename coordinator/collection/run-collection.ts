import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { breathing } from '../../tiling/breath.js';
import { makeFolder, missingFolders } from '../../tiling/make-folder.js';
import { isUrl } from '../../tiling/places/url.js';
import { resolveOperations } from '../../tiling/plan/resolve-operations.js';
import { PackedRecords } from '../find/packed-records.js';
import { JobLock } from '../job/job-lock.js';
import { openOutputState, outputState, removeOutputState } from '../job/output-state.js';
import { peakMemoryBytes } from '../job/peak-memory.js';
import { faultsError, type ImageFault, type SoundImage, toldFault } from './check-pairs.js';
import { type CheckedCollection, checkedCollection } from './checked-collection.js';
import { CollectionCounts } from './collection-counts.js';
import { CollectionLedger, type ImageLedger, isAsLeft } from './collection-ledger.js';
import { type FinishedImages, nameOfIn, writeReport } from './collection-report.js';
import type { CollectionResult } from './collection-result.js';
import type { CollectionRun } from './collection-run.js';
import { CollectionStore } from './collection-store.js';
import { homeOf, outputRoot, reportPlace } from './find-collection.js';
import { runImages } from './run-images.js';
import { StoredLedger } from './stored-images.js';

/** Failures that are kept with their sentences. */
const KEPT_FAILURES = 1000;

/**
 * Runs the image job of every image of a collection on one executor, several at a time, each as a job of its own with
 * its own `OUT.partial/`, small ones in batches: outputs are what single jobs write. It may die anywhere; the same call continues it, and
 * after it was finished does only what has changed.
 * @throws HalotileError; with `onError: stop` the first failure, or before any work one error for all images that
 * cannot be processed
 */
export async function runCollection(run: CollectionRun): Promise<CollectionResult> {
  const { job } = run;
  const startedAt = run.nowSeconds();
  resolveOperations(job.operations, { map: true });
  const root = outputRoot(job);
  const home = homeOf(root, run.shard);
  const store = isUrl(root) ? await CollectionStore.open(reportPlace(root, run.shard)) : undefined;
  try {
    return await runAt(run, { home, store, startedAt });
  } finally {
    await store?.close();
  }
}

/** Where a run keeps its state, and the store that its outputs and reports go to, where they do. */
interface RunPlace {
  readonly home: string;
  readonly store: CollectionStore | undefined;
  readonly startedAt: number;
}

async function runAt(run: CollectionRun, { home, store, startedAt }: RunPlace): Promise<CollectionResult> {
  // Shares make the folders above theirs together, so none of them removes those.
  const missing = missingFolders(home).slice(0, run.shard === undefined ? undefined : 1);
  const before = { missing, state: existsSync(outputState(home)) };
  makeFolder(home);
  const lock = await JobLock.acquire(home);
  let checked: CheckedCollection | undefined;
  try {
    await openOutputState(home, run);
    checked = await checkedImages(run);
    const ledger = store === undefined ? new CollectionLedger(home, checked.ledgerBytes) : new StoredLedger();
    try {
      return await runChecked(run, checked, { ledger, store, startedAt });
    } finally {
      ledger.close();
    }
  } finally {
    // The refusal is what the user must hear of, not a folder that cannot be removed.
    if (store !== undefined) await removeUnused(home, { missing: [home], state: false }).catch(() => {});
    else if (checked === undefined) await removeUnused(home, before).catch(() => {});
    await lock.release();
  }
}

/**
 * A run that is refused before any work leaves none of the folders that it made, and no state where there was none; one
 * into a store needs none afterwards.
 */
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
  restart,
  nowSeconds,
  onFault,
  shown,
}: CollectionRun): Promise<CheckedCollection> {
  const terms = { date, shard, forRun: true, forget: restart !== undefined };
  const checked = await (planner?.images(job, terms) ?? checkedCollection(job, terms, { nowSeconds }));
  const faults = new PackedRecords<ImageFault>(checked.faults);
  if (onFault !== undefined) for await (const fault of breathing(faults)) onFault(toldFault(fault, nameOfIn(shown)));
  if (faults.length > 0 && job.onError === 'stop') throw faultsError(faults, checked.pixels.length + faults.length);
  return checked;
}

async function runChecked(
  run: CollectionRun,
  checked: CheckedCollection,
  { ledger, store, startedAt }: { readonly ledger: ImageLedger } & Omit<RunPlace, 'home'>,
): Promise<CollectionResult> {
  const { nowSeconds } = run;
  const sound = new PackedRecords<SoundImage>(checked.sound);
  const failures: ImageFault[] = [];
  for await (const fault of breathing(new PackedRecords<ImageFault>(checked.faults))) failures.push(fault);
  const total = sound.length + failures.length;
  await run.onFound?.();
  const checkedAt = nowSeconds();
  const counts = new CollectionCounts(checked, failures.length, run.onProgress);
  await runImages(run, checked, { ledger, counts, failures, ...(store && { writer: store.writer }) });
  const ranAt = nowSeconds();
  const told = failures.map((fault) => toldFault(fault, nameOfIn(run.shown)));
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
    peakMemoryBytes: peakMemoryBytes(),
    failures: told.slice(0, KEPT_FAILURES),
    report: `${store?.url ?? checked.home}/report.html`,
  };
  const images = await finishedImages(sound, ledger);
  await writeReport(run, { ...checked, place: store?.url ?? checked.home }, { result, failures: told, images });
  await store?.takeReports(checked.home, run.signal);
  // Its pictures take memory too.
  return { ...result, peakMemoryBytes: peakMemoryBytes() };
}

/** What the output holds now, in the order of the job. */
async function finishedImages(sound: PackedRecords<SoundImage>, ledger: ImageLedger): Promise<FinishedImages> {
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
