import { area, type Size } from '../geometry/rect.js';
import type { Operation } from '../operations/index.js';
import { type DType, SAMPLE_BYTES } from '../raster/dtype.js';
import type { BlockLayout, RasterInfo } from '../raster/raster-info.js';
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
  /** Largest radius, cut at the image, in pixels. */
  readonly radiusPx: number;
}

/** The largest rect a thread holds for one tile: the tile with its halo, cut at the image. */
export function windowSize({ image, tile, haloPx }: TileDemand): Size {
  return {
    width: Math.min(tile + 2 * haloPx, image.width + 2 * haloPx),
    height: Math.min(tile + 2 * haloPx, image.height + 2 * haloPx),
  };
}

/** Linear memory that one thread's tile needs at most: two rasters of a chain, the map, levels and scratch. */
export function tileBytes(demand: TileDemand): number {
  const { image, map, output, tile, block, radiusPx } = demand;
  const window = windowSize(demand);
  const tileArea = Math.min(tile, image.width) * Math.min(tile, image.height);
  const rasters = area(window) * image.channels * SAMPLE_BYTES[image.dtype];
  const second = demand.operations.length > 1 ? rasters : 0;
  const mapArea = demand.operations.length > 1 ? area(window) : tileArea;
  const maps = map === undefined ? 0 : mapArea * (SAMPLE_BYTES[map.dtype] + 4);
  const outputBytes = output.channels * SAMPLE_BYTES[output.dtype];
  const results = tileArea * Math.max(image.channels * SAMPLE_BYTES[image.dtype], outputBytes) * 2;
  const levels = Math.ceil(tileArea / 2) * outputBytes;
  const staging = 2 * block * block * outputBytes;
  return rasters + second + maps + results + levels + staging + kernelScratchBytes(window, radiusPx, image) + 64 * 1024;
}

/** Scratch of the box kernels: a ring of summed-area rows that spans the tallest window. */
export function kernelScratchBytes(
  window: Size,
  radiusPx: number,
  image: Pick<RasterInfo, 'dtype' | 'channels'>,
): number {
  const rows = nextPowerOfTwo(Math.min(2 * radiusPx + 4, window.height + 2));
  const pixelBytes = laneBytes(image.dtype) * 2 * (image.channels + 1);
  return rows * (window.width + 2) * pixelBytes;
}

function laneBytes(dtype: DType): number {
  return dtype === 'uint8' ? 4 : 8;
}

function nextPowerOfTwo(value: number): number {
  return 2 ** Math.ceil(Math.log2(value));
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
