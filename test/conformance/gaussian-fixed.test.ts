import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gaussianWeights } from '../../tiling/operations/gaussian-weights.js';
import { FIXED_ONE, fixedWeightsOf } from '../../worker/kernels/wasm/gaussian/separable/fixed-weights.js';
import { BACKENDS } from './backends.js';
import { imageOf, noise } from './box-tiles.js';
import { runTiled } from './operation-tiles.js';

const SIZE = { width: 117, height: 93 };
const KERNEL = BACKENDS.wasm!.gaussian!;

test('fixed-point weights sum to exactly 1; too coarse ones are refused', () => {
  for (const sigma of [0.5, 1.3, 5, 12]) {
    const fixed = fixedWeightsOf(gaussianWeights(sigma, Math.ceil(4 * sigma)));
    const total = fixed?.reduce((sum, weight, i) => sum + (i === 0 ? weight : 2 * weight), 0);
    assert.equal(total, FIXED_ONE, `sigma ${sigma}`);
  }
  assert.equal(fixedWeightsOf(gaussianWeights(0, 0)), undefined);
  assert.equal(fixedWeightsOf(gaussianWeights(200, 800)), undefined);
});

for (const border of ['reflect', 'clip', 'constant'] as const) {
  test(`a uint8 Gaussian is the same for every tiling and within 1 of the formula: ${border}`, () => {
    for (const [channels, sigma] of [
      [1, 5],
      [3, 2.2],
      [4, 0.6],
    ] as const) {
      const random = noise(channels);
      const image = imageOf(SIZE, { dtype: 'uint8', channels }, () =>
        random(2) === 0 ? random(256) : 255 * random(2),
      );
      const blur = { image, name: 'gaussian', params: { sigma }, border };
      const whole = runTiled(blur, SIZE, KERNEL);
      assert.deepEqual(runTiled(blur, { width: 19, height: 31 }, KERNEL).samples, whole.samples);
      const reference = runTiled(blur, SIZE);
      const off = whole.samples.map((sample, i) => Math.abs(sample - reference.samples[i]!));
      assert.ok(Math.max(...off) <= 1);
      // A bound of 0.4 before rounding lets few pixels cross a half.
      assert.ok(off.filter((difference) => difference > 0).length < 0.1 * off.length);
    }
  });
}
