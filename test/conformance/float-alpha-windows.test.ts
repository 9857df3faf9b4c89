import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TileRaster } from '../../worker/kernels/kernel.js';
import { adverseFloats } from './adverse-floats.js';
import { BACKENDS } from './backends.js';
import { imageOf, noise } from './box-tiles.js';
import { runTiled } from './operation-tiles.js';

const SIZE = { width: 47, height: 33 };
const TILE = { width: 20, height: 14 };

/** The mean of a pixel's colour by the definition, in float64, border `clip`, and the largest colour that weighs in it. */
function weightedMean({ samples }: TileRaster, pixel: number, radius: number): { mean: number; largest: number } {
  const x = pixel % SIZE.width;
  const y = Math.floor(pixel / SIZE.width);
  let sum = 0;
  let weights = 0;
  let largest = 0;
  for (let v = Math.max(0, y - radius); v <= Math.min(SIZE.height - 1, y + radius); v++) {
    for (let u = Math.max(0, x - radius); u <= Math.min(SIZE.width - 1, x + radius); u++) {
      const i = 2 * (v * SIZE.width + u);
      const weight = samples[i + 1]!;
      if (weight === 0) continue;
      sum += weight * samples[i]!;
      weights += weight;
      largest = Math.max(largest, Math.abs(samples[i]!));
    }
  }
  if (weights === 0) return { mean: samples[2 * pixel]!, largest: 0 };
  return { mean: Number.isFinite(largest) ? sum / weights : Number.NaN, largest };
}

const random = noise(6);
const ALPHAS: Readonly<Record<string, (x: number, y: number) => number>> = {
  'clear and opaque': (x, y) => Number(((x >> 2) + (y >> 2)) % 2),
  'from 0 to 1': (x) => Math.max(0, x - 9) / 40,
  'of all sizes': () => 10 ** (random(30) - 25),
  'one that outweighs all': (x, y) => (x === 20 && y === 20 ? 1e15 : 0.5),
};

for (const [alphaName, alpha] of Object.entries(ALPHAS)) {
  test(`box of float32 colour weighted by alpha ${alphaName}: right by each window`, () => {
    for (const [name, colours] of Object.entries(adverseFloats(SIZE))) {
      const image = imageOf(SIZE, { dtype: 'float32', channels: 2 }, (x, y, c) =>
        c === 0 ? colours.samples[2 * (y * SIZE.width + x)]! : alpha(x, y),
      );
      const radii = Uint16Array.from({ length: SIZE.width * SIZE.height }, () => random(7));
      const checked = { image, name: 'box', params: {}, map: radii, alpha: 'unassociated' } as const;
      const { samples } = runTiled(checked, TILE, BACKENDS.wasm!.box);
      for (const [pixel, radius] of radii.entries()) {
        const { mean, largest } = weightedMean(image, pixel, radius);
        const actual = samples[2 * pixel]!;
        const isRight = Number.isNaN(mean)
          ? Number.isNaN(actual)
          : Math.abs(actual - mean) <= 2 ** -20 * largest + 2 ** -150;
        assert.ok(isRight, `${name}: ${actual} for ${mean} at ${pixel}, radius ${radius}, largest ${largest}`);
      }
    }
  });
}
