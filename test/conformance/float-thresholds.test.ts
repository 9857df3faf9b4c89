import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BACKENDS } from './backends.js';
import { imageOf, noise } from './box-tiles.js';
import { runTiled } from './operation-tiles.js';

const SIZE = { width: 41, height: 23 };
const TYPE = { dtype: 'float32', channels: 1 } as const;
const threshold = BACKENDS.wasm!.threshold!;

test('wasm: local thresholds of float32 equal the reference where the image is flat and where it is rough', () => {
  const random = noise(5);
  const images = [
    imageOf(SIZE, TYPE, (x) => (x < 20 ? 0.1 : 0.7)),
    imageOf(SIZE, TYPE, (x, y) => 1000 + 0.1 * ((x >> 3) + (y >> 3))),
    imageOf(SIZE, TYPE, (x, y) => (x === 5 && y === 5 ? 1e12 : random(3) / 3)),
    imageOf(SIZE, TYPE, () => random(2 ** 20) / 2 ** 20 - 0.5),
    imageOf(SIZE, TYPE, (x) => (x % 9 === 0 ? 0 : 1e-20 * x)),
  ];
  for (const [n, image] of images.entries()) {
    for (const method of ['niblack', 'sauvola']) {
      for (const k of [0, 0.2, -0.5]) {
        const checked = { image, name: 'threshold', params: { method, window: 7, k } };
        const actual = runTiled(checked, { width: 19, height: 10 }, threshold);
        assert.deepEqual(actual.samples, runTiled(checked, SIZE).samples, `image ${n}, ${method}, k ${k}`);
      }
    }
  }
});

test('wasm: fixed thresholds that float32 cannot hold equal the reference for the samples beside them', () => {
  const bits = (value: number) => new Int32Array(new Float32Array([value]).buffer)[0]!;
  for (const value of [0.1, -0.1, 1e-60, -1e-60, 0, 1e300, -1e300, 1 / 3]) {
    const near = bits(value);
    const image = imageOf(SIZE, TYPE, (x) => new Float32Array(new Int32Array([near + x - 20]).buffer)[0]!);
    for (const [i, special] of [0, -0, 2 ** -149, -(2 ** -149), Number.NaN, Infinity, -Infinity].entries()) {
      image.samples[i] = special;
    }
    const checked = { image, name: 'threshold', params: { value } };
    assert.deepEqual(runTiled(checked, SIZE, threshold).samples, runTiled(checked, SIZE).samples, `${value}`);
  }
});
