import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { HalotileError } from '../../tiling/errors.js';
import { inputPaths } from '../../tiling/job/job-inputs.js';
import type { JobProgress } from '../../tiling/job/job-progress.js';
import type { JobSpec } from '../../tiling/job/job-spec.js';
import { restJobOf } from '../../tiling/job/split-job.js';
import { isS3Url } from '../../tiling/places/url.js';
import { filterStage } from '../../tiling/plan/levels.js';
import { outputShape } from '../../tiling/plan/output-shape.js';
import type { Plan } from '../../tiling/plan/plan.js';
import type { PlanMachine } from '../../tiling/plan/plan-input.js';
import { type PreparedInputs, prepareOptions, warningsOf } from '../../tiling/prepare/job-rasters.js';
import type { PreparedTable } from '../../tiling/prepare/prepare-table.js';
import { type SeenFile, seenFiles } from '../../tiling/sources/fingerprint.js';
import { outputFault } from '../../tiling/stitch/output-fault.js';
import { isDiscarded, type OutputOwner, type Restart } from '../../tiling/stitch/output-owner.js';
import {
  claimPartial,
  clearPartial,
  openPartial,
  PARTIAL_FORMAT,
  type PartialJob,
  type PartialPaths,
  partialOwner,
  partialPaths,
  readPartialJob,
  removePartial,
} from '../../tiling/stitch/partial.js';
import { TileLedger } from '../../tiling/stitch/tile-ledger.js';
import type { Executor } from '../../tiling/work/task.js';
import { boundedBackendOf } from './bounded-backend.js';
import { derivedMapName, deriveMap, firstResultName, makeFirst } from './derive-map.js';
import { JobLock } from './job-lock.js';
import type { JobResult } from './job-result.js';
import type { ObjectWriter } from './object-writer.js';
import { checkDiskSpace, checkedOutput } from './output-place.js';
import { DIRECT_PLANNER, digestOf, halotileVersion, type JobPlanner, questionsTo } from './prepare-job.js';
import type { RemoteOutput } from './remote-output.js';
import { labelsJobOf, makeTable, measuringJobOf } from './run-table.js';
import { diskNeed, isPublished, RunningJob, type RunningTiles } from './running-job.js';
import { soundTiles } from './sound-tiles.js';

/** A job and everything it runs with. */
export interface JobRun {
  readonly spec: JobSpec;
  readonly executor: Executor;
  readonly machine: PlanMachine;
  /** The calling thread where absent. */
  readonly planner?: JobPlanner;
  /** Wait for the disk at every commit, so that a power loss costs no finished tile. */
  readonly durable?: boolean;
  /** Discard an unfinished job that is in the way, where the owner may. */
  readonly restart?: Restart;
  /** For whom a coordinator runs it. */
  readonly owner?: OutputOwner;
  /** The run goes on when it returns. */
  readonly onPlan?: (plan: Plan) => void | Promise<void>;
  /** In its place where the output is a table, whose image has a plan of its own if any. */
  readonly onTable?: () => void | Promise<void>;
  readonly onProgress?: (progress: JobProgress) => void;
  /** What somebody who looks on may follow until the run ends; there is none where the output is a table. */
  readonly onTiles?: (tiles: RunningTiles) => void;
  /** Called with one sentence for what is wrong with an input and harmless. */
  readonly onWarning?: (what: string) => void;
  /** Writes the output where it is an object, and has tried the store; one of the job's own where absent. */
  readonly writer?: ObjectWriter;
  readonly signal?: AbortSignal;
  /** Seconds on a monotonic clock. */
  readonly nowSeconds: () => number;
}

/** A run whose output has a place on this machine. */
interface PlacedRun extends JobRun {
  /** Where the output goes in place of that. */
  readonly remote?: RemoteOutput;
}

/**
 * Runs a job from its inputs to its published output. The life of a job: check, lock, plan, open an epoch,
 * run the stages, assemble, rename. It may die anywhere; the same call continues it.
 * @throws HalotileError; the output is then as it was before
 */
export async function runJob(run: JobRun): Promise<JobResult> {
  const { spec } = run;
  const files = inputPaths(spec);
  if (!isS3Url(spec.output)) return runAt(run, files, checkedOutput(spec.output, files));
  // What talks to stores is loaded for them alone.
  const { RemoteOutput } = await import('./remote-output.js');
  const remote = await RemoteOutput.open(spec.output, files, run.writer);
  try {
    return await runAt(run, files, checkedOutput(remote.place, files), remote);
  } finally {
    await remote.close();
  }
}

/** @param output what stands for the job's output on this machine */
async function runAt(run: JobRun, files: readonly string[], output: string, remote?: RemoteOutput): Promise<JobResult> {
  const { spec } = run;
  const lock = await JobLock.acquire(output);
  try {
    const placed = { ...run, spec: { ...spec, output }, ...(remote && { remote }) };
    return { ...(await runLocked(placed, files, partialPaths(output))), output: spec.output };
  } catch (error) {
    throw outputFault(error, spec.output);
  } finally {
    await lock.release();
  }
}

/** A run in its partial directory, which is its own. */
interface BegunRun {
  readonly run: PlacedRun;
  readonly paths: PartialPaths;
  readonly startedAt: number;
  readonly files: readonly SeenFile[];
  readonly digest: string;
  /** What an earlier run left to go on with. */
  readonly earlier: PartialJob | undefined;
  /** How files are called that other jobs make for this one. */
  readonly mapName: string | undefined;
  readonly firstName: string;
}

async function runLocked(run: PlacedRun, inputs: readonly string[], paths: PartialPaths): Promise<JobResult> {
  const startedAt = run.nowSeconds();
  const files = await seenFiles(inputs);
  const digest = digestOf(run.spec, files);
  const isNew = openPartial(paths);
  const earlier = isNew ? undefined : earlierJob(run, paths);
  // What a run left that died before it said which job it was, or while it cleaned up, belongs to no job.
  const mapName = derivedMapName(run.spec, files);
  const firstName = firstResultName(run.spec, files);
  if (earlier === undefined) {
    if (!isNew) await clearPartial(paths, mapName, firstName);
  } else claimPartial(paths, { ...earlier, digest });
  const begun = { run, paths, startedAt, files, digest, earlier, mapName, firstName };
  return run.spec.measure === undefined ? runImage(begun) : runTable(begun);
}

async function runImage(begun: BegunRun): Promise<JobResult> {
  const { run, paths, startedAt, files, digest, earlier, mapName, firstName } = begun;
  const { executor, nowSeconds } = run;
  const machine: PlanMachine = { ...run.machine, preferredTile: executor.preferredTile, splits: true };
  // A planned tile depends on threads and memory, which may differ between the runs of one job.
  const earlierChoices = earlier?.pinned;
  const spec =
    earlierChoices === undefined
      ? run.spec
      : { ...run.spec, tile: earlierChoices.tileSide, block: earlierChoices.block };
  let prepared: PreparedInputs;
  let plan: Plan;
  let boundedBackend: string | undefined;
  try {
    const mapped = await deriveMap(spec, paths, mapName, (job) => runJob(mapRun(run, job)));
    const prepare = prepareOptions(machine, paths.scratch);
    const planner = run.planner ?? DIRECT_PLANNER;
    const request = { machine, prepare, questions: questionsTo(executor) };
    ({ inputs: prepared, plan } = await planner.plan(mapped, request));
    if (plan.split !== undefined) {
      const image = await makeFirst(mapped, plan.split, paths, firstName, (job) => runJob(mapRun(run, job)));
      ({ inputs: prepared, plan } = await planner.plan(restJobOf(mapped, plan.split, image), request));
    }
    boundedBackend = boundedBackendOf(plan, executor, earlierChoices?.boundedBackend);
    checkDiskSpace(spec.output, earlier === undefined ? diskNeed(plan) : 0);
  } catch (error) {
    await leave({ paths, earlier }, error);
    throw error;
  }
  for (const what of warningsOf(prepared)) run.onWarning?.(what);
  await run.onPlan?.(plan);
  const pinned = { tileSide: filterStage(plan).tileSide, block: plan.block, ...(boundedBackend && { boundedBackend }) };
  const about = { version: halotileVersion(), spec: run.spec };
  const { owner } = run;
  claimPartial(paths, { format: PARTIAL_FORMAT, digest, pinned, shape: outputShape(plan), about, owner });
  const { ledger, state } = await TileLedger.open(paths.directory, { durable: run.durable === true });
  return committing({ ledger, paths }, async () => {
    const published = isPublished(state, spec.output);
    const tiles = published ? state.tiles : await soundTiles(plan, paths, state.tiles);
    const opened = {
      paths,
      digest,
      files,
      inputs: prepared,
      plan,
      boundedBackend,
      ledger,
      tiles,
      isPublished: published,
    };
    const job = new RunningJob({ ...run, spec }, opened);
    run.onTiles?.(job.tiles);
    const preparedAt = nowSeconds();
    await job.runStages();
    const stagedAt = nowSeconds();
    const outputBytes = await job.publish();
    return job.result({
      prepare: preparedAt - startedAt,
      assemble: nowSeconds() - stagedAt,
      total: nowSeconds() - startedAt,
      outputBytes,
    });
  });
}

/**
 * Runs a job whose output is a table. The image of its labels is made by a job of its own where operations make it; then
 * each part of it is measured once, and what is known of the parts becomes the table.
 */
async function runTable({ run, paths, startedAt, files, digest, earlier, firstName }: BegunRun): Promise<JobResult> {
  const { spec, executor, machine, owner, signal, onProgress, nowSeconds, durable = false } = run;
  let table: PreparedTable;
  try {
    const labels = join(paths.directory, firstName);
    const job = labelsJobOf(spec, labels);
    if (job !== undefined && !existsSync(labels)) await runJob(mapRun(run, job));
    const measuring = measuringJobOf(spec, job?.output);
    table = await (run.planner ?? DIRECT_PLANNER).table(measuring, prepareOptions(machine, paths.scratch));
  } catch (error) {
    await leave({ paths, earlier }, error);
    throw error;
  }
  for (const what of table.warnings) run.onWarning?.(what);
  await run.onTable?.();
  claimPartial(paths, { format: PARTIAL_FORMAT, digest, about: { version: halotileVersion(), spec }, owner });
  const { ledger, state } = await TileLedger.open(paths.directory, { durable });
  return committing({ ledger, paths }, () =>
    makeTable({
      ...{ table, paths, files, digest, ledger, tiles: state.tiles, output: spec.output, remote: run.remote, durable },
      ...{ executor, signal, onProgress, nowSeconds, startedAt },
      ...(run.onWarning && { onWarning: run.onWarning }),
    }),
  );
}

/** Does what a ledger is told of; nothing unfinished stays of a job that failed for good. */
async function committing<T>(
  { ledger, paths }: { readonly ledger: TileLedger; readonly paths: PartialPaths },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    ledger.close();
    if (endsJob(error)) await removePartial(paths);
    throw error;
  } finally {
    ledger.close();
  }
}

/** Nothing stays of a job that could not be planned, unless an earlier run had got further. */
async function leave({ paths, earlier }: Pick<BegunRun, 'paths' | 'earlier'>, error: unknown): Promise<void> {
  if (earlier === undefined && !isInterrupted(error)) await removePartial(paths);
}

/** The job that a run goes on with: what is unfinished there, unless it is to be discarded. */
function earlierJob({ restart, owner, spec }: PlacedRun, paths: PartialPaths): PartialJob | undefined {
  const asked = { found: partialOwner(paths), by: owner, file: spec.output };
  return isDiscarded(restart, asked) ? undefined : readPartialJob(paths);
}

/** The job that makes a job's map, for the same owner and on this machine; nobody is told of its plan and its tiles. */
function mapRun(run: PlacedRun, spec: JobSpec): JobRun {
  const { onPlan: _, onTable: __, onTiles: ___, restart: ____, remote: _____, ...same } = run;
  return { ...same, spec };
}

/** Whether a run was only stopped, so that what it has made of the job's map is of use to the next one. */
function isInterrupted(error: unknown): boolean {
  return error instanceof HalotileError && error.tag === 'interrupted';
}

/** Whether a job can never be continued: its inputs changed, or must change, and with them the job. */
function endsJob(error: unknown): boolean {
  return error instanceof HalotileError && (error.tag === 'input-changed' || error.tag === 'bad-input');
}
