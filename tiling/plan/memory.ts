import { area, type Size } from '../geometry/rect.js';
import { OPERATIONS, type Operation } from '../operations/index.js';
import { SAMPLE_BYTES } from '../raster/dtype.js';
import type { BlockLayout, RasterInfo } from '../raster/raster-info.js';
import { overviewTileSide } from './levels.js';
import type { CachePlan } from './plan.js';

/** Resident bytes of the program itself: Node, the image library, the queue of tasks. Measured. */
export const BASE_BYTES = 80 * 2 ** 20;
/** Resident bytes that each thread adds before it holds a pixel: its V8 isolate and modules. Measured. */
export const THREAD_BASE_BYTES = 20 * 2 ** 20;

/** What the bytes of one thread's tile depend on. */
export interface TileDemand {
  readonly image: RasterInfo;
  readonly map?: RasterInfo;
  readonly output: RasterInfo;
  readonly operations: readonly Operation[];
  readonly tile: number;
  readonly block: number;
  /** Sum of the operations' reaches on one side, cut at the image, in pixels. */
  readonly haloPx: number;
  /** The largest map value'. */
  readonly mapMax: number;
}

/** Allocations are aligned, and there are a few dozen of them. */
const ALIGNMENT_SLACK_BYTES = 4096;

/** Memory that one tile needs at most: the rasters of the chain, the maps, the levels and kernel scratch. */
export function tileBytes(demand: TileDemand): number {
  const { image, map, output, operations, tile, block, haloPx } = demand;
  const window = { width: Math.min(tile, image.width) + 2 * haloPx, height: Math.min(tile, image.height) + 2 * haloPx };
  const tileArea = Math.min(tile, image.width) * Math.min(tile, image.height);
  const rasters = rasterTypes(demand).reduce((sum, type, index, types) => {
    const pixels = index === types.length - 1 ? tileArea : area(window);
    return sum + pixels * type.channels * SAMPLE_BYTES[type.dtype];
  }, 0);
  const converted = tileArea * output.channels * SAMPLE_BYTES[output.dtype];
  const mapBytes = map === undefined ? 0 : SAMPLE_BYTES[map.dtype] + SAMPLE_BYTES.float32;
  const maps =
    operations.filter(({ byMap }) => byMap).length * mapBytes * (operations.length > 1 ? area(window) : tileArea);
  return (
    rasters + converted + maps + scratchBytes(demand, window) + levelBytes(tile, block, output) + ALIGNMENT_SLACK_BYTES
  );
}

/** Memory of a tile of an overview stage: its pixels, the levels made of them and one block. */
export function levelBytes(tile: number, block: number, { channels, dtype }: RasterInfo): number {
  const side = overviewTileSide(tile, block);
  return (side * side * 1.5 + block * block) * channels * SAMPLE_BYTES[dtype] + ALIGNMENT_SLACK_BYTES;
}

/** The sample types of a chain: the image's, then each operation's result. */
function rasterTypes({ image, operations }: TileDemand): RasterInfo[] {
  const types = [image];
  for (const operation of operations) {
    const before = types.at(-1)!;
    types.push({ ...before, ...OPERATIONS[operation.name]!.outputType?.(operation, before) });
  }
  return types;
}

/** Scratch is given back after each operation: the largest one counts. */
function scratchBytes(demand: TileDemand, window: Size): number {
  const types = rasterTypes(demand);
  return demand.operations.reduce((most, operation, index) => {
    const { dtype, channels, alpha, nodata } = types[index]!;
    const shape = {
      input: window,
      outputWidth: window.width,
      dtype,
      channels,
      weighted: alpha === 'unassociated',
      nodata: nodata !== undefined,
    };
    return Math.max(most, OPERATIONS[operation.name]!.scratchBytes?.(operation, shape, demand.mapMax) ?? 0);
  }, 0);
}

/** Decoded bytes of one block. */
export function decodedBlockBytes(info: RasterInfo, layout: BlockLayout): number {
  const channels = layout.planar ? 1 : info.channels;
  return layout.blockWidth * layout.blockHeight * channels * SAMPLE_BYTES[info.dtype];
}

/** Whether samples can be read from storage without decoding a whole block. */
export function isRaw(layout: BlockLayout): boolean {
  return layout.codec === 'none' && layout.predictor === 1 && !layout.planar && layout.littleEndian;
}

/** Blocks that must stay decoded while a band of `bandTiles` tiles is walked, in one raster. */
export function bandSlots(
  info: RasterInfo,
  layout: BlockLayout,
  band: { tile: number; bandTiles: number; haloPx: number },
): number {
  const { tile, bandTiles, haloPx } = band;
  const planes = layout.planar ? info.channels : 1;
  // A span of pixels that starts anywhere touches one block more than its length holds.
  const rows = Math.min(layout.down, Math.ceil((2 * tile + 2 * haloPx) / layout.blockHeight) + 1);
  const columns = Math.min(layout.across, Math.ceil((bandTiles * tile + 2 * haloPx) / layout.blockWidth) + 1);
  return rows * columns * planes;
}

/** Bytes of all caches of a plan. */
export function cacheBytes(caches: readonly (CachePlan | undefined)[]): number {
  return caches.reduce((sum, cache) => sum + (cache === undefined ? 0 : cache.slots * cache.slotBytes), 0);
}
