import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cellCount, cellRect, gridOf } from '../../tiling/geometry/grid.js';
import type { Size } from '../../tiling/geometry/rect.js';
import { BORDERS } from '../../tiling/operations/index.js';
import { allocateSamples, DTYPES, type DType, INTEGER_MAX, type Samples } from '../../tiling/raster/dtype.js';
import { type BoxCase, imageOf, noise, referenceBox, wasmBox } from './box-tiles.js';

const SIZES = [
  { width: 1, height: 1 },
  { width: 1, height: 23 },
  { width: 29, height: 1 },
  { width: 31, height: 17 },
  { width: 53, height: 41 },
];
const INTEGERS = ['uint8', 'uint16'] as const;

/** Maps that stress a kernel: random, runs of equal radii, checkerboards of 0 and more than the image, fixed. */
function mapsFor({ width, height }: Size, random: (below: number) => number): BoxCase['radii'][] {
  const map = (radius: (i: number) => number) => Uint16Array.from({ length: width * height }, (_, i) => radius(i));
  return [
    map(() => random(9)),
    map((i) => (i % 7 < 5 ? 4 : random(3))),
    map((i) => ((i + Math.floor(i / width)) % 2) * 61),
    map((i) => (i === 0 ? 70 : 1)),
    2,
    0,
  ];
}

function noisyImage(size: Size, dtype: DType, channels: number, random: (below: number) => number) {
  if (dtype === 'float32') return imageOf(size, { dtype, channels }, () => random(2 ** 24) / 4096 - 1000);
  return imageOf(size, { dtype, channels }, () =>
    random(3) === 0 ? [0, INTEGER_MAX[dtype]][random(2)]! : random(65536),
  );
}

/** Integers are identical; floats lie within the stated bound, NaN only where NaN is expected. */
function assertEqual(actual: Samples, expected: Samples, name: string): void {
  if (!(expected instanceof Float32Array)) {
    assert.deepEqual(actual, expected, name);
    return;
  }
  for (const [i, value] of expected.entries()) {
    // Infinities, where nothing else weighs, have no difference.
    if (actual[i] === value) continue;
    const off = Math.abs(actual[i]! - value);
    if (Number.isNaN(value) ? !Number.isNaN(actual[i]!) : !(off <= 1e-6 + 2 ** -23 * Math.abs(value))) {
      assert.fail(`${name}: sample ${i} is ${actual[i]}, expected ${value}`);
    }
  }
}

for (const dtype of DTYPES) {
  test(`${dtype}: random images by random and extreme maps equal the definition`, () => {
    const random = noise(1);
    for (const size of SIZES) {
      for (const channels of [1, 2, 3, 4]) {
        const image = noisyImage(size, dtype, channels, random);
        for (const border of BORDERS) {
          for (const [i, radii] of mapsFor(size, random).entries()) {
            const large = typeof radii !== 'number' && radii.some((radius) => radius > 50);
            if (large && (border !== 'clip' || size.width > 50)) continue;
            const name = `${size.width}×${size.height}×${channels} ${border} map ${i}`;
            assertEqual(wasmBox({ image, border, radii }), referenceBox({ image, border, radii }), name);
          }
        }
      }
    }
  });

  test(`${dtype}: nodata and unassociated alpha equal the definition`, () => {
    const random = noise(2);
    const few =
      dtype === 'float32' ? [Number.NaN, 3, 0, 1.5, Number.POSITIVE_INFINITY] : [0, 3, 7, 200, INTEGER_MAX[dtype]];
    const nodatas: BoxCase['nodata'][] = [undefined, [3, null, 0, INTEGER_MAX.uint8, 1], [Number.NaN, 7, -1, 0.5, 1e9]];
    for (const size of SIZES.slice(0, 4)) {
      for (const channels of [1, 2, 3, 4, 5]) {
        const image = imageOf(size, { dtype, channels }, () => (random(2) ? few[random(5)]! : random(256)));
        for (const alpha of ['none', 'unassociated'] as const) {
          for (const nodata of nodatas) {
            for (const border of ['clip', 'reflect', 'constant'] as const) {
              const radii = Uint16Array.from({ length: size.width * size.height }, () => random(5));
              const example = { image, border, radii, alpha, ...(nodata && { nodata }) };
              const name = `${size.width}×${size.height}×${channels} ${border} ${alpha} nodata ${nodata}`;
              assertEqual(wasmBox(example), referenceBox(example), name);
            }
          }
        }
      }
    }
  });
}

/** The mean of the whole of a square image whose side is the window's, at its centre pixel. */
function centreMean(dtype: DType, radius: number, zeros: number): number {
  const side = 2 * radius + 1;
  const size = { width: side, height: side };
  const image = imageOf(size, { dtype, channels: 1 }, () => 0);
  image.samples.fill(INTEGER_MAX[dtype as 'uint8'], zeros);
  const centre = { x: radius, y: radius, width: 1, height: 1 };
  return wasmBox({ image, border: 'clip', radii: radius }, centre)[0]!;
}

for (const [dtype, radii] of [
  ['uint8', [1449, 1450, 2051, 2052]],
  ['uint16', [90, 91, 127, 128, 129, 300]],
] as const) {
  test(`${dtype}: sums around every limit of the summed-area type stay exact`, () => {
    const max = INTEGER_MAX[dtype];
    for (const radius of radii) {
      const count = (2 * radius + 1) ** 2;
      const half = Math.floor(count / (2 * max));
      for (const zeros of [0, half, half + 1]) {
        const expected = Math.floor(((count - zeros) * max) / count + 0.5);
        assert.equal(centreMean(dtype, radius, zeros), expected, `radius ${radius}, ${zeros} zeros`);
      }
    }
  });

  test(`${dtype}: windows wider than any image are cut`, () => {
    const image = imageOf({ width: 9000, height: 2 }, { dtype, channels: 3 }, (x, _, c) => (x * 7 + c) % 251);
    const sums = [0, 1, 2].map((c) =>
      Array.from({ length: 9000 }, (_, x) => (x * 7 + c) % 251).reduce((a, b) => a + b),
    );
    const expected = sums.map((sum) => Math.floor((2 * sum + 9000) / 18000));
    const means = wasmBox({ image, border: 'clip', radii: 65535 }, { x: 4000, y: 0, width: 5, height: 2 });
    assert.ok(means.every((mean, i) => mean === expected[i % 3]));
  });
}

test('sums of colour times alpha stay exact around their limit', () => {
  for (const radius of [127, 128, 129]) {
    const side = 2 * radius + 1;
    const image = imageOf({ width: side, height: side }, { dtype: 'uint8', channels: 4 }, (x, y, c) =>
      c === 1 && x < y ? 0 : 255,
    );
    const centre = { x: radius, y: radius, width: 1, height: 1 };
    const opaque = wasmBox({ image, border: 'clip', radii: radius, alpha: 'unassociated' }, centre);
    assert.deepEqual(opaque, wasmBox({ image, border: 'clip', radii: radius }, centre));
  }
});

function tiled(example: BoxCase, cell: number): Samples {
  const { rect: whole, dtype, channels } = example.image;
  const grid = gridOf(whole, { width: cell, height: cell });
  const stitched = allocateSamples(dtype, whole.width * whole.height * channels);
  for (let tile = 0; tile < cellCount(grid); tile++) {
    const rect = cellRect(grid, tile);
    const samples = wasmBox(example, rect);
    for (let y = 0; y < rect.height; y++) {
      const row = samples.subarray(y * rect.width * channels, (y + 1) * rect.width * channels);
      stitched.set(row, ((rect.y + y) * whole.width + rect.x) * channels);
    }
  }
  return stitched;
}

test('tiled equals untiled, for every tile size and border', () => {
  const random = noise(3);
  for (const dtype of INTEGERS) {
    for (const border of BORDERS) {
      const size = { width: 75, height: 61 };
      const image = noisyImage(size, dtype, 3, random);
      const radii = Uint16Array.from({ length: 75 * 61 }, (_, i) => Math.floor((i % 75) / 8) + random(2));
      for (const extra of [{}, { nodata: [0, 1, 255] }, { alpha: 'unassociated' as const }]) {
        const example = { image, border, radii, ...extra };
        const whole = wasmBox(example);
        for (const cell of [16, 33, 64]) assert.deepEqual(tiled(example, cell), whole, `${dtype} ${border} ${cell}`);
      }
    }
  }
});

test('float32: a non-finite sample reaches exactly the windows that hold it', () => {
  const size = { width: 40, height: 30 };
  const image = imageOf(size, { dtype: 'float32', channels: 2 }, (x, y, c) =>
    x === 17 && y === 11 && c === 1 ? Number.NEGATIVE_INFINITY : x + y,
  );
  const means = wasmBox({ image, border: 'clip', radii: 3 });
  for (let i = 0; i < means.length; i++) {
    const x = Math.floor(i / 2) % 40;
    const y = Math.floor(i / 80);
    assert.equal(Number.isNaN(means[i]!), i % 2 === 1 && Math.abs(x - 17) <= 3 && Math.abs(y - 11) <= 3);
  }
});

test('float32: a window of radius 0 gives its sample', () => {
  const random = noise(4);
  const image = imageOf(
    { width: 64, height: 64 },
    { dtype: 'float32', channels: 1 },
    () => (random(1000) - 500) * 1e7 ** random(5),
  );
  assert.deepEqual(wasmBox({ image, border: 'clip', radii: 0 }), image.samples);
});
