import { mkdirSync, rmSync } from 'node:fs';
import { extname, join, relative, resolve, sep } from 'node:path';
import { badInput, badUsage, HalotileError } from '../../tiling/errors.js';
import type { FrameExecutor } from '../../tiling/palette/frame-execution.js';
import type { PaletteJob } from '../../tiling/palette/palette-job.js';
import type { Rgb } from '../../tiling/palette/remap.js';
import { checkTarget, readTextTarget } from '../../tiling/palette/target.js';
import { jobDigest } from '../../tiling/stitch/partial.js';
import { JobLock } from '../job-lock.js';
import { outputFailed } from '../output-place.js';
import { halotileVersion } from '../prepare-job.js';
import type { CharacterFailure, CharacterSummary } from './character-summary.js';
import type { Character, Dataset } from './dataset.js';
import { DatasetCounts, type DatasetProgress } from './dataset-counts.js';
import { findFrames } from './find-frames.js';
import { type DatasetReport, type PaletteJobResult, reportJson } from './report.js';
import { reportHtml } from './report-html.js';
import { type DatasetContext, runCharacter } from './run-character.js';
import { SpillBudget } from './spill-budget.js';
import { TaskGate } from './task-gate.js';
import { writeWhole } from './write-palette-files.js';

/** Characters under way at a time: enough to fill the barrier of one with the frames of another. */
const CHARACTERS_AT_ONCE = 4;
/** Tasks that wait at the executor, so that no slot is idle between two. */
const TASKS_PER_SLOT = 2;

/** A palette job and everything it runs with. */
export interface PaletteRun {
  readonly job: PaletteJob;
  readonly executor: FrameExecutor;
  /** Forget what earlier runs did. */
  readonly restart?: boolean;
  readonly onProgress?: (progress: DatasetProgress) => void;
  readonly signal?: AbortSignal;
  /** Seconds on a monotonic clock. */
  readonly now: () => number;
}

/**
 * Runs a palette job from its frames to written frames, palettes and report. It may die anywhere; the same
 * call continues it, and after it was finished does only what has changed.
 * @throws HalotileError
 */
export async function runPaletteJob(run: PaletteRun): Promise<PaletteJobResult> {
  const output = resolve(run.job.output);
  const startedAt = run.now();
  const dataset = await findFrames(run.job.frames);
  checkApart(dataset, output);
  const target = await readTarget(run.job.target, run.executor);
  try {
    mkdirSync(output, { recursive: true });
  } catch (cause) {
    throw outputFailed(
      { what: 'the output folder cannot be made', where: output, expected: 'a writable place' },
      cause,
    );
  }
  const lock = await JobLock.acquire(output);
  try {
    if (run.restart) rmSync(join(output, '.halotile'), { recursive: true, force: true });
    return await runLocked(run, dataset, target, startedAt);
  } finally {
    await lock.release();
  }
}

async function runLocked(
  run: PaletteRun,
  dataset: Dataset,
  target: readonly Rgb[] | null,
  startedAt: number,
): Promise<PaletteJobResult> {
  const { executor, signal, now } = run;
  const job = { ...run.job, output: resolve(run.job.output) };
  const foundAt = now();
  const frames = dataset.characters.reduce((sum, each) => sum + each.frames.length, 0);
  const counts = new DatasetCounts({ frames, characters: dataset.characters.length }, run.onProgress);
  const version = halotileVersion();
  const context: DatasetContext = {
    job,
    executor,
    gate: new TaskGate(executor.slots * TASKS_PER_SLOT, interruptOf(signal)),
    budget: new SpillBudget(job.spillBytes),
    target,
    digest: jobDigest({ format: 1, version, size: job.size, options: job.palette, target }),
    version,
    counts,
  };
  const { characters, failed } = await runCharacters(dataset.characters, context);
  const ranAt = now();
  const progress = counts.progress();
  const written = characters.reduce((sum, each) => sum + each.written, 0);
  const result: PaletteJobResult = {
    output: job.output,
    characters: {
      total: dataset.characters.length,
      done: characters.length,
      reused: progress.characters.reused,
    },
    frames: { total: frames, written, reused: progress.reused, failed: frames - written },
    size: job.size,
    seconds: { find: foundAt - startedAt, run: ranAt - foundAt, total: ranAt - startedAt },
    bytes: { read: progress.bytesRead, written: progress.bytesWritten },
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    report: join(job.output, 'report.html'),
  };
  const report: DatasetReport = { version, job, result, characters, failed };
  writeWhole(join(job.output, 'report.json'), reportJson(report));
  writeWhole(result.report, reportHtml(report));
  return result;
}

async function runCharacters(
  characters: readonly Character[],
  context: DatasetContext,
): Promise<{ readonly characters: CharacterSummary[]; readonly failed: CharacterFailure[] }> {
  const summaries = new Map<Character, CharacterSummary>();
  const failed = new Map<Character, CharacterFailure>();
  const remaining = characters[Symbol.iterator]();
  const lane = async () => {
    for (const character of remaining) {
      try {
        summaries.set(character, await runCharacter(character, context));
      } catch (error) {
        if (!isSkippable(error, context)) {
          context.gate.stop(error);
          throw error;
        }
        const { name, frames } = character;
        failed.set(character, { character: name, frames: frames.length, message: error.message, failures: [] });
      }
      context.counts.characterDone();
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: CHARACTERS_AT_ONCE }, lane));
  if (lanes.some(({ status }) => status === 'rejected')) throw context.gate.reason;
  const inOrder = <T>(found: ReadonlyMap<Character, T>) =>
    characters.flatMap((character) => found.get(character) ?? []);
  return { characters: inOrder(summaries), failed: inOrder(failed) };
}

function isSkippable(error: unknown, { job, gate }: DatasetContext): error is HalotileError {
  return job.onError === 'skip' && !gate.stopped && error instanceof HalotileError && error.tag === 'bad-input';
}

/** Outputs among the inputs would be overwritten now and taken for frames in the next run. */
function checkApart({ characters }: Dataset, output: string): void {
  for (const { frames } of characters) {
    for (const { path } of frames) {
      const inside = relative(output, resolve(path));
      if (inside === '..' || inside.startsWith(`..${sep}`) || resolve(inside) === inside) continue;
      throw badUsage({ what: 'a frame lies in the output folder', where: path, remedy: 'choose another output' });
    }
  }
}

/** @throws HalotileError bad-input where the file is no palette */
async function readTarget(path: string | undefined, executor: FrameExecutor): Promise<readonly Rgb[] | null> {
  if (path === undefined) return null;
  const ending = extname(path).toLowerCase();
  if (ending === '.png') return checkTarget(await executor.readColours(path), path);
  const text = readTextTarget(path);
  if (text === undefined) {
    throw badInput({
      what: `a target palette cannot be "${ending}"`,
      where: path,
      expected: '.png, .gpl, .hex or .json',
    });
  }
  return checkTarget(text, path);
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
