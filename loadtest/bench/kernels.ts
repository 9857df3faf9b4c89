// Nanoseconds a pixel of the WebAssembly kernels on one thread: node dist/loadtest/bench/kernels.js
import type { Rect } from '../../tiling/geometry/rect.js';
import { boxScratchBytes } from '../../tiling/operations/box-layout.js';
import { type DType, SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import type { KernelContext, TileRaster } from '../../worker/kernels/kernel.js';
import { arenaBytes, WasmArena, wasmKernels, wasmPixels } from '../../worker/kernels/wasm/index.js';

const TILE = 1024;
const ROUNDS = 8;
const arena = new WasmArena();
const box = wasmKernels(arena).box!;
const pixels = wasmPixels(arena);

interface BoxRow {
  readonly dtype: DType;
  readonly channels: number;
  readonly radius: number;
  /** `smooth` varies like a depth of field, `random` is the worst for the cache. */
  readonly map: 'smooth' | 'random';
  readonly context?: Partial<KernelContext>;
}

/** The fastest of some rounds: the machine's other work only ever adds. */
function nsPerPixel(count: number, work: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    work();
    best = Math.min(best, Number(process.hrtime.bigint() - start) / count);
  }
  return best;
}

function allocated(rect: Rect, dtype: DType, channels: number): TileRaster {
  const stride = rect.width * channels;
  return { rect, dtype, channels, stride, samples: arena.allocSamples(dtype, stride * rect.height) };
}

function pattern(raster: TileRaster): TileRaster {
  const { samples } = raster;
  for (let i = 0; i < samples.length; i++) samples[i] = ((i * 7919) >>> 3) % 251;
  return raster;
}

function benchBox({ dtype, channels, radius, map, context }: BoxRow): Record<string, string | number> {
  const side = TILE + 2 * radius;
  const whole = { x: 0, y: 0, width: side, height: side };
  const rect = { x: radius, y: radius, width: TILE, height: TILE };
  const weighted = context?.alpha === 'unassociated';
  const nodata = context?.nodata !== undefined;
  const shape = { input: whole, outputWidth: TILE, maxRadius: radius, dtype, channels, weighted, nodata };
  const raster = (pixelCount: number) => arenaBytes(pixelCount * channels * SAMPLE_BYTES[dtype]);
  arena.reset(raster(side * side) + raster(TILE * TILE) + arenaBytes(TILE * TILE * 2) + boxScratchBytes(shape));
  const input = pattern(allocated(whole, dtype, channels));
  const output = allocated(rect, dtype, channels);
  const radii = arena.allocSamples('uint16', TILE * TILE) as Uint16Array;
  for (let i = 0; i < radii.length; i++) {
    const wave = 0.5 + 0.25 * Math.sin(((i % TILE) / TILE) * 6) + 0.25 * Math.cos((i / TILE / TILE) * 5);
    radii[i] = map === 'smooth' ? Math.round(radius * wave) : (i * 2654435761) % (radius + 1);
  }
  const operation = { name: 'box', params: {}, border: 'clip', constantValue: 0, byMap: true } as const;
  const known: KernelContext = { image: whole, alpha: 'none', ...context };
  const run = (to: TileRaster) => {
    box(input, to, operation, { ...known, map: { rect: to.rect, values: radii, max: radius } });
  };
  const total = nsPerPixel(TILE * TILE, () => run(output));
  const column = { ...output, rect: { ...rect, width: 1 } };
  const build = nsPerPixel(TILE * TILE, () => run(column));
  const what = [weighted ? 'alpha' : '', nodata ? 'nodata' : ''].filter(Boolean).join(' ');
  return { dtype, channels, radius, map, what, total: round(total), 'of it SAT rows': round(build) };
}

function benchHalve(dtype: DType, channels: number, alpha: 'none' | 'unassociated') {
  const half = { x: 0, y: 0, width: TILE / 2, height: TILE / 2 };
  arena.reset(2 * TILE * TILE * channels * SAMPLE_BYTES[dtype] + 4096);
  const input = pattern(allocated({ x: 0, y: 0, width: TILE, height: TILE }, dtype, channels));
  const output = allocated(half, dtype, channels);
  const ns = nsPerPixel((TILE * TILE) / 4, () => pixels.halve(input, output, { mode: 'average', alpha }));
  return { dtype, channels, alpha, 'ns per output pixel': round(ns) };
}

function benchRadii(dtype: DType, scale: number) {
  arena.reset(TILE * TILE * 6 + 4096);
  const map = pattern(allocated({ x: 0, y: 0, width: TILE, height: TILE }, dtype, 1));
  const into = arena.allocSamples('uint16', TILE * TILE) as Uint16Array;
  const mapping = { scale, offset: 0, invalid: 'error' } as const;
  const ns = nsPerPixel(TILE * TILE, () => pixels.radii(map.samples, map.rect, mapping, into));
  return { dtype, scale, 'ns per pixel': round(ns) };
}

function round(ns: number): number {
  return Math.round(ns * 100) / 100;
}

const plain: BoxRow[] = [];
for (const [dtype, channels] of [
  ['uint8', 1],
  ['uint8', 3],
  ['uint8', 4],
  ['uint16', 1],
  ['uint16', 3],
  ['float32', 1],
  ['float32', 3],
] as const) {
  for (const radius of [8, 64, 255]) plain.push({ dtype, channels, radius, map: 'smooth' });
}
console.log(`Box by map, tile ${TILE} with its halo, ns per output pixel`);
console.table(
  [
    ...plain,
    { dtype: 'uint8', channels: 3, radius: 64, map: 'random' },
    { dtype: 'uint8', channels: 4, radius: 64, map: 'smooth', context: { alpha: 'unassociated' } },
    { dtype: 'uint16', channels: 4, radius: 64, map: 'smooth', context: { alpha: 'unassociated' } },
    { dtype: 'uint8', channels: 3, radius: 64, map: 'smooth', context: { nodata: [0, 0, 0] } },
    { dtype: 'float32', channels: 1, radius: 64, map: 'smooth', context: { nodata: [Number.NaN] } },
  ].map((row) => benchBox(row as BoxRow)),
);
console.log('Halving');
console.table([
  benchHalve('uint8', 1, 'none'),
  benchHalve('uint8', 3, 'none'),
  benchHalve('uint8', 4, 'unassociated'),
  benchHalve('uint16', 3, 'none'),
  benchHalve('float32', 1, 'none'),
]);
console.log('Radii');
console.table([benchRadii('uint8', 1), benchRadii('uint8', 0.5), benchRadii('uint16', 1), benchRadii('float32', 1)]);
