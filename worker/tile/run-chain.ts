import type { Rect } from '../../tiling/geometry/rect.js';
import { OPERATIONS, type Operation } from '../../tiling/operations/index.js';
import { type ChainLink, linkChain } from '../../tiling/plan/chain.js';
import { bytesOf, type DType, SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import type { RasterInfo } from '../../tiling/raster/raster-info.js';
import type { KernelContext, TileMap, TileRaster } from '../kernels/kernel.js';
import { extendBorder } from '../kernels/reference/extend-border.js';
import { sigmasOf } from '../kernels/reference/map-values.js';
import type { OpenJob } from './open-job.js';
import type { Tally } from './tally.js';

/** A tile's pixels after the chain, in the output's sample type. */
export interface ChainResult {
  readonly raster: TileRaster;
  /** The largest map value' in the rects that the chain asked for. */
  readonly mapMax: number;
}

/**
 * Runs the whole chain of a job for one tile: the tile's own map rect first, then just the image pixels that
 * its radii reach, then one operation after the other in memory.
 */
export async function runChain(open: OpenJob, tile: Rect, tally: Tally): Promise<ChainResult> {
  const { plan, backend } = open;
  const maps = new Map<Operation, TileMap>();
  let mapMax = 0;
  const pending = plan.operations.filter((operation) => operation.byMap).reverse();
  const links = await linkChain(plan.operations, tile, plan.image, async (rect) => {
    const operation = pending.shift()!;
    const map = await readMap(open, operation, rect, tally);
    maps.set(operation, map);
    mapMax = Math.max(mapMax, map.max);
    return plan.halo === 'max' ? plan.mapMaxBound : map.max;
  });

  let type: Pick<RasterInfo, 'dtype' | 'channels'> = plan.image;
  let window = allocate(open, links[0]!.window, type);
  tally.counts.inputPixels += links[0]!.input.width * links[0]!.input.height;
  await readImage(open, window, links[0]!.input, tally);
  for (const [index, link] of links.entries()) {
    const operation = link.operation;
    type = OPERATIONS[operation.name]!.outputType?.(operation, { ...plan.image, ...type }) ?? type;
    const next = links[index + 1];
    const following = allocate(open, next?.window ?? tile, type);
    tally.timed('kernel', () => {
      extendBorder(window, plan.image, operation);
      const output = within(following, link.output);
      backend.kernels[operation.name]!(window, output, operation, contextOf(open, link, maps));
    });
    window = following;
  }
  return { raster: tally.timed('kernel', () => converted(open, window, plan.output.dtype)), mapMax };
}

async function readMap(open: OpenJob, operation: Operation, rect: Rect, tally: Tally): Promise<TileMap> {
  const { plan, backend } = open;
  const info = plan.map!;
  const count = rect.width * rect.height;
  const samples = backend.memory.allocSamples(info.dtype, count);
  tally.addRead(await open.map!.read(rect, bytesOf(samples), rect.width * SAMPLE_BYTES[info.dtype]));
  return tally.timed('kernel', () => {
    if (OPERATIONS[operation.name]!.mapMeaning === 'radius') {
      const values = backend.memory.allocSamples('uint16', count) as Uint16Array;
      return { rect, values, max: backend.pixels.radii(samples, rect, plan.mapping, values) };
    }
    const values = backend.memory.allocSamples('float32', count) as Float32Array;
    return { rect, values, max: sigmasOf(samples, rect, plan.mapping, values) };
  });
}

async function readImage(open: OpenJob, window: TileRaster, rect: Rect, tally: Tally): Promise<void> {
  const inside = within(window, rect);
  tally.addRead(await open.image.read(rect, bytesOf(inside.samples), inside.stride * SAMPLE_BYTES[inside.dtype]));
}

function contextOf(open: OpenJob, { operation }: ChainLink, maps: ReadonlyMap<Operation, TileMap>): KernelContext {
  const { image } = open.plan;
  return { image, alpha: image.alpha, nodata: image.nodata, map: maps.get(operation) };
}

function converted(open: OpenJob, raster: TileRaster, dtype: DType): TileRaster {
  if (raster.dtype === dtype) return raster;
  const output = allocate(open, raster.rect, { dtype, channels: raster.channels });
  open.backend.pixels.convert(raster, output);
  return output;
}

/** A new raster for `rect`, rows dense. */
export function allocate(open: OpenJob, rect: Rect, type: Pick<RasterInfo, 'dtype' | 'channels'>): TileRaster {
  const stride = rect.width * type.channels;
  const samples = open.backend.memory.allocSamples(type.dtype, stride * rect.height);
  return { rect, dtype: type.dtype, channels: type.channels, stride, samples };
}

/** The part of a raster that holds `rect`, in the same memory. */
export function within(raster: TileRaster, rect: Rect): TileRaster {
  const { x, y } = raster.rect;
  const start = (rect.y - y) * raster.stride + (rect.x - x) * raster.channels;
  return { ...raster, rect, samples: raster.samples.subarray(start) };
}
