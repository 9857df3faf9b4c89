import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rectOf } from '../../tiling/geometry/rect.js';
import { parseFootprint } from '../../tiling/operations/footprint/footprint.js';
import { runStrip } from '../../tiling/operations/scratch.js';
import type { TileRaster } from '../../worker/kernels/kernel.js';
import { BACKENDS } from './backends.js';
import { imageOf, noise } from './box-tiles.js';
import { type OperationCase, runTiled } from './operation-tiles.js';

type Params = OperationCase['params'];

const WHOLE = { width: 4096, height: 4096 };

/** The largest difference between the reference and WebAssembly. */
function worstOf(written: OperationCase): number {
  const expected = runTiled(written, WHOLE).samples;
  const actual = runTiled(written, WHOLE, BACKENDS.wasm![written.name]!).samples;
  let worst = 0;
  expected.forEach((value, i) => {
    const difference = Math.abs(value - actual[i]!);
    if (Object.is(value, actual[i])) return;
    worst = Math.max(worst, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference);
  });
  return worst;
}

/** Samples of small spread around a value far from the middle of their type. */
function flatImage(dtype: TileRaster['dtype'], around: number, spread: number): TileRaster {
  const random = noise(5);
  return imageOf({ width: 40, height: 9 }, { dtype, channels: 2 }, () => around + random(spread));
}

test('means under a footprint too tall for one strip equal the reference', () => {
  const footprint = 'rect:2x2049';
  const random = noise(11);
  const image = imageOf({ width: 280, height: 2 }, { dtype: 'uint16', channels: 4 }, () => random(65536));
  const valid = Uint8Array.from({ length: 560 }, () => random(5));
  assert.ok(runStrip({ outputWidth: 280, channels: 4 }, parseFootprint(footprint)) < 280);
  for (const each of [image, { ...image, valid }]) {
    assert.equal(worstOf({ image: each, name: 'mean', params: { footprint }, border: 'reflect' }), 0);
  }
});

test('deviations of wide windows lose nothing where samples lie far from the middle of their range', () => {
  const image = flatImage('uint16', 65000, 3);
  for (const params of [{ window: 101 }, { footprint: 'disk:40' }] as Params[]) {
    const worst = worstOf({ image, name: 'variance', params, border: 'mirror' });
    assert.ok(worst <= 1, `${JSON.stringify(params)}: ${worst}`);
  }
  for (const method of ['niblack', 'sauvola']) {
    const written = { image, name: 'threshold', params: { method, window: 101 }, border: 'mirror' as const };
    assert.equal(worstOf(written), 0, method);
  }
});

test('a nodata value or masked samples far from all others cost no precision', () => {
  const far = -3.4028234663852886e38;
  const image = flatImage('float32', 1000, 3);
  const samples = image.samples.map((value, i) => (i % 7 === 0 ? far : value)) as TileRaster['samples'];
  const valid = Uint8Array.from({ length: 360 }, (_, pixel) =>
    samples[2 * pixel] === far || samples[2 * pixel + 1] === far ? 0 : 1,
  );
  const rect = rectOf({ width: 40, height: 9 });
  const cases = [
    { image: { ...image, rect, samples }, nodata: [far, far] },
    { image: { ...image, rect, samples, valid } },
  ];
  for (const each of cases) {
    for (const params of [{ window: 5 }, { footprint: 'disk:2' }] as Params[]) {
      for (const [name, bound] of [
        ['std', 2e-6],
        ['mean', 2e-3],
      ] as const) {
        const worst = worstOf({ ...each, name, params, border: 'clip' });
        assert.ok(worst <= bound, `${name} ${JSON.stringify(params)}: ${worst}`);
      }
    }
  }
});
