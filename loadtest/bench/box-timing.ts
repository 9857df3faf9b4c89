import type { Rect } from '../../tiling/geometry/rect.js';
import { boxScratchBytes } from '../../tiling/operations/box-layout.js';
import { type DType, SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import type { KernelContext, TileRaster } from '../../worker/kernels/kernel.js';
import { arenaBytes, WasmArena, wasmKernels, wasmPixels } from '../../worker/kernels/wasm/index.js';

/** Tile side of rows that name none. */
export const TILE = 1024;
const ROUNDS = 24;
/** The memory of all timings: reset it before each. */
export const arena = new WasmArena();
const box = wasmKernels(arena).box!;
/** The pixel kernels over that memory. */
export const pixels = wasmPixels(arena);

/** One timing of the box kernel by map. */
export interface BoxRow {
  readonly dtype: DType;
  readonly channels: number;
  readonly radius: number;
  /** `smooth` varies like a depth of field, `random` is the worst for the cache. */
  readonly map: 'smooth' | 'random';
  readonly context?: Partial<KernelContext>;
  readonly tile?: number;
}

/** Processor time, the fastest of some rounds: the machine's other work takes turns and only ever adds. */
export function nsPerPixel(count: number, work: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, ((user + system) * 1000) / count);
  }
  return best;
}

/** A raster in the arena, rows dense. */
export function allocated(rect: Rect, dtype: DType, channels: number): TileRaster {
  const stride = rect.width * channels;
  return { rect, dtype, channels, stride, samples: arena.allocSamples(dtype, stride * rect.height) };
}

/** The raster, filled with samples that follow no order. */
export function pattern(raster: TileRaster): TileRaster {
  const { samples } = raster;
  for (let i = 0; i < samples.length; i++) samples[i] = ((i * 7919) >>> 3) % 251;
  return raster;
}

/** Nanoseconds an output pixel of one tile with its halo on one thread, and of it the summed-area rows. */
export function benchBox({
  dtype,
  channels,
  radius,
  map,
  context,
  tile = TILE,
}: BoxRow): Record<string, string | number> {
  const side = tile + 2 * radius;
  const whole = { x: 0, y: 0, width: side, height: side };
  const rect = { x: radius, y: radius, width: tile, height: tile };
  const weighted = context?.alpha === 'unassociated';
  const nodata = context?.nodata !== undefined;
  const shape = { input: whole, outputWidth: tile, maxRadius: radius, dtype, channels, weighted, nodata };
  const raster = (pixelCount: number) => arenaBytes(pixelCount * channels * SAMPLE_BYTES[dtype]);
  arena.reset(raster(side * side) + raster(tile * tile) + arenaBytes(tile * tile * 2) + boxScratchBytes(shape));
  const input = pattern(allocated(whole, dtype, channels));
  const output = allocated(rect, dtype, channels);
  const radii = arena.allocSamples('uint16', tile * tile) as Uint16Array;
  for (let i = 0; i < radii.length; i++) {
    const wave = 0.5 + 0.25 * Math.sin(((i % tile) / tile) * 6) + 0.25 * Math.cos((i / tile / tile) * 5);
    radii[i] = map === 'smooth' ? Math.round(radius * wave) : (i * 2654435761) % (radius + 1);
  }
  const operation = { name: 'box', params: {}, border: 'clip', constantValue: 0, byMap: true } as const;
  const known: KernelContext = { image: whole, alpha: 'none', ...context };
  const run = (to: TileRaster) => {
    box(input, to, operation, { ...known, map: { rect: to.rect, values: radii, max: radius } });
  };
  const total = nsPerPixel(tile * tile, () => run(output));
  const column = { ...output, rect: { ...rect, width: 1 } };
  const build = nsPerPixel(tile * tile, () => run(column));
  const what = [weighted ? 'alpha' : '', nodata ? 'nodata' : ''].filter(Boolean).join(' ');
  return { dtype, channels, radius, map, what, total: round(total), 'of it SAT rows': round(build) };
}

/** Two digits behind the point. */
export function round(ns: number): number {
  return Math.round(ns * 100) / 100;
}
