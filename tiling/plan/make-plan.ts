import { badInput, badUsage, HalotileError } from '../errors.js';
import type { JobSpec } from '../job/job-spec.js';
import { MAX_RADIUS, OPERATIONS, type Operation } from '../operations/index.js';
import { INTEGER_MAX } from '../raster/dtype.js';
import type { BlockLayout, RasterInfo } from '../raster/raster-info.js';
import { resolveEncoding } from './encoding.js';
import { planLevels, planStages } from './levels.js';
import { mapBound } from './mapping.js';
import { BASE_BYTES, bandSlots, cacheBytes, decodedBlockBytes, isRaw, THREAD_BASE_BYTES, tileBytes } from './memory.js';
import type { CachePlan, Plan } from './plan.js';
import { resolveOperations } from './resolve-operations.js';
import { chooseTileSide, haloFits } from './tile-size.js';

/** One input as far as planning needs it. */
export interface PlanInput {
  /** How messages name it. */
  readonly path: string;
  readonly info: RasterInfo;
  readonly layout: BlockLayout;
}

/** What the machines that will run the plan offer. */
export interface PlanMachine {
  readonly threads: number;
  /** Resident bytes that one worker process may use in all. */
  readonly memoryBytes: number;
}

export interface PlanInputs {
  readonly image: PlanInput;
  readonly map?: PlanInput;
  /** The largest map value' where the map has been read; the bound of its type otherwise. */
  readonly scannedMax?: number;
}

/** Share of the memory that caches of decoded blocks may take. */
const CACHE_SHARE = 0.3;

/**
 * The plan of a job over inputs whose headers have been read. Pure: equal arguments, equal plan.
 * @throws bad-usage, bad-input or over-limit with what to change
 */
export function makePlan(spec: JobSpec, inputs: PlanInputs, machine: PlanMachine): Plan {
  const { image, map } = inputs;
  if (map !== undefined) checkMap(image, map);
  const source = withOptions(image, spec);
  const operations = resolveOperations(spec);
  const output = outputInfo(source, operations, spec);
  const block = Math.min(spec.block, spec.tile ?? spec.block, coveringBlock(source));
  const mapMaxBound = map === undefined ? 0 : (inputs.scannedMax ?? mapBound(spec.mapping, map.info).max);
  const haloPx = chainReach(operations, mapMaxBound, source);
  const demand = { image: source, map: map?.info, output, operations, block, haloPx, mapMax: mapMaxBound };
  const cacheBudget = machine.memoryBytes * CACHE_SHARE;
  const threadBytes = (machine.memoryBytes - BASE_BYTES - cacheBudget) / machine.threads - THREAD_BASE_BYTES;
  const bytesOf = (tile: number) => tileBytes({ ...demand, tile });
  // Maps seldom reach the end of their type: an unread one is expected to stay in its first quarter.
  const expectedHaloPx = inputs.scannedMax === undefined && map !== undefined ? Math.ceil(haloPx / 4) : haloPx;
  const choice = { block, haloPx, expectedHaloPx, image: source, threads: machine.threads, threadBytes, bytesOf };
  const tile = spec.tile === undefined ? chooseTileSide(choice) : checkedTile(spec.tile, block);
  if (tile === undefined || !haloFits(choice, tile)) throw haloTooWide(operations, haloPx, tile, choice);
  if (bytesOf(tile) > threadBytes) throw tooMuchMemory(tile, bytesOf(tile), threadBytes);
  const caches = planCaches(inputs, { tile, haloPx, budget: cacheBudget, columns: Math.ceil(source.width / tile) });
  const levels = planLevels(source, block, spec.overviews);
  return {
    image: source,
    imageLayout: image.layout,
    map: map?.info,
    mapLayout: map?.layout,
    output,
    operations,
    mapping: spec.mapping,
    halo: spec.halo,
    mapMaxBound,
    block,
    levels,
    stages: planStages(levels, tile, block, caches.bandTiles),
    encoding: resolveEncoding(spec, output),
    imageCache: caches.image,
    mapCache: caches.map,
    memory: projectMemory(machine, bytesOf(tile), cacheBytes([caches.image, caches.map])),
  };
}

/** The image as the job sees it: nodata and alpha by the job's options. */
function withOptions({ info, path }: PlanInput, spec: JobSpec): RasterInfo {
  const alpha = spec.alpha === 'channel' ? 'none' : info.alpha;
  const nodata = spec.nodata === 'none' ? undefined : (spec.nodata ?? info.nodata);
  if (nodata === undefined) return { ...info, alpha, nodata: undefined };
  if (nodata.length !== 1 && nodata.length !== info.channels) {
    throw badUsage({
      what: `--nodata gives ${nodata.length} values`,
      where: path,
      expected: `1 or ${info.channels}, one for each channel`,
    });
  }
  return { ...info, alpha, nodata: nodata.length === info.channels ? nodata : Array(info.channels).fill(nodata[0]) };
}

function outputInfo(source: RasterInfo, operations: readonly Operation[], spec: JobSpec): RasterInfo {
  let info = source;
  for (const operation of operations) {
    const changed = OPERATIONS[operation.name]!.outputType?.(operation, info);
    if (changed !== undefined) info = { ...info, ...changed };
  }
  const dtype = spec.dtype ?? info.dtype;
  const fits = (value: number | null) =>
    value === null || dtype === 'float32' || (Number.isInteger(value) && value >= 0 && value <= INTEGER_MAX[dtype]);
  const unfit = info.nodata?.find((value) => !fits(value));
  if (unfit !== undefined) {
    throw badUsage({
      what: `the nodata value ${unfit} does not exist in ${dtype}`,
      expected: 'a value of the output type',
      remedy: 'give --nodata VALUE or --nodata none',
    });
  }
  return { ...info, dtype };
}

function checkMap(image: PlanInput, map: PlanInput): void {
  if (map.info.width !== image.info.width || map.info.height !== image.info.height) {
    throw badInput({
      what: `the map is ${map.info.width}×${map.info.height}`,
      where: map.path,
      expected: `${image.info.width}×${image.info.height}, the size of ${image.path}`,
      remedy: 'give a map of the same size',
    });
  }
  if (map.info.channels !== 1) {
    throw badInput({
      what: `the map has ${map.info.channels} channels`,
      where: map.path,
      expected: 'one channel',
      remedy: 'extract the channel that holds the distances',
    });
  }
}

/** The side of a block that covers a small image, a multiple of 16 as TIFF demands. */
function coveringBlock({ width, height }: RasterInfo): number {
  return Math.max(16, Math.ceil(Math.max(width, height) / 16) * 16);
}

/** The chain's reach on one side, cut at the image: beyond it there is nothing to read. */
function chainReach(operations: readonly Operation[], mapMax: number, image: RasterInfo): number {
  let reach = 0;
  for (const operation of operations) {
    const { left, right, top, bottom } = OPERATIONS[operation.name]!.reach(operation, mapMax);
    reach += Math.max(left, right, top, bottom);
  }
  return Math.min(reach, Math.max(image.width, image.height));
}

function checkedTile(tile: number, block: number): number {
  if (tile % block === 0) return tile;
  throw badUsage({
    what: `--tile ${tile} is not a multiple of the output block`,
    expected: `a multiple of ${block}`,
    remedy: `use --tile ${Math.ceil(tile / block) * block}`,
  });
}

function haloTooWide(
  operations: readonly Operation[],
  haloPx: number,
  tile: number | undefined,
  choice: { block: number; bytesOf: (tile: number) => number; threadBytes: number },
): HalotileError {
  const fitting = Math.ceil(haloPx / choice.block) * choice.block;
  if (haloPx > 2 * MAX_RADIUS || choice.bytesOf(fitting) > choice.threadBytes) {
    return tooMuchMemory(fitting, choice.bytesOf(fitting), choice.threadBytes);
  }
  const names = operations.map(({ name }) => name).join(', ');
  return badUsage({
    what: `${names} reads ${haloPx} pixels beyond a tile of ${tile}`,
    expected: 'a halo no wider than the tile',
    remedy: `use --tile ${fitting} or --max-radius ${tile}`,
  });
}

function tooMuchMemory(tile: number, needed: number, available: number): HalotileError {
  const mib = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`;
  return new HalotileError('over-limit', {
    what: `a tile of ${tile} with its halo needs ${mib(needed)} a thread`,
    expected: `at most ${mib(Math.max(0, available))}`,
    remedy: 'use a smaller --max-radius or --tile, fewer --threads, or more --memory',
  });
}

function planCaches(
  inputs: PlanInputs,
  walk: { tile: number; haloPx: number; budget: number; columns: number },
): { bandTiles: number; image?: CachePlan; map?: CachePlan } {
  const decoded = [inputs.image, inputs.map].filter((input) => input !== undefined && !isRaw(input.layout));
  const cachesFor = (bandTiles: number) => {
    const cacheOf = (input: PlanInput | undefined, haloPx: number): CachePlan | undefined =>
      input === undefined || isRaw(input.layout)
        ? undefined
        : {
            slots: bandSlots(input.info, input.layout, { tile: walk.tile, bandTiles, haloPx }),
            slotBytes: decodedBlockBytes(input.info, input.layout),
          };
    return { bandTiles, image: cacheOf(inputs.image, walk.haloPx), map: cacheOf(inputs.map, 0) };
  };
  if (decoded.length === 0) return { bandTiles: walk.columns };
  // Few columns share many blocks with their neighbours, so the widest band that the budget holds is best.
  for (let bands = 1; ; bands++) {
    const bandTiles = Math.ceil(walk.columns / bands);
    const caches = cachesFor(bandTiles);
    if (bandTiles === 1 || cacheBytes([caches.image, caches.map]) <= walk.budget) return caches;
  }
}

function projectMemory(machine: PlanMachine, linearBytes: number, blockCacheBytes: number): Plan['memory'] {
  const perThreadBytes = THREAD_BASE_BYTES + linearBytes;
  return {
    linearBytes,
    perThreadBytes,
    blockCacheBytes,
    baseBytes: BASE_BYTES,
    threads: machine.threads,
    totalBytes: BASE_BYTES + blockCacheBytes + machine.threads * perThreadBytes,
  };
}
