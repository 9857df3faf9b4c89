import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DType, FILTERED_DTYPES, type Samples } from '../../tiling/raster/dtype.js';
import { BACKENDS } from './backends.js';
import { imageOf, noise } from './box-tiles.js';
import { type OperationCase, runTiled } from './operation-tiles.js';

const SIZE = { width: 37, height: 9 };
const RANGE = { uint8: 255, uint16: 65535, uint32: 4294967295, float32: 2 };

function image(dtype: DType, channels: number, seed: number, least = 0) {
  const random = noise(seed);
  const value = () => least + (1 - least) * (random(1001) / 1000);
  return imageOf(SIZE, { dtype, channels }, () =>
    dtype === 'float32' ? value() * RANGE[dtype] : Math.floor(value() * RANGE[dtype]),
  );
}

const FRAMES: readonly Readonly<Record<string, string | number>>[] = [
  { dark: 'dark.tif', flat: 'flat.tif' },
  { dark: 'dark.tif', flat: 'flat.tif', scale: 1.7 },
  { dark: 3, flat: 'flat.tif' },
  { dark: 0.25, flat: 'flat.tif' },
  { dark: 'dark.tif', flat: 200 },
  { dark: 0.1, flat: 1.5 },
];

/** Kinds of frames: of each type, with one channel or the image's. */
const KINDS = FILTERED_DTYPES.flatMap((dtype) => [1, 3].map((channels) => ({ dtype, channels })));

/** Integers within 1; floats within 2·10⁻⁶ of the largest, and NaN where NaN is expected. */
function assertNear(actual: Samples, expected: Samples, what: string): void {
  let largest = 1;
  for (const value of expected) largest = Math.max(largest, Math.abs(value) || 0);
  const bound = actual instanceof Float32Array ? 2e-6 * largest : 1;
  const far = actual.findIndex(
    (value, i) => !Object.is(value, expected[i]) && !(Math.abs(value - expected[i]!) <= bound),
  );
  assert.equal(far, -1, `${what}: sample ${far} is ${actual[far]}, not ${expected[far]}`);
}

for (const dtype of FILTERED_DTYPES) {
  test(`wasm: flat-field of ${dtype} by images lies within its bound of the reference, whatever their type`, () => {
    for (const [n, params] of FRAMES.entries()) {
      for (const [k, kind] of KINDS.entries()) {
        const rest = [
          {},
          { alpha: 'unassociated' as const },
          { nodata: [7, null, dtype === 'float32' ? Number.NaN : 255] },
        ];
        const plain: OperationCase = {
          image: image(dtype, 3, 1),
          name: 'flat-field',
          params,
          // Flat frames of little light, some darker than the dark one.
          extras: { dark: image(kind.dtype, kind.channels, 2), flat: image(kind.dtype, kind.channels, 3, 0.3) },
        };
        const checked = { ...plain, ...rest[(n + k) % rest.length] };
        const expected = runTiled(checked, SIZE);
        const actual = runTiled(checked, { width: 19, height: 4 }, BACKENDS.wasm!['flat-field']!);
        assertNear(actual.samples, expected.samples, JSON.stringify({ params, kind, n }));
      }
    }
  });
}

test('wasm: flat-field of bytes by bytes equals the reference for every sample and frame', () => {
  const size = { width: 256, height: 256 };
  const type = { dtype: 'uint8', channels: 1 } as const;
  const frame = imageOf(size, type, (_x, y) => y);
  for (const dark of [0, 20, 255]) {
    for (const scale of [255, 1, 4099]) {
      const params = { dark, flat: 'flat.tif', scale };
      const checked = { image: imageOf(size, type, (x) => x), name: 'flat-field', params, extras: { flat: frame } };
      const actual = runTiled(checked, size, BACKENDS.wasm!['flat-field']!);
      assert.deepEqual(actual.samples, runTiled(checked, size).samples);
    }
  }
});
