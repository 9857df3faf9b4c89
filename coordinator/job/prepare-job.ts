import { readFileSync } from 'node:fs';
import { cellCount, cellRect, gridOf } from '../../tiling/geometry/grid.js';
import type { JobSpec } from '../../tiling/job/job-spec.js';
import { OPERATIONS, type Operation } from '../../tiling/operations/index.js';
import type { ModuleShape } from '../../tiling/operations/module/custom-module.js';
import { chainFiles } from '../../tiling/operations/parameter-files.js';
import { couplingOf } from '../../tiling/plan/chain.js';
import { checkModules } from '../../tiling/plan/checked-modules.js';
import { CACHE_SHARE, makePlan } from '../../tiling/plan/make-plan.js';
import { plannedMapMax } from '../../tiling/plan/map-max.js';
import { mapBound, mappingOver } from '../../tiling/plan/mapping.js';
import { readParameterFile } from '../../tiling/plan/parameter-file.js';
import type { Plan } from '../../tiling/plan/plan.js';
import type { PlanInput, PlanMachine } from '../../tiling/plan/plan-input.js';
import { resolveOperations } from '../../tiling/plan/resolve-operations.js';
import { isRawLayout } from '../../tiling/raster/stored-block.js';
import type { SeenFile } from '../../tiling/sources/fingerprint.js';
import { openMask } from '../../tiling/sources/open-mask.js';
import { openRaster } from '../../tiling/sources/open-raster.js';
import { jobDigest } from '../../tiling/stitch/partial.js';
import type { ModuleData } from '../../tiling/work/module.js';
import type { SourceRef } from '../../tiling/work/references.js';
import type { ScanData } from '../../tiling/work/scan.js';
import type { Executor } from '../../tiling/work/task.js';
import type { WorkInput, WorkJob } from '../../tiling/work/work-job.js';
import { runTask } from './run-task.js';

/** One input of a job, opened far enough to plan with. */
export interface PreparedInput {
  readonly plan: PlanInput;
  readonly source: SourceRef;
}

/** A job's inputs. */
export interface PreparedInputs {
  readonly image: PreparedInput;
  /** The mask inside the image's file; absent where it has none or the job ignores it. */
  readonly mask?: PreparedInput;
  readonly map?: PreparedInput;
  /** Images that operations name in their parameters. */
  readonly extras: readonly PreparedInput[];
}

/** Where tiles find a job's inputs; extras by the path that operations name. */
export function sourcesOf({ image, mask, map, extras }: PreparedInputs): WorkInput[] {
  return [
    { name: 'image', source: image.source },
    ...(mask === undefined ? [] : [{ name: 'mask', source: mask.source } as const]),
    ...(map === undefined ? [] : [{ name: 'map', source: map.source } as const]),
    ...extras.map(({ plan: { path }, source }) => ({ name: `extra:${path}`, source }) as const),
  ];
}

/** Where inputs without random access are converted to. */
export interface PrepareOptions {
  readonly scratchDirectory: string;
  /** A larger block is not decoded again and again for each tile, but converted once. */
  readonly maxBlockBytes: number;
  /** Decoded blocks that may be kept; striped compressed files wider than that are converted once too. */
  readonly cacheBytes: number;
}

/** A reach above this makes halos so wide that the map is worth reading before the plan is made. */
const UNSCANNED_REACH_PX = 255;
/** Side of the rects that a map is scanned by. */
const SCAN_SIDE = 2048;

const VERSION = (
  JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;

/** The release that computes the pixels; a job is not continued by another. */
export function halotileVersion(): string {
  return VERSION;
}

/** Share of the memory that one decoded block may take before its file is converted instead. */
const MAX_BLOCK_SHARE = 1 / 64;

/** What a machine's memory means for opening inputs. */
export function prepareOptions({ memoryBytes }: PlanMachine, scratchDirectory: string): PrepareOptions {
  return { scratchDirectory, maxBlockBytes: memoryBytes * MAX_BLOCK_SHARE, cacheBytes: memoryBytes * CACHE_SHARE };
}

/** Opens and checks the inputs of a job. */
export async function prepareInputs(spec: JobSpec, options: PrepareOptions): Promise<PreparedInputs> {
  const image = await prepareInput(spec.image, options);
  const mask = spec.mask === 'ignore' ? undefined : await prepareMask(image, options);
  const map = spec.map === undefined ? undefined : await prepareInput(spec.map, options);
  const extras: PreparedInput[] = [];
  for (const path of chainFiles(spec.operations, 'image')) extras.push(await prepareInput(path, options));
  return { image, mask, map, extras };
}

async function prepareInput(path: string, options: PrepareOptions): Promise<PreparedInput> {
  const source = await openRaster(path, options);
  const { info, layout, name } = source;
  source.close();
  return { plan: { path, info, layout }, source: { kind: 'file', path: name } };
}

async function prepareMask(
  { plan: image }: PreparedInput,
  options: PrepareOptions,
): Promise<PreparedInput | undefined> {
  const { path } = image;
  const opened = await openMask(path, image.info, options);
  if (opened === undefined) return undefined;
  const { source, directory } = opened;
  const { info, layout, name } = source;
  source.close();
  return { plan: { path, info, layout }, source: { kind: 'file', path: name, directory } };
}

/** What makes two runs the same job: the spec without its output's name, the release and all `files` that it reads. */
export function digestOf(spec: JobSpec, files: readonly SeenFile[]): string {
  const { output: _, tile: __, ...identity } = spec;
  const fingerprints = files.map(({ fingerprint }) => fingerprint);
  return jobDigest({ version: VERSION, identity, tile: spec.tile ?? 'planned', files: fingerprints });
}

/** What a plan is made from: headers, and where the map can be read. */
export interface PlannedInputs {
  readonly image: Pick<PreparedInput, 'plan'>;
  readonly mask?: Pick<PreparedInput, 'plan'>;
  readonly map?: Pick<PreparedInput, 'plan' | 'source'>;
  readonly extras: readonly Pick<PreparedInput, 'plan'>[];
}

/** What must be looked into before there is a plan. */
export interface PlanQuestions {
  /** Rects that are read at once. */
  readonly slots: number;
  /** The largest value' in a rect of the map at `source`. */
  readonly largest: (source: SourceRef, data: ScanData) => Promise<number>;
  /** What a user's module declares. */
  readonly shapeOf: (data: ModuleData) => Promise<ModuleShape>;
}

/** Questions that an executor's threads answer. */
export function questionsTo(executor: Pick<Executor, 'slots' | 'run'>): PlanQuestions {
  return {
    slots: executor.slots,
    largest: async (source, data) => {
      const job: WorkJob = { key: `scan:${data.name}`, inputs: [{ name: 'map', source }] };
      return (await runTask(executor, job, { kind: 'scan', stage: 0, index: 0, data })).value.max;
    },
    shapeOf: async (data) => {
      const job: WorkJob = { key: `module:${data.where}`, inputs: [] };
      return (await runTask(executor, job, { kind: 'module', stage: 0, index: 0, data })).value;
    },
  };
}

/** The plan of a job; reads the map first where its type does not say enough. */
export async function preparePlan(
  spec: JobSpec,
  inputs: PlannedInputs,
  machine: PlanMachine,
  questions: PlanQuestions,
): Promise<Plan> {
  const { image, map } = inputs;
  const operations = resolveOperations(spec.operations, { map: map !== undefined });
  const extras = inputs.extras.map(({ plan }) => plan);
  const planInputs = {
    image: image.plan,
    mask: inputs.mask?.plan,
    map: map?.plan,
    extras,
    readFile: readParameterFile,
    modules: await checkModules(operations, (bytes, where) => questions.shapeOf({ bytes, where })),
  };
  const byMap = operations.filter((operation) => operation.byMap);
  if (map === undefined || byMap.length === 0) return makePlan(spec, planInputs, machine);
  const mapping = mappingOver(spec.mapping, map.plan.info);
  const bound = mapBound(mapping, map.plan.info);
  // Parameters that follow from the map's maximum, and tiles that must all reach equally far, need its real one.
  const needsMax = operations.some(
    (operation) =>
      couplingOf(operation) === 'row' || (operation.byMap && OPERATIONS[operation.name]!.prepare !== undefined),
  );
  // A tile that the user chose may be too small for the bound and large enough for the map itself.
  const unscannedPx = Math.min(UNSCANNED_REACH_PX, spec.tile ?? UNSCANNED_REACH_PX);
  if (bound.alwaysValid && !needsMax && largestReach(byMap, bound.max) <= unscannedPx) {
    return makePlan(spec, planInputs, machine);
  }
  // A first plan over a harmless bound refuses what does not depend on the map before the map is read.
  makePlan(spec, { ...planInputs, scannedMax: 0 }, machine);
  const scanned = await scanMap({ name: map.plan.path, mapping }, map, questions);
  return makePlan(spec, { ...planInputs, scannedMax: plannedMapMax(byMap, scanned) }, machine);
}

/** What planning is given beside the job. */
export interface PlanRequest {
  readonly machine: PlanMachine;
  readonly prepare: PrepareOptions;
  readonly questions: PlanQuestions;
}

/** A job's inputs and what is done with them. */
export interface PlannedJob {
  readonly inputs: PreparedInputs;
  readonly plan: Plan;
}

/** Who opens a job's inputs and plans it: the calling thread, or one that may take its time. */
export interface JobPlanner {
  plan(spec: JobSpec, request: PlanRequest): Promise<PlannedJob>;
}

/** Plans where it is called. */
export const DIRECT_PLANNER: JobPlanner = {
  async plan(spec, { machine, prepare, questions }) {
    const inputs = await prepareInputs(spec, prepare);
    return { inputs, plan: await preparePlan(spec, inputs, machine, questions) };
  },
};

function largestReach(operations: readonly Operation[], mapMax: number): number {
  return Math.max(...operations.map((operation) => OPERATIONS[operation.name]!.reach(operation, mapMax).left));
}

async function scanMap(
  about: Omit<ScanData, 'rect'>,
  { plan: { info, layout }, source }: Pick<PreparedInput, 'plan' | 'source'>,
  { slots, largest }: PlanQuestions,
): Promise<number> {
  // Rects follow the blocks, so that each is decoded once.
  const width = isRawLayout(info, layout) ? SCAN_SIDE : Math.ceil(SCAN_SIDE / layout.blockWidth) * layout.blockWidth;
  const height = isRawLayout(info, layout) ? SCAN_SIDE : Math.ceil(SCAN_SIDE / layout.blockHeight) * layout.blockHeight;
  const grid = gridOf(info, { width, height });
  let next = 0;
  let max = 0;
  const lane = async () => {
    while (next < cellCount(grid)) {
      max = Math.max(max, await largest(source, { ...about, rect: cellRect(grid, next++) }));
    }
  };
  await Promise.all(Array.from({ length: slots }, lane));
  return max;
}
