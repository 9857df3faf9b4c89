import { existsSync, lstatSync, statSync } from 'node:fs';
import { fromErrorRecord } from '../../tiling/errors.js';
import { inputPaths } from '../../tiling/job/job-inputs.js';
import type { JobSpec } from '../../tiling/job/job-spec.js';
import { outputFolderOf } from '../../tiling/job/output-format.js';
import { isUrl } from '../../tiling/places/url.js';
import type { PlanMachine } from '../../tiling/plan/plan-input.js';
import { partialPaths } from '../../tiling/stitch/partial.js';
import { hasSidecars } from '../../tiling/stitch/sidecars.js';
import type { ImageResult } from '../../tiling/work/images.js';
import type { Executor } from '../../tiling/work/task.js';
import { CPU_BACKEND } from '../../tiling/work/work-job.js';
import { JobLock } from './job-lock.js';
import type { JobResult } from './job-result.js';
import { checkedOutput } from './output-place.js';
import { peakMemoryBytes } from './peak-memory.js';
import type { JobRun } from './run-job.js';

/** From here on what a job by itself costs beside its pixels, some milliseconds, is little of it. */
const SMALL_BYTES = 1 << 20;
/** A thread holds decoded inputs, tiles, blocks and the output of a whole image at once. */
const MEMORY_SHARE = 1 / 16;

/** What of a run is looked at. */
type WholeRun = Pick<JobRun, 'spec' | 'executor' | 'machine' | 'durable' | 'onWarning' | 'nowSeconds'> & {
  /** Called before the job's only task. */
  readonly onBegin: () => void | Promise<void>;
  /**
   * Has a job run by a thread of a worker, alone or with others; undefined where nothing came of that.
   * @param bytes of its inputs
   */
  readonly runImage: (spec: JobSpec, bytes: number) => Promise<ImageResult | undefined>;
};

/**
 * Runs a small job as one task, as small images of a collection are run: a thread reads, plans and filters the image
 * and hands over its whole output. There is nothing to go on with after a death, so that it needs no partial directory.
 * The file is the one that `runJob` makes. Its rename is the executor's.
 * @returns undefined where the job is no such one, or nothing came of it: `runJob` then runs it, or says what is wrong
 * @throws HalotileError: partial-conflict where another process writes the output, bad-usage where it has no place,
 * tile-poisoned, interrupted
 */
export async function runWhole(run: WholeRun): Promise<JobResult | undefined> {
  const { spec, nowSeconds, onWarning } = run;
  const files = inputPaths(spec);
  const bytes = smallBytes(run, files);
  if (bytes === undefined) return undefined;
  const startedAt = nowSeconds();
  const output = checkedOutput(spec.output, files);
  const lock = await JobLock.acquire(output);
  try {
    if (isBegun(output)) return undefined;
    await run.onBegin();
    const preparedAt = nowSeconds();
    const result = await run.runImage({ ...spec, output }, bytes);
    if (result === undefined) return undefined;
    if ('error' in result) {
      // By itself it would take the next workers along.
      if (result.error.tag === 'tile-poisoned') throw fromErrorRecord(result.error);
      return undefined;
    }
    for (const what of result.warnings ?? []) onWarning?.(what);
    const { figures } = result;
    const total = nowSeconds() - startedAt;
    return {
      ...{ ...figures, output: spec.output, epoch: 1 },
      tiles: { ...figures.tiles, resumed: 0 },
      seconds: { prepare: preparedAt - startedAt, ...figures.seconds, assemble: 0, total },
      peakMemoryBytes: peakMemoryBytes(),
    };
  } finally {
    await lock.release();
  }
}

/** Bytes of inputs below which an image is run as a whole by one thread of a machine. */
export function wholeImageBytes({ memoryBytes, threads }: PlanMachine): number {
  return Math.min(SMALL_BYTES, (memoryBytes / threads) * MEMORY_SHARE);
}

/** Bytes of a job's inputs where it is small, and asks for nothing but a file that threads of workers make. */
function smallBytes({ spec, executor, machine, durable }: WholeRun, files: readonly string[]): number | undefined {
  const { output, tile, measure } = spec;
  if (durable || measure !== undefined || tile !== undefined) return undefined;
  if (isUrl(output) || outputFolderOf(output) !== undefined || files.some(isUrl)) return undefined;
  const bytes = runsOnProcessor(executor) ? fileBytes(files) : Number.NaN;
  return bytes < wholeImageBytes(machine) ? bytes : undefined;
}

/** Bytes of files together; no number where one is something else, or not there. */
export function fileBytes(files: readonly string[]): number {
  let bytes = 0;
  for (const file of files) {
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat?.isFile() !== true) return Number.NaN;
    bytes += stat.size;
  }
  return bytes;
}

/** Whether what a job by itself would round by is the processor, which alone runs whole images. */
export function runsOnProcessor({ boundedBackends: [first] = [CPU_BACKEND] }: Executor): boolean {
  return first === CPU_BACKEND;
}

/** Whether there is an output whose attributes are kept, what is told of what lies beside it, or an unfinished job. */
export function isBegun(output: string): boolean {
  const isThere = lstatSync(output, { throwIfNoEntry: false }) !== undefined;
  return isThere || hasSidecars(output) || existsSync(partialPaths(output).directory);
}
