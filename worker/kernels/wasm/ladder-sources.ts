import { LANE_BYTES } from '../../../tiling/operations/scratch.js';
import { SAMPLE_BYTES } from '../../../tiling/raster/dtype.js';
import type { KernelContext, TileRaster } from '../kernel.js';
import { weightRows } from './float-rows.js';
import { allocatePlane, type LadderModules, type LanePlane, planeRow, reservePlane } from './ladder-planes.js';

const EXPAND = { uint8: 'expand8', uint16: 'expand16', float32: 'expand32' } as const;

/** Whether no sample is NaN or infinite; integers never are. */
export function isAllFinite(raster: TileRaster): boolean {
  if (raster.dtype !== 'float32') return true;
  const { samples, stride, rect, channels } = raster;
  for (let y = 0; y < rect.height; y++) {
    for (let i = y * stride; i < y * stride + rect.width * channels; i++) {
      if (!Number.isFinite(samples[i]!)) return false;
    }
  }
  return true;
}

/**
 * The full grid of a tile's input: samples, and their weights where sums are to be divided. Samples of weight 0
 * (nodata, not finite) stand as 0.
 */
export function sourcePlanes(
  { arena, ladder }: LadderModules,
  input: TileRaster,
  context: KernelContext,
  { weighted, divided }: { readonly weighted: boolean; readonly divided: boolean },
): LanePlane[] {
  const { rect, channels, dtype } = input;
  const samples = weighted ? allocatePlane(arena, rect) : reservePlane(arena, rect);
  const planes = divided ? [samples, allocatePlane(arena, rect)] : [samples];
  if (!weighted) {
    const source = arena.addressOf(input.samples);
    for (let y = 0; y < rect.height; y++) {
      const from = source + y * input.stride * SAMPLE_BYTES[dtype];
      ladder[EXPAND[dtype]](from, planeRow(samples, y), rect.width, channels);
    }
    if (planes[1]) new Float32Array(arena.memory.buffer, planes[1].address, rect.width * rect.height * 4).fill(1);
    return planes;
  }
  const weigh = weightRows(input, context);
  const sums = new Float32Array(rect.width * channels);
  const weights = new Float32Array(rect.width * channels);
  for (let y = 0; y < rect.height; y++) {
    weigh(y, sums, weights);
    const [sumLanes, weightLanes] = planes.map(
      (plane) => new Float32Array(arena.memory.buffer, planeRow(plane, y), (rect.width * LANE_BYTES) / 4),
    );
    for (let i = 0; i < sums.length; i++) {
      const lane = Math.floor(i / channels) * 4 + (i % channels);
      const finite = Number.isFinite(sums[i]!);
      sumLanes![lane] = finite ? sums[i]! : 0;
      weightLanes![lane] = finite ? weights[i]! : 0;
    }
  }
  return planes;
}
