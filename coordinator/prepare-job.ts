import { readFileSync } from 'node:fs';
import { cellCount, cellRect, gridOf } from '../tiling/geometry/grid.js';
import type { MapScanJob, SourceRef, TileExecutor } from '../tiling/job/execution.js';
import type { JobSpec } from '../tiling/job/job-spec.js';
import { OPERATIONS } from '../tiling/operations/index.js';
import { makePlan, type PlanInput, type PlanMachine } from '../tiling/plan/make-plan.js';
import { mapBound } from '../tiling/plan/mapping.js';
import { isRaw } from '../tiling/plan/memory.js';
import type { Plan } from '../tiling/plan/plan.js';
import { resolveOperations } from '../tiling/plan/resolve-operations.js';
import { type Fingerprint, fingerprintOf } from '../tiling/sources/fingerprint.js';
import { openRaster } from '../tiling/sources/open-raster.js';
import { jobDigest } from '../tiling/stitch/partial.js';

/** One input of a job, opened far enough to plan with. */
export interface PreparedInput {
  readonly plan: PlanInput;
  readonly source: SourceRef;
  readonly fingerprint: Fingerprint;
}

/** A job's inputs. */
export interface PreparedInputs {
  readonly image: PreparedInput;
  readonly map?: PreparedInput;
}

/** Where inputs without random access are converted to. */
export interface PrepareOptions {
  readonly scratchDirectory: string;
  /** A larger block is not decoded again and again for each tile, but converted once. */
  readonly maxBlockBytes: number;
}

/** A radius above this makes halos so wide that the map is worth reading before the plan is made. */
const UNSCANNED_MAX = 255;
/** Side of the rects that a map is scanned by. */
const SCAN_SIDE = 2048;

const VERSION = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;

/** The release that computes the pixels; a job is not continued by another. */
export function halotileVersion(): string {
  return VERSION;
}

/** Opens and checks the inputs of a job. */
export async function prepareInputs(spec: JobSpec, options: PrepareOptions): Promise<PreparedInputs> {
  const image = await prepareInput(spec.image, options);
  return spec.map === undefined ? { image } : { image, map: await prepareInput(spec.map, options) };
}

async function prepareInput(path: string, options: PrepareOptions): Promise<PreparedInput> {
  const fingerprint = fingerprintOf(path);
  const source = await openRaster(path, options);
  const { info, layout, name } = source;
  source.close();
  return { plan: { path, info, layout }, source: { kind: 'file', path: name }, fingerprint };
}

/** What makes two runs the same job: the spec without its output's name, the release and the inputs. */
export function digestOf(spec: JobSpec): string {
  const { output: _, tile: __, ...identity } = spec;
  const inputs = [spec.image, ...(spec.map === undefined ? [] : [spec.map])].map(fingerprintOf);
  return jobDigest({ version: VERSION, identity, tile: spec.tile ?? 'planned', inputs });
}

/** The plan of a job; reads the map first where its type does not say enough. */
export async function preparePlan(
  spec: JobSpec,
  inputs: PreparedInputs,
  machine: PlanMachine,
  executor: Pick<TileExecutor, 'scanMap' | 'slots'>,
): Promise<Plan> {
  const { image, map } = inputs;
  const planInputs = { image: image.plan, map: map?.plan };
  const byMap = resolveOperations(spec).filter((operation) => operation.byMap);
  if (map === undefined || byMap.length === 0) return makePlan(spec, planInputs, machine);
  const bound = mapBound(spec.mapping, map.plan.info);
  if (bound.alwaysValid && bound.max <= UNSCANNED_MAX) return makePlan(spec, planInputs, machine);
  // A first plan over a harmless bound refuses what does not depend on the map before the map is read.
  makePlan(spec, { ...planInputs, scannedMax: 0 }, machine);
  const scanned = await scanMap(
    { key: `scan:${map.plan.path}`, map: map.source, mapping: spec.mapping },
    map,
    executor,
  );
  const rounds = byMap.some(({ name }) => OPERATIONS[name]!.mapMeaning === 'radius');
  return makePlan(spec, { ...planInputs, scannedMax: rounds ? Math.floor(scanned + 0.5) : scanned }, machine);
}

async function scanMap(
  job: MapScanJob,
  { plan: { info, layout } }: PreparedInput,
  executor: Pick<TileExecutor, 'scanMap' | 'slots'>,
): Promise<number> {
  // Rects follow the blocks, so that each is decoded once.
  const width = isRaw(layout) ? SCAN_SIDE : Math.ceil(SCAN_SIDE / layout.blockWidth) * layout.blockWidth;
  const height = isRaw(layout) ? SCAN_SIDE : Math.ceil(SCAN_SIDE / layout.blockHeight) * layout.blockHeight;
  const grid = gridOf(info, { width, height });
  let next = 0;
  let max = 0;
  const lane = async () => {
    while (next < cellCount(grid)) max = Math.max(max, await executor.scanMap(job, cellRect(grid, next++)));
  };
  await Promise.all(Array.from({ length: executor.slots }, lane));
  return max;
}
