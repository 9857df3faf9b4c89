import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixedWeights } from '../../tiling/operations/gaussian.js';
import { gaussianWeights } from '../../tiling/operations/gaussian-weights.js';
import { scaleSpaceReach } from '../../tiling/operations/scale-space.js';
import { adverseFloats } from './adverse-floats.js';
import { BACKENDS } from './backends.js';
import { imageOf, noise } from './box-tiles.js';
import { type OperationCase, resolve, runTiled } from './operation-tiles.js';
import { type Offsets, squareOffsets, windowMoments } from './window-moments.js';

const SIZE = { width: 53, height: 41 };
const TILE = { width: 21, height: 16 };
/** The smallest float32 are rounded at every step. */
const LEAST = 2 ** -140;
const gaussian = BACKENDS.wasm!.gaussian!;

interface Window {
  readonly offsets: Offsets;
  readonly weights: Float64Array;
}

/** The window of weights of one side, centre first. */
function windowOf(half: Float64Array): Window {
  const offsets = squareOffsets(half.length - 1);
  const weights = Float64Array.from({ length: offsets.length / 2 }, (_, i) => {
    return half[Math.abs(offsets[2 * i]!)]! * half[Math.abs(offsets[2 * i + 1]!)]!;
  });
  return { offsets, weights };
}

function assertMeans(checked: OperationCase, windowAt: (pixel: number) => Window, name: string): void {
  const { image, nodata = [] } = checked;
  const { samples } = runTiled(checked, TILE, gaussian);
  const moments = windowMoments(image, { border: resolve(checked).border, constant: 0, nodata, margin: 40 });
  for (let i = 0; i < samples.length; i++) {
    const pixel = i >> 1;
    const { offsets, weights } = windowAt(pixel);
    const window = moments(pixel % SIZE.width, Math.floor(pixel / SIZE.width), i & 1, offsets, weights);
    const wanted = window?.mean ?? image.samples[i]!;
    const bound = window === undefined ? 0 : 2 ** -20 * window.largest + LEAST;
    const isRight = Number.isNaN(wanted) ? Number.isNaN(samples[i]) : Math.abs(samples[i]! - wanted) <= bound;
    assert.ok(isRight, `${name}: ${samples[i]} for ${wanted} at ${i}, largest ${window?.largest}`);
  }
}

for (const [name, image] of Object.entries(adverseFloats(SIZE))) {
  test(`gaussian of ${name}: no mean is wrong by more than its own window allows`, () => {
    for (const [sigma, border] of [
      [0.8, 'reflect'],
      [2, 'clip'],
      [9, 'mirror'],
    ] as const) {
      const checked = { image, name: 'gaussian', params: { sigma }, border };
      const window = windowOf(fixedWeights(resolve(checked)));
      assertMeans(checked, () => window, `sigma ${sigma} ${border}`);
      if (sigma === 2) assertMeans({ ...checked, nodata: [image.samples[0]!, 0] }, () => window, 'nodata');
    }
    const map = Float32Array.from({ length: SIZE.width * SIZE.height }, (_, i) => [0, 0.5, 1.5, 3][(i >> 2) % 4]!);
    const windows = new Map([...new Set(map)].map((sigma) => [sigma, windowOf(byMapWeights(sigma))]));
    const exact = { image, name: 'gaussian', params: { quality: 'exact' }, map };
    assertMeans(exact, (pixel) => windows.get(map[pixel]!)!, 'by map, exact');
  });
}

function byMapWeights(sigma: number): Float64Array {
  return gaussianWeights(sigma, Math.floor(4 * sigma + 0.5));
}

test('a fill value changes no pixel of a Gaussian by map that does not reach it', () => {
  const size = { width: 150, height: 90 };
  const fill = { x: 70, y: 40 };
  const filled = (value: number) => {
    const random = noise(3);
    return imageOf(size, { dtype: 'float32', channels: 1 }, (x, y) => {
      const sample = 0.05 + random(1000) / 1e7;
      return x === fill.x && y === fill.y ? value : sample;
    });
  };
  const random = noise(4);
  const map = Float32Array.from({ length: size.width * size.height }, (_, i) => (i % 40) / 4 + random(100) / 200);
  const [plain, spoilt] = [0.05, 1e20].map((value) => {
    return runTiled({ image: filled(value), name: 'gaussian', params: {}, map }, { width: 64, height: 48 }, gaussian)
      .samples;
  });
  let reached = 0;
  for (let i = 0; i < map.length; i++) {
    const distance = Math.max(Math.abs((i % size.width) - fill.x), Math.abs(Math.floor(i / size.width) - fill.y));
    if (distance > scaleSpaceReach(map[i]!)) assert.equal(spoilt![i], plain![i], `sigma ${map[i]}, ${distance} away`);
    else reached++;
  }
  assert.ok(reached > 500);
});
