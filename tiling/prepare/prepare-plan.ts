import { badUsage } from '../errors.js';
import { cellCount, cellRect, gridOf } from '../geometry/grid.js';
import type { Rect } from '../geometry/rect.js';
import { mapJobOf, withMap } from '../job/derived-map.js';
import type { JobSpec } from '../job/job-spec.js';
import { largestDistance } from '../operations/band/distance.js';
import { chainCorners } from '../operations/corners.js';
import { ANY_SINGLES, joinedBits, type SampleBits } from '../operations/digits.js';
import { OPERATIONS, type Operation } from '../operations/index.js';
import type { ModuleShape } from '../operations/module/custom-module.js';
import { chainPyramid } from '../operations/pyramid.js';
import { couplingOf } from '../plan/chain.js';
import { checkModules } from '../plan/checked-modules.js';
import { makePlan } from '../plan/make-plan.js';
import { plannedMapMax } from '../plan/map-max.js';
import { mapBound, mappingOver } from '../plan/mapping.js';
import { readParameterFile } from '../plan/parameter-file.js';
import type { Plan } from '../plan/plan.js';
import type { PlanInput, PlanInputs, PlanMachine } from '../plan/plan-input.js';
import { resolveOperations } from '../plan/resolve-operations.js';
import type { RasterInfo } from '../raster/raster-info.js';
import { isRawLayout } from '../raster/stored-block.js';
import type { BitsData } from '../work/bits.js';
import type { ModuleData } from '../work/module.js';
import type { SourceRef } from '../work/references.js';
import type { ScanData } from '../work/scan.js';
import type { PreparedInput } from './job-rasters.js';

/** A reach above this makes halos so wide that the map is worth reading before the plan is made. */
const UNSCANNED_REACH_PX = 255;
/** Side of the rects that a map is scanned by. */
const SCAN_SIDE = 2048;

/** What a plan is made from: headers, and where the map can be read. */
export interface PlannedInputs {
  readonly image: Pick<PreparedInput, 'plan'> & Partial<Pick<PreparedInput, 'source'>>;
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
  /** What samples in a rect of the image of float32 at `source` are. */
  readonly bitsOf: (source: SourceRef, data: BitsData) => Promise<SampleBits>;
  /** What a user's module declares. */
  readonly shapeOf: (data: ModuleData) => Promise<ModuleShape>;
}

/** The plan of a job; reads the map first where its type does not say enough. */
export async function preparePlan(
  spec: JobSpec,
  inputs: PlannedInputs,
  machine: PlanMachine,
  questions: PlanQuestions,
): Promise<Plan> {
  if (spec.mapOperations !== undefined) return planUnmade(spec, inputs, machine, questions);
  const { image, map } = inputs;
  const operations = resolveOperations(spec.operations, { map: map !== undefined });
  const extras = inputs.extras.map(({ plan }) => plan);
  const planInputs = {
    image: image.plan,
    mask: inputs.mask?.plan,
    map: map?.plan,
    extras,
    readFile: readParameterFile,
    modules: await checkModules(operations, (bytes, file) => questions.shapeOf({ bytes, file })),
  };
  const byMap = operations.filter((operation) => operation.byMap);
  const planned = (about: PlanInputs) => planLookedAt(spec, about, machine, { image, questions });
  if (map === undefined || byMap.length === 0) return planned(planInputs);
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
    return planned(planInputs);
  }
  // A first plan over a harmless bound refuses what does not depend on the map before the map is read.
  makePlan(spec, { ...planInputs, scannedMax: 0 }, machine);
  const scanned = await scanMap({ name: map.plan.path, mapping }, map, questions);
  return planned({ ...planInputs, scannedMax: plannedMapMax(byMap, scanned) });
}

/** The plan of a job whose map is still to be made: over what its operations can give at most. */
async function planUnmade(
  spec: JobSpec,
  inputs: PlannedInputs,
  machine: PlanMachine,
  questions: PlanQuestions,
): Promise<Plan> {
  const job = mapJobOf(spec, spec.output)!;
  const image = inputs.map ?? inputs.image;
  const { output: info, operations } = await preparePlan(job, { image, extras: [] }, machine, questions);
  const from = image.plan.path;
  const map: PlanInput = { path: `the map made of ${from}`, info, layout: image.plan.layout };
  const mapping = mappingOver(spec.mapping, info);
  const largest = largestDistance(operations.at(-1)!, info);
  const bound = mapBound(mapping, info).max;
  const value = largest === undefined ? bound : Math.min(bound, mapping.scale * largest + mapping.offset);
  if (!Number.isFinite(value)) {
    throw badUsage({
      what: 'the largest radius is not known before the map is made',
      file: from,
      expected: 'a limit, to plan with',
      remedy: 'use --max-radius',
    });
  }
  const chain = resolveOperations(spec.operations, { map: true });
  const byMap = chain.filter((operation) => operation.byMap);
  return planLookedAt(
    withMap(spec, map.path),
    {
      ...{ image: inputs.image.plan, mask: inputs.mask?.plan, map, extras: inputs.extras.map(({ plan }) => plan) },
      scannedMax: plannedMapMax(byMap, value),
      readFile: readParameterFile,
      modules: await checkModules(chain, (bytes, file) => questions.shapeOf({ bytes, file })),
    },
    machine,
    { image: inputs.image, questions },
  );
}

function largestReach(operations: readonly Operation[], mapMax: number): number {
  return Math.max(...operations.map((operation) => OPERATIONS[operation.name]!.reach(operation, mapMax).left));
}

/** Samples that cost nothing: a plan for them needs to know what they are where it reads of the whole image. */
const NO_BITS: SampleBits = { ranges: [], alpha: [], finite: true };

/** The plan, made anew with what samples of float32 are where its windows are read of the whole image. */
async function planLookedAt(
  spec: JobSpec,
  inputs: PlanInputs,
  machine: PlanMachine,
  { image, questions }: { readonly image: PlannedInputs['image']; readonly questions: PlanQuestions },
): Promise<Plan> {
  const plan = makePlan(spec, { ...inputs, imageBits: NO_BITS }, machine);
  const { operations, split } = plan;
  const reads = chainCorners(operations) ?? chainPyramid(operations);
  if (reads === undefined || split !== undefined || plan.image.dtype !== 'float32') return plan;
  return makePlan(spec, { ...inputs, imageBits: await scanImage(plan.image, image, questions) }, machine);
}

async function scanImage(
  info: RasterInfo,
  { plan, source }: PlannedInputs['image'],
  { slots, bitsOf }: PlanQuestions,
): Promise<SampleBits> {
  // What lies in memory is not looked at.
  if (source === undefined) return ANY_SINGLES;
  const found: SampleBits[] = [];
  await overRects(plan, slots, async (rect) => {
    found.push(await bitsOf(source, { image: info, rect }));
  });
  return {
    ranges: joinedBits(found.flatMap(({ ranges }) => ranges)),
    alpha: joinedBits(found.flatMap(({ alpha }) => alpha)),
    finite: found.every(({ finite }) => finite),
  };
}

async function scanMap(
  about: Omit<ScanData, 'rect'>,
  { plan, source }: Pick<PreparedInput, 'plan' | 'source'>,
  { slots, largest }: PlanQuestions,
): Promise<number> {
  let max = 0;
  await overRects(plan, slots, async (rect) => {
    const found = await largest(source, { ...about, rect });
    // After the wait: another lane may have found more meanwhile.
    max = Math.max(max, found);
  });
  return max;
}

/** Looks at all rects of a raster, so many at once. */
async function overRects(
  { info, layout }: PlanInput,
  slots: number,
  look: (rect: Rect) => Promise<void>,
): Promise<void> {
  // Rects follow the blocks, so that each is decoded once.
  const width = isRawLayout(info, layout) ? SCAN_SIDE : Math.ceil(SCAN_SIDE / layout.blockWidth) * layout.blockWidth;
  const height = isRawLayout(info, layout) ? SCAN_SIDE : Math.ceil(SCAN_SIDE / layout.blockHeight) * layout.blockHeight;
  const grid = gridOf(info, { width, height });
  let next = 0;
  const lane = async () => {
    while (next < cellCount(grid)) await look(cellRect(grid, next++));
  };
  await Promise.all(Array.from({ length: slots }, lane));
}
