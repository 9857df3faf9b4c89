import { LANE_BYTES } from '../../../../../tiling/operations/scratch.js';
import { SAMPLE_BYTES } from '../../../../../tiling/raster/dtype.js';
import type { KernelContext, TileRaster } from '../../../kernel.js';
import { weightRows } from '../../samples/float-rows.js';
import { halveUint8 } from './halve-uint8.js';
import {
  allocatePlane,
  decimate,
  type LanePlane,
  type LaneRows,
  planeRow,
  reservePlane,
  type ScaleSpaceModules,
} from './planes.js';

const EXPAND = { uint8: 'expand8', uint16: 'expand16', uint32: 'expand32', float32: 'expand32' } as const;

/** What the scale space blurs: samples or their weights. */
export interface BlurSource {
  /** The full grid, where it was asked for. */
  readonly full?: LanePlane;
  /** A new plane of the grid of half the density. */
  readonly halved: () => LanePlane;
}

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
 * A tile's samples and, where sums are to be divided, their weights. Samples of weight 0 (nodata, not finite)
 * stand as 0. A full grid that only serves decimation is never laid out.
 */
export function blurSources(
  modules: ScaleSpaceModules,
  input: TileRaster,
  context: KernelContext,
  { weighted, divided, full }: { readonly weighted: boolean; readonly divided: boolean; readonly full: boolean },
): BlurSource[] {
  if (weighted)
    return weighedPlanes(modules, input, context).map((plane) => sourceOf(modules, planeRows(plane), plane));
  const { arena } = modules;
  const samples = expandedRows(modules, input);
  const plane = full ? laidOut(modules, samples) : undefined;
  const source =
    input.dtype === 'uint8'
      ? { ...(plane && { full: plane }), halved: () => halveUint8(modules, input) }
      : sourceOf(modules, plane ? planeRows(plane) : samples, plane);
  if (!divided) return [source];
  const line = arena.alloc(input.rect.width * LANE_BYTES);
  new Float32Array(arena.memory.buffer, line, input.rect.width * 4).fill(1);
  const ones = { rect: input.rect, rowAt: () => line };
  return [source, sourceOf(modules, ones, full ? laidOut(modules, ones) : undefined)];
}

function sourceOf({ arena, scaleSpace }: ScaleSpaceModules, rows: LaneRows, full?: LanePlane): BlurSource {
  return { ...(full && { full }), halved: () => decimate(arena, scaleSpace, rows) };
}

/** The rows of a plane. */
export function planeRows(plane: LanePlane): LaneRows {
  return { rect: plane.rect, rowAt: (row) => planeRow(plane, row) };
}

/** Rows of samples as they lie in the image, expanded one at a time. */
function expandedRows({ arena, scaleSpace }: ScaleSpaceModules, input: TileRaster): LaneRows {
  const { rect, channels, dtype } = input;
  const line = arena.alloc(rect.width * LANE_BYTES);
  const source = arena.addressOf(input.samples);
  const rowAt = (row: number) => {
    scaleSpace[EXPAND[dtype]](source + row * input.stride * SAMPLE_BYTES[dtype], line, rect.width, channels);
    return line;
  };
  return { rect, rowAt };
}

/** All rows in a plane. */
function laidOut({ arena }: ScaleSpaceModules, { rect, rowAt }: LaneRows): LanePlane {
  const plane = reservePlane(arena, rect);
  const bytes = new Uint8Array(arena.memory.buffer);
  for (let y = 0; y < rect.height; y++) {
    const line = rowAt(y);
    bytes.copyWithin(planeRow(plane, y), line, line + rect.width * LANE_BYTES);
  }
  return plane;
}

/** Weighted samples and their weights. */
function weighedPlanes({ arena }: ScaleSpaceModules, input: TileRaster, context: KernelContext): LanePlane[] {
  const { rect, channels } = input;
  const planes = [allocatePlane(arena, rect), allocatePlane(arena, rect)];
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
