import type { CollectionResult, DatasetResult, JobResult } from '../coordinator/index.js';
import { badUsage } from '../tiling/errors.js';
import type { AnyJobSpec, CollectionSpecInput } from '../tiling/job/collection-spec.js';
import type { DatasetSpecInput } from '../tiling/job/dataset-spec.js';
import { placeInputs, placeOutputs } from '../tiling/job/job-inputs.js';
import type { JobSpecInput } from '../tiling/job/job-spec.js';
import { absoluteName } from '../tiling/places/url.js';
import { outputPlace } from '../tiling/stitch/output-file.js';
import { partialPaths } from '../tiling/stitch/partial.js';
import { type Preview, previewFile, previewPartial } from '../tiling/stitch/preview.js';
import { withThreads } from './kept-threads.js';
import { type LocalCollectionOptions, runCollectionLocally } from './local-collection.js';
import { type LocalDatasetOptions, runDatasetLocally } from './local-dataset.js';
import { type LocalRunOptions, runLocally } from './local-run.js';
import { machineOf } from './machine.js';
import { type MeasureResult, type MeasureSpec, measuredBy, measuringJob } from './measure.js';
import { parseCollectionSpec, parseDatasetSpec, parseJobSpec } from './parse-specs.js';
import { type PlanChoices, type PlannedJob, planJob as planWith } from './plan-job.js';

/** What a library call may use of this machine. */
export interface MachineOptions {
  /** Threads that run tiles; one for each core where absent. */
  readonly threads?: number;
  /** Resident memory to stay within, in MiB; 256 for each thread and at least 512 where absent. */
  readonly memoryMiB?: number;
}

/** How a library call runs a job. */
export interface RunOptions extends MachineOptions, Omit<LocalRunOptions, 'machine' | 'executor' | 'callerWorks'> {}

/**
 * Runs a job on threads of this process and returns what it did. An unfinished job of the same spec and
 * inputs is continued. Relative paths are relative to the working directory.
 * @throws HalotileError; the output is then as it was before
 */
export async function runJob(spec: JobSpecInput, options: RunOptions = {}): Promise<JobResult> {
  const job = absolute(parseJobSpec(spec));
  const machine = machineOf(flagsOf(options));
  // A GPU's process is opened for one job: what it says of losses goes to the caller of that.
  if ((options.backend ?? 'wasm') !== 'wasm') return runLocally(job, { ...options, machine });
  return withThreads(machine, (executor) => runLocally(job, { ...options, machine, executor }));
}

/** How a library call runs a dataset job. */
export interface DatasetRunOptions extends MachineOptions, Omit<LocalDatasetOptions, 'machine' | 'executor'> {}

/**
 * Runs a job over many images on threads of this process: every image passes the chain, then all images of a
 * character get one palette. The same call continues an unfinished job, and after it was finished does only what has
 * changed. Relative paths are relative to the working directory.
 * @throws HalotileError; what is written is whole, and the same call goes on from there
 */
export async function runDataset(spec: DatasetSpecInput, options: DatasetRunOptions = {}): Promise<DatasetResult> {
  const { threads, memoryMiB, ...rest } = options;
  const job = absolute(parseDatasetSpec(spec));
  const machine = machineOf(flagsOf({ threads, memoryMiB }));
  return withThreads(machine, (executor) => runDatasetLocally(job, { ...rest, machine, executor }));
}

/** How a library call runs a job over many images. */
export interface CollectionRunOptions extends MachineOptions, Omit<LocalCollectionOptions, 'machine'> {}

/**
 * Runs the image job of each of many images on threads of this process, all of which are kept busy across images. The
 * same call continues an unfinished job, and after it was finished does only what has changed. Relative paths are
 * relative to the working directory.
 * @throws HalotileError; outputs that are there are whole, and the same call goes on from there
 */
export async function runCollection(
  spec: CollectionSpecInput,
  options: CollectionRunOptions = {},
): Promise<CollectionResult> {
  const { threads, memoryMiB, ...rest } = options;
  const job = absolute(parseCollectionSpec(spec));
  const machine = machineOf(flagsOf({ threads, memoryMiB }));
  if ((options.backend ?? 'wasm') !== 'wasm') return runCollectionLocally(job, { ...rest, machine });
  return withThreads(machine, (executor) => runCollectionLocally(job, { ...rest, machine, executor }));
}

/** How a library call measures labels. */
export interface MeasureOptions extends MachineOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (pixelsDone: number, pixelsTotal: number) => void;
}

/**
 * Writes a table of the labels of an image: area, extent and centre of each, and figures of images under it; ascending
 * by label. It is a job like any other, of a spec with `measure`: an unfinished one is continued. Relative paths are relative to the working directory.
 * @throws HalotileError; the table is then as it was before
 */
export async function measureLabels(spec: MeasureSpec, options: MeasureOptions = {}): Promise<MeasureResult> {
  const { onProgress, ...rest } = options;
  const result = await runJob(measuringJob(spec), {
    ...rest,
    onProgress: ({ pixelsDone, pixelsTotal }) => onProgress?.(pixelsDone, pixelsTotal),
  });
  return { ...measuredBy(result), output: spec.output };
}

/**
 * The figures of a job's plan on this machine: tiles, halos, memory, bytes, time. Reads headers only, and the
 * map where `scan` is true; with `backend` `gpu` or `auto` says what the GPU would compute.
 * @throws HalotileError as the job itself would before its first tile
 */
export async function planJob(spec: JobSpecInput, options: MachineOptions & PlanChoices = {}): Promise<PlannedJob> {
  return planWith(absolute(parseJobSpec(spec)), flagsOf(options), options);
}

/**
 * A picture of a finished output, at most `maxSide` pixels a side; with `partial: true`, of what the unfinished
 * job of that output has committed so far.
 * @throws bad-input where there is neither
 */
export async function previewOutput(
  output: string,
  { maxSide = 1024, partial = false }: { readonly maxSide?: number; readonly partial?: boolean } = {},
): Promise<Preview> {
  if (!Number.isInteger(maxSide) || maxSide < 1) throw badUsage({ what: `maxSide ${maxSide}`, expected: 'at least 1' });
  const path = absoluteName(output);
  return partial ? previewPartial(partialPaths(outputPlace(path)), maxSide) : previewFile(path, maxSide);
}

/** The job with its paths relative to the working directory made absolute. */
function absolute<S extends AnyJobSpec>(spec: S): S {
  return placeOutputs(
    placeInputs(spec, ({ path }) => absoluteName(path)),
    (path) => absoluteName(path),
  );
}

function flagsOf({ threads, memoryMiB }: MachineOptions): { threads?: number; memory?: number } {
  return { threads, memory: memoryMiB };
}
