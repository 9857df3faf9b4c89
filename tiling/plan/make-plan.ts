import { badUsage, HalotileError } from '../errors.js';
import type { JobSpec } from '../job/job-spec.js';
import { firstJobOf, restJobOf } from '../job/split-job.js';
import { bandGrid } from '../operations/band/bands.js';
import { ANY_SINGLES } from '../operations/digits.js';
import { isQuick, isSlow, type JobFacts, MAX_RADIUS, OPERATIONS, type Operation } from '../operations/index.js';
import { fileReader } from '../operations/parameter-files.js';
import { statedPixelSize } from '../raster/carried/pixel-size.js';
import type { RasterInfo } from '../raster/raster-info.js';
import { isRawLayout, maxBlockBytes } from '../raster/stored-block.js';
import { couplingOf, isBanded, linkChainWith, middleTile } from './chain.js';
import { checkedShape } from './checked-modules.js';
import { chooseWindows, widestHalo } from './choose-windows.js';
import { resolveEncoding } from './encoding.js';
import { checkChain, checkMap, outputInfo, withOptions } from './job-images.js';
import { planLevels, planStages, stageGrid } from './levels.js';
import { mapBound, mappingOver } from './mapping.js';
import { BASE_BYTES, bandSlots, cacheBytes, chainTypes, THREAD_BASE_BYTES, tileBytes } from './memory.js';
import { fittingChanges, type MemoryShortfall, tooMuchMemory } from './memory-shortfall.js';
import { resolveOme } from './ome-formats.js';
import { limitedReader } from './parameter-file.js';
import { resolvePicture } from './picture.js';
import type { CachePlan, Plan, StagePlan } from './plan.js';
import { planBands } from './plan-bands.js';
import type { PlanInput, PlanInputs, PlanMachine } from './plan-input.js';
import { resolveOperations } from './resolve-operations.js';
import { coveringBlock, haloFits } from './tile-size.js';

/** Share of the memory that caches of decoded blocks may take. */
export const CACHE_SHARE = 0.3;
/** The largest tile that the planner chooses by itself, in blocks. */
const LARGEST_TILE_BLOCKS = 8;

/**
 * The plan of a job over inputs whose headers have been read. Pure but for `inputs.readFile`: equal arguments,
 * equal plan.
 * @throws bad-usage, bad-input or over-limit with what to change
 */
export function makePlan(spec: JobSpec, inputs: PlanInputs, machine: PlanMachine): Plan {
  if (machine.splits !== true) return planWhole(spec, inputs, machine);
  const stored = planSplit(spec, inputs, machine, neededTwice);
  if (stored !== undefined) return stored;
  try {
    return planWhole(spec, inputs, machine);
  } catch (refusal) {
    const split = planSplit(spec, inputs, machine, lastOfWindows);
    if (split === undefined) throw refusal;
    return split;
  }
}

/** The first operation that looks at its whole input before it runs, where what gives it that costs more than storing it. */
function neededTwice(operations: readonly Operation[]): number {
  const slow = operations.findIndex(isSlow);
  if (slow < 0) return -1;
  return operations.findIndex((operation, at) => at > slow && ['global', 'band'].includes(couplingOf(operation)));
}

const WIDE_WINDOWS: ReadonlySet<string> = new Set(['box', 'mean', 'std', 'variance', 'gaussian']);

/** The last operation whose windows can be wider than any halo over an image that is there as a whole. */
function lastOfWindows(operations: readonly Operation[]): number {
  return operations.findLastIndex(({ name }) => WIDE_WINDOWS.has(name));
}

function planWhole(spec: JobSpec, inputs: PlanInputs, machine: PlanMachine): Plan {
  const plan = planWithin(spec, inputs, machine);
  if (!isShortfall(plan)) return plan;
  const fits = (changed: JobSpec, within: PlanMachine) => {
    const { max } = changed.mapping;
    const scannedMax = inputs.scannedMax && Math.min(inputs.scannedMax, max ?? inputs.scannedMax);
    try {
      return !isShortfall(planWithin(changed, { ...inputs, scannedMax }, within));
    } catch {
      // Its halo is too wide for any tile.
      return false;
    }
  };
  const changes = fittingChanges({ spec, machine, mapMax: plan.mapMax }, fits);
  const memoryBytes = (changes.memoryMiB ?? Number.POSITIVE_INFINITY) * 2 ** 20;
  if (memoryBytes > (machine.mostMemoryBytes ?? 0)) throw tooMuchMemory(plan, changes);
  return planWithin(spec, inputs, { ...machine, memoryBytes }) as Plan;
}

/**
 * The plan of a chain of which one operation, the place that `placeOf` finds, reads the whole result of those before it,
 * made first and stored. Undefined where there is none, and where that is no way either.
 */
function planSplit(
  spec: JobSpec,
  inputs: PlanInputs,
  machine: PlanMachine,
  placeOf: (operations: readonly Operation[]) => number,
): Plan | undefined {
  try {
    const operations = resolveOperations(spec.operations, { map: inputs.map !== undefined });
    const count = placeOf(operations);
    if (count < 1) return undefined;
    const isByMap = ({ byMap }: Operation) => byMap;
    const split = {
      count,
      firstByMap: operations.slice(0, count).some(isByMap),
      restByMap: operations.slice(count).some(isByMap),
    };
    const { map, scannedMax, ...others } = inputs;
    const withMap = { ...others, ...(map && { map }), ...(scannedMax !== undefined && { scannedMax }) };
    const first = makePlan(firstJobOf(spec, split, spec.output), split.firstByMap ? withMap : others, machine);
    const { path, layout } = inputs.image;
    const image = { path: `what is made of ${path}`, info: first.output, layout };
    const restInputs = split.restByMap ? withMap : others;
    const rest = { ...restInputs, image, imageBits: { ...ANY_SINGLES, finite: true } };
    return { ...planWhole(restJobOf(spec, split, path), rest, machine), split };
  } catch (error) {
    if (!(error instanceof HalotileError)) throw error;
    return undefined;
  }
}

function isShortfall(plan: Plan | MemoryShortfall): plan is MemoryShortfall {
  return 'neededBytes' in plan;
}

/** The plan, or what it lacks where no tile fits the memory. */
function planWithin(spec: JobSpec, inputs: PlanInputs, machine: PlanMachine): Plan | MemoryShortfall {
  const { image, map } = inputs;
  if (map !== undefined) checkMap(image, map);
  const source = withOptions(image, spec);
  const mapping = mappingOver(spec.mapping, map?.info);
  const mapMaxBound = map === undefined ? 0 : (inputs.scannedMax ?? mapBound(mapping, map.info).max);
  const resolved = resolveOperations(spec.operations, { map: map !== undefined });
  const masked = inputs.mask !== undefined;
  const cacheBudget = decodedInputs(inputs).length === 0 ? 0 : machine.memoryBytes * CACHE_SHARE;
  const threadBytes = (machine.memoryBytes - BASE_BYTES - cacheBudget) / machine.threads - THREAD_BASE_BYTES;
  const chainOf = (bandRows: number | undefined) =>
    prepareOperations(resolved, source, { mapMax: mapMaxBound, bandRows, ...inputs });
  const bands = isBanded(resolved)
    ? planBands(spec, {
        image: source,
        chainOf,
        outputOf: (chain) => outputInfo(source, chain, spec),
        fits: (band) =>
          tileBytes({ ...band, image: source, masked, map: map?.info, mapMax: mapMaxBound }) <= threadBytes,
      })
    : undefined;
  const chain = bands?.operations ?? chainOf(undefined);
  checkChain(chain, source, inputs.extras ?? []);
  const output = outputInfo(source, chain, spec);
  if (spec.tile !== undefined) checkTile(spec.tile, spec.block);
  const block = bands?.block ?? Math.min(spec.block, spec.tile ?? spec.block, coveringBlock(output));
  const tileWidth = bands?.tileWidth;
  const { threads, preferredTile } = machine;
  const choiceOf = (operations: readonly Operation[]) => {
    const mapMax = widestHalo(operations, mapMaxBound);
    const haloPx = chainReach(operations, mapMax, source);
    // Maps seldom reach the end of their type: an unread one is expected to stay in its first quarter.
    const expectedHaloPx = inputs.scannedMax === undefined && map !== undefined ? Math.ceil(haloPx / 4) : haloPx;
    const demand = { image: source, masked, map: map?.info, output, operations, block, mapMax: mapMaxBound };
    const bytesOf = (tileSide: number) => tileBytes({ ...demand, tileSide, tileWidth });
    const decodedPixels = spec.overviews && spec.compression.codec !== 'none' ? block * block : 0;
    return {
      ...{
        block,
        haloPx,
        expectedHaloPx,
        decodedPixels,
        isQuick: isQuick(operations, source.width * source.height * source.channels),
      },
      image: output,
      threads,
      preferredTile,
      threadBytes,
      bytesOf,
    };
  };
  const given = bands?.tileSide ?? (spec.tile === undefined ? undefined : wholeBlocks(spec.tile, block));
  const { operations, choice, tileSide } = chooseWindows(chain, choiceOf, given, {
    ...{ source, masked, bits: inputs.imageBits, mapMax: mapMaxBound, halosOnly: machine.halosOnly === true },
  });
  const { bytesOf } = choice;
  if (tileSide === undefined || !haloFits(choice, tileSide))
    throw haloTooWide(operations, mapMaxBound, tileSide, choice);
  const neededBytes = bytesOf(tileSide);
  if (neededBytes > threadBytes) return { tileSide, neededBytes, threadBytes, mapMax: mapMaxBound };
  const mapMax = widestHalo(operations, mapMaxBound);
  const walk = walkOf(operations, source, { tileSide, tileWidth, output, mapMax });
  const caches = planCaches(inputs, { ...walk, budget: cacheBudget });
  const picture = resolvePicture(spec, output, masked);
  const levels = planLevels(output, block, spec.overviews && picture === undefined);
  return {
    image: source,
    imageLayout: image.layout,
    mask: inputs.mask?.info,
    maskLayout: inputs.mask?.layout,
    map: map?.info,
    mapLayout: map?.layout,
    output,
    operations,
    mapping,
    // Tiles of a scan along rows hand on what they hold at one column, which must not depend on the map there.
    halo: operations.some((operation) => couplingOf(operation) === 'row') ? 'max' : spec.halo,
    mapMaxBound,
    block,
    levels,
    stages: [
      ...planReductions(operations, source, { tileSide, tileWidth }),
      ...planStages(levels, { tileSide, tileWidth }, block, caches.bandTiles),
    ],
    encoding: resolveEncoding(spec, output),
    ...(picture && { picture }),
    imageCache: caches.image,
    maskCache: caches.mask,
    mapCache: caches.map,
    memory: projectMemory(machine, bytesOf(tileSide), cacheBytes([caches.image, caches.mask, caches.map])),
    ...resolveOme(spec, output, masked),
  };
}

/** Fills in the parameters that need the whole job. */
function prepareOperations(
  operations: readonly Operation[],
  source: RasterInfo,
  {
    mapMax,
    bandRows,
    readFile,
    modules,
  }: Pick<PlanInputs, 'readFile' | 'modules'> & Pick<JobFacts, 'mapMax' | 'bandRows'>,
): Operation[] {
  const prepared: Operation[] = [];
  const limited = limitedReader(readFile);
  const shapeOf = (module: Uint8Array, path: string) => checkedShape(modules, module, path);
  for (const operation of operations) {
    const image = chainTypes(prepared, source).at(-1)!;
    const { prepare } = OPERATIONS[operation.name]!;
    const file = fileReader(operation, limited);
    const pixelSize = statedPixelSize(source.carried, { from: source, to: image });
    prepared.push(prepare?.(operation, { image, pixelSize, mapMax, file, shapeOf, bandRows }) ?? operation);
  }
  return prepared;
}

/** What a reduction over the whole image needs: a stage for each pass, over the operation's own input. */
function planReductions(
  operations: readonly Operation[],
  source: RasterInfo,
  tile: Pick<StagePlan, 'tileSide' | 'tileWidth'>,
): StagePlan[] {
  const types = chainTypes(operations, source);
  return operations.flatMap((operation, index) => {
    const { width, height, dtype } = types[index]!;
    const { bands, reduction } = OPERATIONS[operation.name]!;
    const passes = bands === undefined ? (reduction?.passesLeft(operation, dtype) ?? 0) : 1;
    const size = { width, height };
    // The bands of an operation are its own.
    const sides =
      bands === undefined ? tile : { tileSide: bandGrid(operation, size).cell.height, tileWidth: size.width };
    const { across, down } = stageGrid({ size, ...sides });
    const stage: StagePlan = {
      kind: 'reduce',
      operation: index,
      size,
      base: 0,
      levels: [],
      ...sides,
      across,
      down,
      bandTiles: across,
    };
    return new Array<StagePlan>(passes).fill(stage);
  });
}

/** What one tile and its neighbour need of the image: how far apart their reads start, and how they overlap. */
function walkOf(
  operations: readonly Operation[],
  source: RasterInfo,
  {
    tileSide,
    tileWidth,
    output,
    mapMax,
  }: { tileSide: number; tileWidth: number | undefined; output: RasterInfo; mapMax: number },
): { tileSide: number; tileWidth?: number; haloPx: number; columns: number } {
  const stepPx = Math.ceil((tileSide * source.width) / output.width);
  if (tileWidth !== undefined) {
    const { height } = linkChainWith(operations, middleTile(output, tileSide, tileWidth), source, mapMax)[0]!.input;
    const haloPx = Math.max(0, Math.ceil((height - stepPx) / 2));
    return { tileSide: stepPx, tileWidth: source.width, haloPx, columns: 1 };
  }
  const middle = middleTile(output, tileSide);
  const input = linkChainWith(operations, middle, source, mapMax)[0]?.input ?? middle;
  const haloPx = Math.max(0, Math.ceil((Math.max(input.width, input.height) - stepPx) / 2));
  return { tileSide: stepPx, haloPx, columns: Math.ceil(output.width / tileSide) };
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

/** A tile below the block makes the blocks smaller, whose sides TIFF wants as multiples of 16. */
function checkTile(tileSide: number, block: number): void {
  const unit = tileSide < block ? 16 : block;
  if (tileSide % unit === 0) return;
  throw badUsage({
    what: `--tile ${tileSide} is not a multiple of the output block`,
    expected: `a multiple of ${unit}`,
    remedy: `use --tile ${Math.ceil(tileSide / unit) * unit}`,
  });
}

/** A block that was cut to a small image covers it, and so is the tile. */
function wholeBlocks(tileSide: number, block: number): number {
  return tileSide % block === 0 ? tileSide : block;
}

function haloTooWide(
  operations: readonly Operation[],
  mapMax: number,
  tileSide: number | undefined,
  choice: { haloPx: number; block: number; bytesOf: (tileSide: number) => number; threadBytes: number },
): HalotileError {
  const { haloPx } = choice;
  const fittingTile = Math.ceil(haloPx / choice.block) * choice.block;
  const side = tileSide ?? LARGEST_TILE_BLOCKS * choice.block;
  const options = operations.flatMap(
    (operation) => OPERATIONS[operation.name]!.fitting?.(operation, mapMax, side) ?? [],
  );
  if (operations.some(({ byMap }) => byMap)) options.push(`--max-radius ${Math.floor((mapMax * side) / haloPx)}`);
  const affordable = haloPx <= 2 * MAX_RADIUS && choice.bytesOf(fittingTile) <= choice.threadBytes;
  if (affordable) options.unshift(`--tile ${fittingTile}`);
  const names = operations.map(({ name }) => name).join(', ');
  return badUsage({
    what: `${names} reads ${haloPx} pixels beyond a tile of ${side}`,
    expected: 'a halo no wider than the tile',
    remedy: options.length > 0 ? `use ${options.join(' or ')}` : 'use a smaller radius or sigma',
  });
}

/** The inputs whose blocks are decoded, and kept for the tiles beside. */
function decodedInputs({ image, mask, map }: PlanInputs): PlanInput[] {
  return [image, mask, map].filter(
    (input) => input !== undefined && !isRawLayout(input.info, input.layout),
  ) as PlanInput[];
}

function planCaches(
  inputs: PlanInputs,
  walk: { tileSide: number; tileWidth?: number; haloPx: number; budget: number; columns: number },
): { bandTiles: number; image?: CachePlan; mask?: CachePlan; map?: CachePlan } {
  const cachesFor = (bandTiles: number) => {
    const cacheOf = (input: PlanInput | undefined, haloPx: number): CachePlan | undefined =>
      input === undefined || isRawLayout(input.info, input.layout)
        ? undefined
        : {
            slots: bandSlots(input.info, input.layout, { ...walk, bandTiles, haloPx }),
            slotBytes: maxBlockBytes(input.info, input.layout),
          };
    const image = cacheOf(inputs.image, walk.haloPx);
    return { bandTiles, image, mask: cacheOf(inputs.mask, walk.haloPx), map: cacheOf(inputs.map, 0) };
  };
  if (decodedInputs(inputs).length === 0) return { bandTiles: walk.columns };
  // Few columns share many blocks with their neighbours, so the widest band that the budget holds is best.
  for (let bands = 1; ; bands++) {
    const bandTiles = Math.ceil(walk.columns / bands);
    const caches = cachesFor(bandTiles);
    if (bandTiles === 1 || cacheBytes([caches.image, caches.mask, caches.map]) <= walk.budget) return caches;
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
