import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HalotileError } from '../../tiling/errors.js';
import { intersect, type Rect, type Size } from '../../tiling/geometry/rect.js';
import { type Mapping, mappedValue } from '../../tiling/plan/mapping.js';
import { allocateSamples, DTYPES, type DType, type Samples } from '../../tiling/raster/dtype.js';
import type { TileRaster } from '../../worker/kernels/kernel.js';
import type { HalveOptions } from '../../worker/kernels/pixel-kernels.js';
import { REFERENCE_PIXELS } from '../../worker/kernels/reference/index.js';
import { WasmArena, wasmPixels } from '../../worker/kernels/wasm/index.js';
import { imageOf, noise } from './box-tiles.js';

const arena = new WasmArena();
const WASM_PIXELS = wasmPixels(arena);
const MAPPING: Mapping = { scale: 1, offset: 0, invalid: 'error' };

/** Moves a raster into the arena, its rows `padding` pixels further apart than they need be. */
function inArena(raster: TileRaster, padding = 0): TileRaster {
  const stride = raster.stride + padding * raster.channels;
  const samples = arena.allocSamples(raster.dtype, stride * raster.rect.height);
  for (let y = 0; y < raster.rect.height; y++) {
    samples.set(raster.samples.subarray(y * raster.stride, (y + 1) * raster.stride), y * stride);
  }
  if (raster.valid === undefined) return { ...raster, stride, samples };
  const { width, height } = raster.rect;
  const valid = arena.allocSamples('uint8', (stride / raster.channels) * height) as Uint8Array;
  for (let y = 0; y < height; y++) {
    valid.set(raster.valid.subarray(y * width, (y + 1) * width), (y * stride) / raster.channels);
  }
  return { ...raster, stride, samples, valid };
}

/** The same raster with a byte of validity for each pixel. */
function masked(raster: TileRaster, valid: (pixel: number) => number): TileRaster {
  const { width, height } = raster.rect;
  return { ...raster, valid: Uint8Array.from({ length: width * height }, (_, pixel) => valid(pixel)) };
}

function emptyAt(rect: Rect, dtype: DType, channels: number): TileRaster {
  const stride = rect.width * channels;
  return { rect, dtype, channels, stride, samples: allocateSamples(dtype, stride * rect.height) };
}

/** The same values with all NaNs alike. */
function values(samples: Samples): number[] {
  return Array.from(samples, (value) => (Number.isNaN(value) ? Number.NaN : value));
}

function noisyImage(size: Size, dtype: DType, channels: number, seed: number): TileRaster {
  const random = noise(seed);
  const wild = [Number.NaN, Number.POSITIVE_INFINITY, 0, 1, -2.5];
  return imageOf(size, { dtype, channels }, () => {
    if (dtype !== 'float32') return random(4) === 0 ? [0, 1, 255, 65535][random(4)]! : random(65536);
    return random(9) === 0 ? wild[random(5)]! : random(2 ** 24) / 1000 - 3000;
  });
}

for (const hidden of [false, true]) {
  test(`halving: every type, channel count, odd size, nodata and alpha equals the reference${hidden ? ' behind a mask' : ''}`, () => {
    const options: HalveOptions[] = [
      { mode: 'average', alpha: 'none' },
      { mode: 'nearest', alpha: 'none' },
      { mode: 'average', alpha: 'unassociated' },
      { mode: 'average', alpha: 'none', nodata: [0, 255, null, 65535] },
      { mode: 'average', alpha: 'unassociated', nodata: [Number.NaN, 0, 1, 255] },
    ];
    for (const dtype of DTYPES) {
      for (const channels of [1, 2, 3, 4, 5]) {
        for (const [width, height] of [
          [1, 1],
          [1, 9],
          [7, 1],
          [2, 2],
          [37, 22],
          [64, 5],
          [131, 8],
        ] as const) {
          for (const option of options) {
            const plain = noisyImage({ width, height }, dtype, channels, width);
            const random = noise(width);
            const image = hidden ? masked(plain, () => random(2) * 255) : plain;
            const half = { x: 0, y: 0, width: Math.ceil(width / 2), height: Math.ceil(height / 2) };
            const empty = emptyAt(half, dtype, channels);
            const expected = hidden ? masked(empty, () => 7) : empty;
            REFERENCE_PIXELS.halve(image, expected, option);
            arena.reset(1 << 20);
            const actual = inArena(hidden ? masked(emptyAt(half, dtype, channels), () => 9) : empty);
            const guard = arena.allocSamples('uint8', 32).fill(0xa5);
            WASM_PIXELS.halve(inArena(image, 3), actual, option);
            assert.deepEqual(
              values(actual.samples),
              values(expected.samples),
              `${dtype}×${channels} ${width}×${height}`,
            );
            assert.deepEqual(actual.valid, expected.valid);
            assert.ok(
              guard.every((byte) => byte === 0xa5),
              'nothing is written beyond the output',
            );
          }
        }
      }
    }
  });
}

test('halving a part of a level equals that part of the halved level', () => {
  const image = noisyImage({ width: 33, height: 27 }, 'uint8', 3, 5);
  const whole = emptyAt({ x: 0, y: 0, width: 17, height: 14 }, 'uint8', 3);
  REFERENCE_PIXELS.halve(image, whole, { mode: 'average', alpha: 'none' });
  const rect = { x: 9, y: 6, width: 8, height: 8 };
  const part = intersect({ x: 16, y: 10, width: 18, height: 18 }, image.rect);
  const input = imageOf(part, image, (x, y, c) => image.samples[(y + part.y) * 99 + (x + part.x) * 3 + c]!);
  arena.reset(1 << 16);
  const actual = inArena(emptyAt(rect, 'uint8', 3));
  WASM_PIXELS.halve(inArena({ ...input, rect: part }), actual, { mode: 'average', alpha: 'none' });
  const expected = imageOf(rect, whole, (x, y, c) => whole.samples[(y + rect.y) * 51 + (x + rect.x) * 3 + c]!);
  assert.deepEqual(actual.samples, expected.samples);
});

test('halving: averages are over what exists, rounded half up, and never become nodata', () => {
  const halved = (samples: number[], width: number, options: Partial<HalveOptions> = {}, channels = 1) => {
    const height = samples.length / width / channels;
    const image = imageOf({ width, height }, { dtype: 'uint8', channels }, () => 0);
    image.samples.set(samples);
    const half = emptyAt({ x: 0, y: 0, width: Math.ceil(width / 2), height: Math.ceil(height / 2) }, 'uint8', channels);
    REFERENCE_PIXELS.halve(image, half, { mode: 'average', alpha: 'none', ...options });
    return [...half.samples];
  };
  assert.deepEqual(halved([1, 2, 5, 3, 4, 6], 3), [3, 6]);
  assert.deepEqual(halved([9, 10, 9, 9], 2, { nodata: [9] }), [10]);
  assert.deepEqual(halved([9, 9, 9, 9], 2, { nodata: [9] }), [9]);
  assert.deepEqual(halved([8, 10, 8, 10], 2, { nodata: [9] }), [10]);
  assert.deepEqual(halved([100, 255, 50, 0, 70, 0, 90, 0], 2, { alpha: 'unassociated' }, 2), [100, 64]);
});

test('blocks: cut, filled up and predicted like the reference', () => {
  for (const dtype of DTYPES) {
    for (const channels of [1, 2, 3, 4, 5]) {
      for (const predictor of dtype === 'float32' ? ([1, 2, 3] as const) : ([1, 2] as const)) {
        for (const [width, height] of [
          [48, 16],
          [31, 16],
          [5, 3],
          [1, 1],
        ] as const) {
          const raster = noisyImage({ width: 60, height: 20 }, dtype, channels, 3);
          const options = { rect: { x: 7, y: 2, width, height }, block: { width: 48, height: 16 }, predictor };
          const bytes = (48 * 16 * channels * raster.samples.byteLength) / raster.samples.length;
          const expected = new Uint8Array(bytes);
          REFERENCE_PIXELS.cutBlock(raster, options, expected);
          arena.reset(1 << 20);
          const actual = arena.allocSamples('uint8', bytes) as Uint8Array;
          WASM_PIXELS.cutBlock(inArena(raster, 1), options, actual);
          assert.deepEqual(actual, expected, `${dtype}×${channels} predictor ${predictor} ${width}×${height}`);
        }
      }
    }
  }
});

test('radii: every map type and mapping equals the reference', () => {
  const mappings: Mapping[] = [
    MAPPING,
    { scale: 0.3, offset: 1.2, max: 40, invalid: 'error' },
    { scale: 2, offset: -50, invalid: 'clamp' },
  ];
  const random = noise(2);
  for (const mapping of mappings) {
    for (const dtype of DTYPES) {
      for (const count of [1, 15, 16, 1000]) {
        arena.reset(1 << 16);
        const samples = arena.allocSamples(dtype, count);
        for (let i = 0; i < count; i++) samples[i] = dtype === 'float32' ? random(100000) / 7 : random(32000);
        const rect = { x: 0, y: 0, width: count, height: 1 };
        const expected = new Uint16Array(count);
        const actual = arena.allocSamples('uint16', count) as Uint16Array;
        const max = REFERENCE_PIXELS.radii(samples, rect, mapping, expected);
        assert.equal(WASM_PIXELS.radii(samples, rect, mapping, actual), max);
        assert.deepEqual(actual, expected);
      }
    }
  }
});

test('the largest value of a map: that of all samples one by one, or none where one of them may be refused', () => {
  const random = noise(3);
  const mappings: Mapping[] = [
    { ...MAPPING, scale: 0.3, offset: 1.2 },
    { ...MAPPING, scale: -0.001, offset: 500 },
    { ...MAPPING, max: 70 },
    { ...MAPPING, offset: -60, invalid: 'clamp' },
    { ...MAPPING, scale: 1e300, invalid: 'clamp' },
    { ...MAPPING, nodata: 3 },
  ];
  for (const mapping of mappings) {
    for (const odd of [undefined, Number.NaN, Number.POSITIVE_INFINITY, -1, 1e20]) {
      for (const count of [1, 3, 16, 21]) {
        arena.reset(1 << 12);
        const samples = arena.allocSamples('float32', count);
        for (let i = 0; i < count; i++) samples[i] = random(100_000) / 7;
        if (odd !== undefined) samples[count - 1] = odd;
        const values = Array.from(samples, (sample) => mappedValue({ ...mapping, invalid: 'error' }, sample));
        const found = WASM_PIXELS.largestValue(samples, mapping);
        if (found !== undefined)
          assert.equal(found, Math.max(...(values as number[])), `${JSON.stringify(mapping)} ${odd}`);
        else assert.ok(mapping.nodata !== undefined || values.includes(undefined), `${JSON.stringify(mapping)} ${odd}`);
      }
    }
  }
});

test('radii: what gives none is refused by its pixel in the file', () => {
  const refused = (dtype: DType, sample: number, mapping: Partial<Mapping>, pattern: RegExp) => {
    for (const pixels of [REFERENCE_PIXELS, WASM_PIXELS]) {
      arena.reset(1 << 16);
      const samples = arena.allocSamples(dtype, 12).fill(1);
      samples[7] = sample;
      const into = arena.allocSamples('uint16', 12) as Uint16Array;
      assert.throws(
        () => pixels.radii(samples, { x: 100, y: 200, width: 5, height: 3 }, { ...MAPPING, ...mapping }, into),
        (error) => error instanceof HalotileError && error.tag === 'bad-input' && pattern.test(error.message),
      );
    }
  };
  refused('float32', Number.NaN, {}, /map pixel 102,201.*NaN.*--map-invalid clamp/);
  refused('float32', -1, {}, /map pixel 102,201/);
  refused('float32', Number.POSITIVE_INFINITY, { max: 9 }, /map pixel 102,201/);
  refused('uint8', 0, { offset: -0.5 }, /map pixel 102,201/);
  refused('uint16', 65535, { scale: 2 }, /map pixel 102,201.*131070.*65535/);
  refused('float32', 65535.5, { invalid: 'clamp' }, /map pixel 102,201/);
});

test('conversion keeps values, clamps, and rounds floats half up', () => {
  const samples = {
    uint8: [0, 1, 255],
    uint16: [0, 256, 65535],
    uint32: [0, 300, 70000, 4294967295],
    float32: [-1, 0.5, 2.4999, 254.5, 300, 70000, NaN],
  };
  for (const from of DTYPES) {
    for (const to of DTYPES) {
      const width = samples[from].length;
      const image = imageOf({ width, height: 2 }, { dtype: from, channels: 1 }, (x) => samples[from][x]!);
      const expected = emptyAt(image.rect, to, 1);
      REFERENCE_PIXELS.convert(image, expected);
      arena.reset(1 << 16);
      const actual = inArena(emptyAt(image.rect, to, 1));
      WASM_PIXELS.convert(inArena(image, 2), actual);
      assert.deepEqual(actual.samples, expected.samples, `${from} to ${to}`);
    }
  }
  const bytes = emptyAt({ x: 0, y: 0, width: 7, height: 1 }, 'uint8', 1);
  const floats = imageOf(bytes.rect, { dtype: 'float32', channels: 1 }, (x) => samples.float32[x]!);
  REFERENCE_PIXELS.convert(floats, bytes);
  assert.deepEqual([...bytes.samples], [0, 1, 2, 255, 255, 255, 0]);
});
