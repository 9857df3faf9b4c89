// Nanoseconds a pixel of the WebAssembly kernels on one thread: node dist/loadtest/bench/kernels.js
import { type DType, SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import { allocated, arena, type BoxRow, benchBox, nsPerPixel, pattern, pixels, round, TILE } from './box-timing.js';

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
