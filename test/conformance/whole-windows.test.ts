import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DType } from '../../tiling/raster/dtype.js';
import type { TileRaster } from '../../worker/kernels/kernel.js';
import { BACKENDS } from './backends.js';
import { imageOf, noise } from './box-tiles.js';
import { type OperationCase, runTiled } from './operation-tiles.js';

/**
 * Operations that take windows in another form where all samples count, over rows of more than one strip. A mask that hides
 * nothing sends them the way of masked images, which the table of operations holds against the reference.
 */
const CASES: readonly Pick<OperationCase, 'name' | 'params'>[] = [
  { name: 'median', params: { footprint: 'rect:3x3' } },
  { name: 'median', params: { footprint: 'rect:5x5' } },
  { name: 'median', params: { footprint: 'rect:7x7' } },
  { name: 'median', params: { footprint: 'rect:4x6' } },
  { name: 'median', params: { footprint: 'disk:8' } },
  { name: 'median', params: { footprint: 'disk:9' } },
  { name: 'percentile', params: { footprint: 'rect:5x5', percentile: 20 } },
  { name: 'percentile', params: { footprint: 'rect:3x3', percentile: 100 } },
  { name: 'percentile', params: { footprint: 'rect:5x5', percentile: 0 } },
  { name: 'box', params: { radius: 0 } },
  { name: 'box', params: { radius: 1 } },
  { name: 'box', params: { radius: 8 } },
  { name: 'box', params: { radius: 63 } },
  { name: 'mean', params: { window: 9 } },
  { name: 'std', params: { window: 15 } },
  { name: 'std', params: { window: 4, ddof: 1, dtype: 'float32' } },
  { name: 'variance', params: { window: 31, dtype: 'float32' } },
  { name: 'variance', params: { footprint: 'rect:61x3', ddof: 1 } },
  { name: 'std', params: { window: 1, ddof: 1 } },
  { name: 'std', params: { window: 1, ddof: 1, dtype: 'float32' } },
  { name: 'downscale', params: { size: '283x7' } },
  { name: 'downscale', params: { size: '566x5' } },
  { name: 'downscale', params: { size: '1132x35' } },
];

const SIZE = { width: 1132, height: 35 };

/** Samples of which many are alike, and the largest and smallest ones; floats are of both signs. */
function noisy(dtype: DType, channels: number): TileRaster {
  const random = noise(3);
  const top = dtype === 'uint8' ? 255 : 65535;
  if (dtype === 'float32') {
    return imageOf(SIZE, { dtype, channels }, () => (random(3) === 0 ? -0 * random(2) : random(65536) / 64 - 512));
  }
  return imageOf(SIZE, { dtype, channels }, (x) => {
    if (x % 400 > 250) return top - random(2);
    return random(4) === 0 ? random(2) * top : random(top + 1);
  });
}

for (const { name, params } of CASES) {
  test(`${name} ${JSON.stringify(params)}: a mask that hides nothing changes nothing`, () => {
    for (const [dtype, channels] of [
      ['uint8', 1],
      ['uint8', 3],
      ['uint16', 2],
      ['float32', 2],
    ] as const) {
      // Of floats only ranks have another form.
      if (dtype === 'float32' && name !== 'median') continue;
      const image = noisy(dtype, channels);
      const valid = new Uint8Array(image.rect.width * image.rect.height).fill(255);
      for (const border of ['clip', 'mirror'] as const) {
        const run = (raster: TileRaster, tile: number) =>
          runTiled({ image: raster, name, params, border }, { width: tile, height: tile }, BACKENDS.wasm![name]);
        const expected = run({ ...image, valid }, 1200).samples;
        assert.deepEqual(run(image, 1200).samples, expected, `${dtype}×${channels} ${border}`);
        if (channels === 1) assert.deepEqual(run(image, 333).samples, expected, `${border}, tiled`);
      }
    }
  });
}
