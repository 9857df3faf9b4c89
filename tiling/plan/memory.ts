import { area } from '../geometry/rect.js';
import { cornersOf } from '../operations/corners.js';
import { OPERATIONS, type Operation } from '../operations/index.js';
import { imagesOf } from '../operations/parameter-files.js';
import { pyramidOf } from '../operations/pyramid.js';
import { SAMPLE_BYTES } from '../raster/dtype.js';
import type { BlockLayout, RasterInfo } from '../raster/raster-info.js';
import { type ChainLink, chainSizes, linkChainWith, middleTile } from './chain.js';
import { levelsInsideTile, overviewTileSide } from './levels.js';
import type { CachePlan } from './plan.js';

/** Resident bytes of the program itself: Node, modules, the queue of tasks, the copies of assembly. Measured. */
export const BASE_BYTES = 100 * 2 ** 20;
/**
 * Resident bytes that each thread adds beside its tile: its V8 isolate, modules, and the encoded and decoded blocks
 * that wait for a collection. Measured.
 */
export const THREAD_BASE_BYTES = 32 * 2 ** 20;

/** What the bytes of one thread's tile depend on. */
export interface TileDemand {
  readonly image: RasterInfo;
  /** Rasters carry a byte of validity for each pixel. */
  readonly masked: boolean;
  readonly map?: RasterInfo;
  readonly output: RasterInfo;
  /** Prepared, so that their reaches are known. */
  readonly operations: readonly Operation[];
  readonly tileSide: number;
  /** As in a stage. */
  readonly tileWidth?: number;
  readonly block: number;
  /** The largest map value'. */
  readonly mapMax: number;
}

/** Allocations are aligned, and there are a few dozen of them. */
const ALIGNMENT_SLACK_BYTES = 4096;

/** Memory that one tile needs at most: that of its chain, and the levels made of its result. */
export function tileBytes(demand: TileDemand): number {
  const { output, tileSide, tileWidth, block } = demand;
  const outputBytes = pixelBytes(output) + (demand.masked ? 1 : 0);
  const overview = levelBytes(tileSide, block, outputBytes);
  if (tileWidth === undefined) return chainBytes(demand) + overview;
  // A band is as high as one block or a few: what is made of it is small beside it.
  const inside = levelsInsideTile(tileSide, block) === 0 ? 0 : area(middleTile(output, tileSide, tileWidth)) / 2;
  return Math.max(overview, chainBytes(demand) + (inside + block * block) * outputBytes + ALIGNMENT_SLACK_BYTES);
}

/** Memory that the chain of one tile needs at most: its rasters, the maps and kernel scratch. */
export function chainBytes(demand: TileDemand): number {
  const halos = demand.operations.map((operation) => cornersOf(operation)?.aboveRadius ?? Number.POSITIVE_INFINITY);
  const widest = Math.min(demand.mapMax, ...halos);
  // Tiles that read a halo beside others that read corners.
  return Math.max(bytesReaching(demand), widest < demand.mapMax ? bytesReaching({ ...demand, mapMax: widest }) : 0);
}

function bytesReaching(demand: TileDemand): number {
  const { image, masked, map, output, operations, tileSide, tileWidth, mapMax } = demand;
  const rect = middleTile(output, tileSide, tileWidth);
  const links = linkChainWith(operations, rect, image, mapMax);
  const types = chainTypes(operations, image);
  const validity = masked ? 1 : 0;
  const outputBytes = pixelBytes(output) + validity;
  let bytes = area(rect) * outputBytes * 2 + ALIGNMENT_SLACK_BYTES;
  let scratch = 0;
  for (const [index, link] of links.entries()) {
    const { operation } = link;
    bytes += area(link.window) * (pixelBytes(types[index]!) + validity);
    if (operation.byMap && map !== undefined)
      bytes += area(link.map) * (SAMPLE_BYTES[map.dtype] + SAMPLE_BYTES.float32);
    else if (pyramidOf(operation) !== undefined) bytes += area(link.output) * SAMPLE_BYTES.float32;
    for (const _ of imagesOf(operation)) {
      bytes += area(link.output) * image.channels * SAMPLE_BYTES.float32;
    }
    scratch = Math.max(scratch, scratchBytes(link, types[index]!, { mapMax, masked }));
  }
  return bytes + scratch;
}

/** Descriptions along a chain: the image's, then each operation's result. */
export function chainTypes(operations: readonly Operation[], image: RasterInfo): RasterInfo[] {
  const sizes = chainSizes(operations, image);
  const types = [image];
  for (const [index, operation] of operations.entries()) {
    const before = types.at(-1)!;
    const type = OPERATIONS[operation.name]!.outputType?.(operation, before);
    const alphaAt = type?.channels === undefined || type.channels === before.channels ? before.alphaAt : undefined;
    types.push({ ...before, ...sizes[index + 1]!, ...type, alphaAt });
  }
  return types;
}

function pixelBytes({ channels, dtype }: RasterInfo): number {
  return channels * SAMPLE_BYTES[dtype];
}

/** Scratch is given back after each operation. */
function scratchBytes(
  { operation, window, output }: ChainLink,
  type: RasterInfo,
  { mapMax, masked }: Pick<TileDemand, 'mapMax' | 'masked'>,
): number {
  const shape = {
    input: window,
    outputWidth: output.width,
    dtype: type.dtype,
    channels: type.channels,
    weighted: type.alpha === 'unassociated',
    nodata: type.nodata !== undefined,
    masked,
  };
  return OPERATIONS[operation.name]!.scratchBytes?.(operation, shape, mapMax) ?? 0;
}

/** Memory of a tile of an overview stage: its pixels, the levels made of them and one block. */
export function levelBytes(tileSide: number, block: number, outputBytes: number): number {
  const side = overviewTileSide(tileSide, block);
  return (side * side * 1.5 + block * block) * outputBytes + ALIGNMENT_SLACK_BYTES;
}

/** Blocks that must stay decoded while a band of `bandTiles` tiles is walked, in one raster. */
export function bandSlots(
  info: RasterInfo,
  layout: BlockLayout,
  band: { tileSide: number; tileWidth?: number | undefined; bandTiles: number; haloPx: number },
): number {
  const { tileSide, tileWidth = tileSide, bandTiles, haloPx } = band;
  const planes = layout.planar ? info.channels : 1;
  // A span of pixels that starts anywhere touches one block more than its length holds.
  const rows = Math.min(layout.down, Math.ceil((2 * tileSide + 2 * haloPx) / layout.blockHeight) + 1);
  const columns = Math.min(layout.across, Math.ceil((bandTiles * tileWidth + 2 * haloPx) / layout.blockWidth) + 1);
  return rows * columns * planes;
}

/** Bytes of all caches of a plan. */
export function cacheBytes(caches: readonly (CachePlan | undefined)[]): number {
  return caches.reduce((sum, cache) => sum + (cache === undefined ? 0 : cache.slots * cache.slotBytes), 0);
}
