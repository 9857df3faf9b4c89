import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Size } from '../../tiling/geometry/rect.js';
import { parseFootprint } from '../../tiling/operations/footprint/footprint.js';
import type { TileRaster } from '../../worker/kernels/kernel.js';
import { adverseFloats } from './adverse-floats.js';
import { BACKENDS } from './backends.js';
import { noise } from './box-tiles.js';
import { type OperationCase, resolve, runTiled } from './operation-tiles.js';
import { footprintOffsets, type Moments, type Offsets, squareOffsets, windowMoments } from './window-moments.js';

const SIZE = { width: 53, height: 41 };
const TILES: readonly Size[] = [{ width: 21, height: 16 }, SIZE];

/** Half of the smallest float32: what its rounding adds where results are that small. */
const LEAST = 2 ** -150;
const MEAN_BOUND = 2 ** -20;

/** What must hold of a result, given its window. */
type Holds = (actual: number, window: Moments) => boolean;

const meanHolds: Holds = (actual, { mean, largest }) => Math.abs(actual - mean) <= MEAN_BOUND * largest + LEAST;

/** How far windows of this test reach. */
const MARGIN = 40;

/** An invalid sample stays, a window that is not finite gives NaN, for all others `holds` decides. */
function isRight(actual: number, sample: number, window: Moments | undefined, holds: Holds): boolean {
  if (window === undefined) return Object.is(actual, sample);
  return Number.isNaN(window.mean) ? Number.isNaN(actual) : holds(actual, window);
}

/** Every sample of the operation over the image must be right by its own window, for each of the tilings. */
function assertWindows(
  checked: OperationCase,
  offsetsAt: (pixel: number) => Offsets,
  holds: Holds,
  name: string,
): void {
  const { image, constant = 0, nodata = [] } = checked;
  const { channels, samples, rect } = image;
  const { border } = resolve(checked);
  const moments = windowMoments(image, { border, constant, nodata, margin: MARGIN });
  const results = TILES.map((tile) => runTiled(checked, tile, BACKENDS.wasm![checked.name]).samples);
  for (let i = 0; i < samples.length; i++) {
    const pixel = Math.floor(i / channels);
    const [x, y, c] = [pixel % rect.width, Math.floor(pixel / rect.width), i % channels];
    const window = moments(x, y, c, offsetsAt(pixel));
    for (const actual of results.map((result) => result[i]!)) {
      if (isRight(actual, samples[i]!, window, holds)) continue;
      assert.fail(`${name}: ${actual} at (${x}, ${y}, ${c}) for ${JSON.stringify(window)}`);
    }
  }
}

/** Within 10⁻⁵ of the deviation, or of 10⁻⁶ of the largest sample where that is more; both squared for variances. */
function spreadHolds(name: string, ddof: number): Holds {
  return (actual, { count, squares, largest }) => {
    const variance = count > ddof ? squares / (count - ddof) : 0;
    const least = 1e-6 * largest;
    const [wanted, bound] =
      name === 'std'
        ? [Math.sqrt(variance), 1e-5 * Math.max(Math.sqrt(variance), least)]
        : [variance, 2e-5 * Math.max(variance, least ** 2)];
    return actual === Math.fround(wanted) || Math.abs(actual - wanted) <= bound + LEAST;
  };
}

const IMAGES = adverseFloats(SIZE);

for (const [name, image] of Object.entries(IMAGES)) {
  test(`box of ${name}: no mean is wrong by more than its own window allows`, () => {
    const random = noise(7);
    for (const radius of [0, 1, 3, 12, 40]) {
      const offsets = squareOffsets(radius);
      for (const border of ['clip', 'reflect'] as const) {
        const checked = { image, name: 'box', params: { radius }, border };
        assertWindows(checked, () => offsets, meanHolds, `radius ${radius} ${border}`);
      }
    }
    const radii = Uint16Array.from({ length: SIZE.width * SIZE.height }, () => (random(3) ? random(4) : random(41)));
    const squares = Array.from({ length: 41 }, (_, radius) => squareOffsets(radius));
    assertWindows({ image, name: 'box', params: {}, map: radii }, (i) => squares[radii[i]!]!, meanHolds, 'by map');
  });

  test(`box of ${name} with nodata, masks and a constant border`, () => {
    const random = noise(8);
    const offsets = squareOffsets(2);
    const params = { radius: 2 };
    for (const nodata of [image.samples[0]!, Number.NaN, 0]) {
      const some = [nodata, null];
      assertWindows({ image, name: 'box', params, nodata: some }, () => offsets, meanHolds, `nodata ${nodata}`);
    }
    const valid = Uint8Array.from({ length: SIZE.width * SIZE.height }, () => random(4));
    assertWindows({ image: { ...image, valid }, name: 'box', params }, () => offsets, meanHolds, 'masked');
    const constant = { border: 'constant', constant: 1e20 } as const;
    assertWindows({ image, name: 'box', params, ...constant }, () => offsets, meanHolds, 'constant');
  });
}

/** Rectangles of even and odd sides, and a footprint that is none. */
const FOOTPRINTS = ['rect:1x1', 'rect:2x5', 'rect:9x4', 'rect:33x70', 'disk:3'];

for (const [name, image] of Object.entries(IMAGES)) {
  test(`mean of ${name} under footprints: no mean is wrong by more than its own window allows`, () => {
    for (const footprint of [...FOOTPRINTS, 'rect:1x30', 'disk:20']) {
      const offsets = footprintOffsets(parseFootprint(footprint));
      const base = { image, name: 'mean', params: { footprint } };
      for (const border of ['clip', 'reflect'] as const) {
        assertWindows({ ...base, border }, () => offsets, meanHolds, `${footprint} ${border}`);
      }
      assertWindows({ ...base, nodata: [image.samples[0]!, 0] }, () => offsets, meanHolds, `${footprint} nodata`);
    }
  });
}

for (const [name, image] of Object.entries(IMAGES)) {
  test(`std and variance of ${name}: no deviation is wrong by more than its own window allows`, () => {
    const random = noise(9);
    const valid = Uint8Array.from({ length: SIZE.width * SIZE.height }, () => random(4));
    for (const [i, footprint] of FOOTPRINTS.entries()) {
      const offsets = footprintOffsets(parseFootprint(footprint));
      for (const operation of ['std', 'variance']) {
        const ddof = i % 2;
        const holds = spreadHolds(operation, ddof);
        const base = { image, name: operation, params: { footprint, ddof } };
        for (const border of ['clip', 'mirror'] as const) {
          assertWindows({ ...base, border }, () => offsets, holds, `${operation} ${footprint} ${border}`);
        }
        if (i % 3 === 0) continue;
        const nodata = [image.samples[0]!, 0];
        assertWindows({ ...base, nodata }, () => offsets, holds, `${operation} ${footprint} nodata`);
        const masked = { ...base, image: { ...image, valid } };
        assertWindows(masked, () => offsets, holds, `${operation} ${footprint} masked`);
      }
    }
  });
}

test('std of float32 in rectangles is equal for all tilings', () => {
  const image = IMAGES['mixed signs of all sizes']!;
  for (const border of ['clip', 'reflect'] as const) {
    for (const params of [
      { footprint: 'rect:4x4', ddof: 0 },
      { footprint: 'rect:13x9', ddof: 1 },
    ]) {
      for (const nodata of [undefined, [image.samples[9]!, null]]) {
        const checked = { image, name: 'std', params, border, ...(nodata && { nodata }) };
        const whole = runTiled(checked, SIZE, BACKENDS.wasm!.std);
        for (const tile of [7, 16]) {
          const tiled = runTiled(checked, { width: tile, height: tile + 3 }, BACKENDS.wasm!.std);
          assert.deepEqual(tiled.samples, whole.samples, `${border} ${JSON.stringify(params)} in tiles of ${tile}`);
        }
      }
    }
  }
});

test('box of lines of one pixel', () => {
  const line = (size: Size): TileRaster => adverseFloats(size)['blocks of tiny and huge samples']!;
  for (const size of [
    { width: 90, height: 1 },
    { width: 1, height: 90 },
  ]) {
    const checked = { image: line(size), name: 'box', params: { radius: 2 }, border: 'clip' } as const;
    assertWindows(checked, () => squareOffsets(2), meanHolds, `${size.width}×${size.height}`);
  }
});
