import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { questionsTo, refuseOverwrites, refuseTablePlan } from '../coordinator/index.js';
import { inputPaths } from '../tiling/job/job-inputs.js';
import type { JobSpec } from '../tiling/job/job-spec.js';
import { OPERATIONS } from '../tiling/operations/index.js';
import type { Plan } from '../tiling/plan/plan.js';
import { type PlanReport, reportPlan } from '../tiling/plan/plan-report.js';
import { prepareInputs, prepareOptions } from '../tiling/prepare/job-rasters.js';
import { preparePlan } from '../tiling/prepare/prepare-plan.js';
import { makeScratchFolder } from '../tiling/sources/scratch-folder.js';
import { outputPlace } from '../tiling/stitch/output-file.js';
import { gpuName, type Placement, placementsOf } from '../worker/index.js';
import { type BackendChoice, type ExecutorFactory, executorFactory, processName } from './executor.js';
import { type MachineFlags, machineOf } from './machine.js';
import { type Trial, tryTile } from './trial-tile.js';

/** What a plan is made for, beside the machine. */
export interface PlanChoices {
  /** Read the map for exact figures and run one tile for its time. */
  readonly scan?: boolean;
  readonly backend?: BackendChoice;
}

/** A plan's figures, and where a GPU was asked for what it would compute. */
export interface PlannedJob extends PlanReport {
  /** Absent where the backend is the processor; without a name where no GPU would take part. */
  readonly gpu?: { readonly name?: string; readonly operations: readonly Placement[] };
  /** After a scan. */
  readonly trial?: Trial;
}

/**
 * The figures of a job's plan on this machine; reads headers, and where these do not say enough the map or an image of float32,
 * and with `scan` the map and one tile.
 * @throws HalotileError as the job itself would before its first tile
 */
export async function planJob(
  spec: JobSpec,
  flags: MachineFlags,
  { scan = false, backend = 'wasm' }: PlanChoices,
): Promise<PlannedJob> {
  if (spec.measure !== undefined) refuseTablePlan(spec.output);
  refuseOverwrites(outputPlace(spec.output), inputPaths(spec));
  const given = machineOf(flags);
  const factory = await executorFactory({ threads: given.threads, backend });
  const executor = factory.open(processName());
  const machine = { ...given, preferredTile: executor.preferredTile, splits: true };
  const scratchDirectory = makeScratchFolder(tmpdir(), 'halotile-plan');
  try {
    const inputs = await prepareInputs(spec, prepareOptions(machine, scratchDirectory));
    const plan = await preparePlan(spec, inputs, machine, questionsTo(executor));
    const { map } = inputs;
    const gpu = backend === 'wasm' ? undefined : gpuShare(plan, factory);
    // What the first of two jobs gives is not there to try a tile of.
    if (!scan || plan.split !== undefined) return { ...(await reportPlan(plan)), gpu };
    const trial = await tryTile(plan, inputs, executor, scratchDirectory);
    if (map === undefined) return { ...(await reportPlan(plan)), gpu, trial };
    const about = { name: map.plan.path, mapping: plan.mapping };
    const rounds = plan.operations.some(({ name, byMap }) => byMap && OPERATIONS[name]!.mapMeaning === 'radius');
    const report = await reportPlan(plan, async (rect) => {
      const max = await questionsTo(executor).largest(map.source, { ...about, rect });
      return rounds ? Math.floor(max + 0.5) : max;
    });
    return { ...report, gpu, trial };
  } finally {
    await executor.close();
    rmSync(scratchDirectory, { recursive: true, force: true });
  }
}

function gpuShare(plan: Plan, { gpu }: ExecutorFactory): PlannedJob['gpu'] {
  if (gpu !== undefined) return { name: gpuName(gpu), operations: placementsOf(plan, gpu.limits) };
  const why = 'no real GPU here';
  return { operations: plan.operations.map(({ name }) => ({ operation: name, on: 'processor', why })) };
}
