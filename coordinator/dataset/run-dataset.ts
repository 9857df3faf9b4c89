import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import { breathing } from '../../tiling/breath.js';
import { badInput, HalotileError, sentenceOf } from '../../tiling/errors.js';
import { chainOf, type DatasetSpec, type ImageChain } from '../../tiling/job/dataset-spec.js';
import { inputPaths } from '../../tiling/job/job-inputs.js';
import type { JobProgress } from '../../tiling/job/job-progress.js';
import { checkFolderPlace, makeFolder } from '../../tiling/make-folder.js';
import { chainFiles } from '../../tiling/operations/parameter-files.js';
import type { Rgb } from '../../tiling/palette/nearest-colour.js';
import { checkTarget, PALETTE_ENDINGS, readTarget } from '../../tiling/palette/target.js';
import { belowUrl, isUrl } from '../../tiling/places/url.js';
import type { PlanMachine } from '../../tiling/plan/plan-input.js';
import { needsMap, resolveOperations } from '../../tiling/plan/resolve-operations.js';
import { fingerprintOf } from '../../tiling/sources/fingerprint.js';
import { LEDGER_FILE } from '../../tiling/stitch/ledger.js';
import type { OutputOwner, Restart } from '../../tiling/stitch/output-owner.js';
import { jobDigest } from '../../tiling/stitch/partial.js';
import { writeGradually } from '../../tiling/stitch/publish.js';
import { textOf } from '../../tiling/words.js';
import type { Executor } from '../../tiling/work/task.js';
import type { WorkJob } from '../../tiling/work/work-job.js';
import { JobLock } from '../job/job-lock.js';
import { refuseUrlOutput } from '../job/output-place.js';
import { openOutputState, outputState } from '../job/output-state.js';
import { peakMemoryBytes } from '../job/peak-memory.js';
import { halotileVersion } from '../job/prepare-job.js';
import { type DatasetContext, findingOf, type ShownNames } from './dataset-context.js';
import { DatasetCounts } from './dataset-counts.js';
import { type Dataset, framesOf } from './frames/dataset.js';
import { refuseFrameOverwrites } from './frames/dataset-files.js';
import { type FoundFrames, findFrames } from './frames/find-frames.js';
import { LargeImages, type LargeProgress } from './large-images.js';
import { OutcomeSpool } from './report/outcome-spool.js';
import { type DatasetReport, type DatasetResult, reportJson } from './report/report.js';
import { reportHtml } from './report/report-html.js';
import { runCharacter } from './run-character.js';
import { characterPlace } from './running-character.js';
import { SpillBudget } from './spill-budget.js';
import { TaskGate } from './task-gate.js';

/** Tasks about frames that wait at once: enough for hundreds of workers, few enough to hold. */
const MAX_TASKS = 512;
/** Characters under way at a time: enough to fill the barrier of one with the frames of another. */
const CHARACTERS_AT_ONCE = 4;

/** Who finds and checks the frames of a dataset: the calling thread, or one that may take its time. */
export interface DatasetPlanner {
  /** @throws HalotileError as {@link checkedDataset} */
  frames(job: DatasetSpec): Promise<FoundFrames>;
}

/** A palette job and everything it runs with. */
export interface DatasetRun {
  readonly job: DatasetSpec;
  readonly executor: Executor;
  /** What plans of large images are made for. */
  readonly machine: PlanMachine;
  /** How the job's user names its files, for the report; by their paths where absent. */
  readonly shown?: ShownNames;
  /** Who finds and checks its frames; the calling thread where absent. */
  readonly planner?: DatasetPlanner;
  /** Forget what earlier runs did, where the owner may. */
  readonly restart?: Restart;
  /** For whom a coordinator runs it. */
  readonly owner?: OutputOwner;
  /** Asked before each object of a store; throws where somebody else has the job by now. */
  readonly mayPublish?: () => void;
  /** Called when all images are found and allowed; the run goes on when it returns. */
  readonly onFound?: () => Promise<void>;
  readonly onProgress?: (progress: JobProgress) => void;
  readonly signal?: AbortSignal;
  /** Seconds on a monotonic clock. */
  readonly nowSeconds: () => number;
}

/**
 * Runs a palette job from its frames to written frames, palettes and report. It may die anywhere; the same
 * call continues it, and after it was finished does only what has changed.
 * @throws HalotileError
 */
export async function runDataset(run: DatasetRun): Promise<DatasetResult> {
  const output = resolve(run.job.output);
  const startedAt = run.nowSeconds();
  const dataset = await (run.planner?.frames(run.job) ?? checkedDataset(run.job));
  await run.onFound?.();
  const work: WorkJob = {
    ...{ key: `${output}#${randomUUID()}`, inputs: [], failsAlone: true },
    // No character's name starts with a dot.
    incoming: join(outputState(output), '.incoming', randomUUID()),
  };
  const target = await targetOf(run.job.target, { executor: run.executor, work });
  makeFolder(output);
  const lock = await JobLock.acquire(output);
  try {
    await openOutputState(output, run);
    await refuseEarlierState(dataset, output);
    return await runLocked(run, dataset, { target, work, startedAt });
  } finally {
    await run.executor.closeJob(work.key);
    await lock.release();
  }
}

/**
 * The frames of a job, checked as far as that takes no decoding: names, maps, and that none is written over.
 * @param allow called with every image and map; refuses by throwing
 * @throws HalotileError
 */
export async function checkedDataset(job: DatasetSpec, allow?: (path: string) => void): Promise<FoundFrames> {
  refuseUrlOutput(job.output);
  const output = resolve(job.output);
  checkFolderPlace(output);
  const dataset = await findFrames(job);
  if (allow !== undefined) {
    for await (const { path, map } of breathing(framesOf(dataset))) {
      for (const file of map === undefined ? [path] : [path, map]) allow(file);
    }
  }
  await refuseFrameOverwrites(dataset, { ...job, output }, inputPaths({ ...job, images: [] }));
  await checkMaps(dataset, chainOf(job));
  return dataset;
}

/**
 * Refuses an output that a release wrote whose ledgers are not understood any more.
 * @throws partial-conflict
 */
async function refuseEarlierState({ characters }: Dataset, output: string): Promise<void> {
  for await (const { name } of breathing(characters)) {
    const ledger = join(characterPlace(output, name).state, LEDGER_FILE);
    if (!existsSync(ledger)) continue;
    throw new HalotileError('partial-conflict', {
      what: 'an earlier release has kept what it did in a form that this one does not continue',
      file: ledger,
      remedy: 'use --restart to begin anew, or another output',
    });
  }
}

async function runLocked(
  run: DatasetRun,
  dataset: FoundFrames,
  {
    target,
    work,
    startedAt,
  }: { readonly target: readonly Rgb[] | null; readonly work: WorkJob; readonly startedAt: number },
): Promise<DatasetResult> {
  const { executor, machine, signal, nowSeconds } = run;
  const job = { ...run.job, output: resolve(run.job.output) };
  const foundAt = nowSeconds();
  const frames = dataset.characters.frames;
  const counts = new DatasetCounts({ frames, characters: dataset.characters.length }, run.onProgress);
  const version = halotileVersion();
  const chain = job.operations.length === 0 ? null : chainOf(job);
  const { size, largeFormat } = job;
  const identity = chainIdentity(chain);
  const digest = jobDigest({
    format: 4,
    version,
    size,
    largeFormat,
    options: job.palette,
    target,
    ...identity,
  });
  const gate = new TaskGate(Math.min(MAX_TASKS, executor.tasksAtOnce), interruptOf(signal));
  const onProgress = (large: LargeProgress) => counts.filtering(large);
  const context: DatasetContext = {
    job,
    executor,
    work,
    gate,
    budget: new SpillBudget(job.spillBytes),
    target,
    making: { chain, size, wholePixels: job.wholePixels },
    large: new LargeImages({ executor, machine, chain: chainOf(job), gate, onProgress, nowSeconds }),
    digest,
    version,
    counts,
    shown: run.shown ?? { job, nameOf: (path) => path },
  };
  const shown = context.shown.job;
  const outcomes = new OutcomeSpool(join(outputState(job.output), '.outcomes'));
  try {
    const { done, written } = await runCharacters(dataset, context, outcomes);
    const ranAt = nowSeconds();
    const progress = counts.progress();
    const result: DatasetResult = {
      output: job.output,
      characters: { total: dataset.characters.length, done, reused: progress.charactersReused },
      frames: { total: frames, written, reused: progress.imagesReused, failed: frames - written },
      size: job.size,
      seconds: { find: foundAt - startedAt, run: ranAt - foundAt, total: ranAt - startedAt },
      bytes: { read: progress.bytesRead, written: progress.bytesWritten },
      peakMemoryBytes: peakMemoryBytes(),
      report: join(job.output, 'report.html'),
    };
    const { passedOver } = dataset;
    const characters = () => outcomes.summaries();
    const report: DatasetReport = {
      ...{ version, job: shown, passedOver, characters, failed: () => outcomes.failures() },
      result: {
        ...result,
        output: shown.output,
        report: isUrl(shown.output) ? belowUrl(shown.output, 'report.html') : join(shown.output, 'report.html'),
      },
    };
    await writeGradually(join(job.output, 'report.json'), reportJson(report));
    await writeGradually(result.report, reportHtml(report));
    return result;
  } finally {
    outcomes.close();
  }
}

async function runCharacters(
  { characters }: Dataset,
  context: DatasetContext,
  outcomes: OutcomeSpool,
): Promise<{ readonly done: number; readonly written: number }> {
  const sum = { done: 0, written: 0 };
  // One that an earlier run has finished waits for nothing.
  const remaining = breathing(placesIn(characters), 1);
  const lane = async () => {
    for (let next = await remaining.next(); next.done !== true; next = await remaining.next()) {
      const index = next.value;
      const character = characters.at(index);
      try {
        const summary = await runCharacter(character, context);
        outcomes.put(index, summary);
        sum.done++;
        sum.written += summary.written;
      } catch (error) {
        if (!isSkippable(error, context)) {
          context.gate.stop(error);
          throw error;
        }
        const { name, frames } = character;
        outcomes.put(index, {
          character: name,
          frames: frames.length,
          message: textOf(sentenceOf(error.detail), context.shown.nameOf),
        });
      }
      context.counts.characterDone();
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: CHARACTERS_AT_ONCE }, lane));
  if (lanes.some(({ status }) => status === 'rejected')) throw context.gate.reason;
  return sum;
}

function* placesIn({ length }: { readonly length: number }): Generator<number, undefined> {
  for (let place = 0; place < length; place++) yield place;
}

function isSkippable(error: unknown, { job, gate }: DatasetContext): error is HalotileError {
  return job.onError === 'skip' && !gate.stopped && error instanceof HalotileError && error.tag === 'bad-input';
}

/**
 * Refuses a chain that is not valid, and images without the map that it needs.
 * @throws HalotileError bad-usage or bad-input
 */
async function checkMaps(dataset: Dataset, chain: ImageChain): Promise<void> {
  if (!needsMap(chain)) return;
  for await (const { path, map } of breathing(framesOf(dataset))) {
    if (map !== undefined) continue;
    // Says which operation lacks a map, and by which parameter it would do without.
    try {
      resolveOperations(chain.operations, { map: false });
    } catch (error) {
      throw badInput(
        { what: sentenceOf((error as HalotileError).detail), file: path, expected: 'a map for every image' },
        error,
      );
    }
  }
}

/** What of a chain decides pixels: itself and the files that its operations read. */
function chainIdentity(chain: ImageChain | null): object {
  if (chain === null) return {};
  return { chain, files: chainFiles(chain.operations).map(fingerprintOf) };
}

/** @throws HalotileError bad-input where the file is no palette */
async function targetOf(
  path: string | undefined,
  context: Pick<DatasetContext, 'executor' | 'work'>,
): Promise<readonly Rgb[] | null> {
  if (path === undefined) return null;
  const ending = extname(path).toLowerCase();
  if (ending === '.png') return checkTarget(await findingOf(context, 'colours', { path }), path);
  const colours = readTarget(path);
  if (colours === undefined) {
    throw badInput({
      what: `a target palette cannot be "${ending}"`,
      file: path,
      expected: `.png, ${PALETTE_ENDINGS}`,
    });
  }
  return checkTarget(colours, path);
}

/** The caller's signal with the error that an interrupted job ends in as its reason. */
function interruptOf(signal: AbortSignal | undefined): AbortSignal | undefined {
  if (signal === undefined) return undefined;
  const interrupt = new AbortController();
  const stop = () =>
    interrupt.abort(
      new HalotileError('interrupted', { what: 'interrupted', remedy: 'run the same command again to continue' }),
    );
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  return interrupt.signal;
}
