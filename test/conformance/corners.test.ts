import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Size } from '../../tiling/geometry/rect.js';
import { chainCorners } from '../../tiling/operations/corners.js';
import type { Plan } from '../../tiling/plan/plan.js';
import { INTEGER_MAX } from '../../tiling/raster/dtype.js';
import { sumWindows } from '../../worker/kernels/corners/corner-sums.js';
import type { TileRaster } from '../../worker/kernels/kernel.js';
import { runEngine } from '../support/engine.js';
import { readLevels } from '../support/output-levels.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';
import { CONSTANT, imageOf, noise, referenceBox } from './box-tiles.js';

const folder = scratchFolder();
/** Some tiles of 16 have windows that a halo reads, others corners; sizes leave cut cells and tiles. */
const SIZE = { width: 70, height: 45 };

/** Radii by pixel: as a distance, at random up to ten times the image, in a checkerboard, constant. */
const MAPS: Readonly<Record<string, (x: number, y: number, next: (below: number) => number) => number>> = {
  smooth: (x, y) => Math.round(Math.hypot(x - 11, y - 30)),
  random: (_x, _y, next) => next(700),
  checkerboard: (x, y) => ((x + y) % 2 === 0 ? 0 : 33),
  constant: () => 21,
};

interface Kind {
  readonly dtype: 'uint8' | 'uint16';
  readonly channels: number;
  readonly alpha?: 'unassociated';
  readonly nodata?: number;
  readonly tile?: number;
}

const KINDS: readonly Kind[] = [
  { dtype: 'uint8', channels: 1 },
  { dtype: 'uint8', channels: 3 },
  { dtype: 'uint8', channels: 6 },
  { dtype: 'uint16', channels: 2 },
  { dtype: 'uint8', channels: 4, alpha: 'unassociated' },
  { dtype: 'uint16', channels: 4, alpha: 'unassociated', tile: 32 },
  { dtype: 'uint16', channels: 1, nodata: 7 },
  { dtype: 'uint8', channels: 2, alpha: 'unassociated', nodata: 9, tile: 32 },
];

function mapOf(kind: string, size: Size): TileRaster {
  const next = noise(5);
  return imageOf(size, { dtype: 'uint16', channels: 1 }, (x, y) => MAPS[kind]!(x, y, next));
}

for (const [index, kind] of KINDS.entries()) {
  const { dtype, channels, alpha, nodata, tile = 16 } = kind;
  test(`windows by corners equal the definition: ${JSON.stringify(kind)}`, async () => {
    for (const name of Object.keys(MAPS)) {
      const next = noise(index + 1);
      const image = imageOf(SIZE, { dtype, channels }, (_x, _y, c) => {
        if (nodata !== undefined && next(8) === 0) return nodata;
        if (alpha !== undefined && c === channels - 1 && next(3) === 0) return 0;
        return next(INTEGER_MAX[dtype] + 1);
      });
      const map = mapOf(name, SIZE);
      const files = { image: join(folder, 'image.tif'), map: join(folder, 'map.tif'), output: join(folder, 'out.tif') };
      const { extraSamples, photometric } = channels === 6 ? { extraSamples: [0, 0, 0], photometric: 2 as const } : {};
      writeTiff(files.image, image, {}, { nodata, alpha, extraSamples, photometric });
      writeTiff(files.map, map);
      const plans: Plan[] = [];
      await runEngine(
        { ...files, operations: [{ name: 'box' }], tile, compression: { codec: index % 2 === 0 ? 'none' : 'deflate' } },
        { onPlan: (plan) => void plans.push(plan) },
      );
      assert.ok(chainCorners(plans[0]!.operations), name);
      const expected = referenceBox({
        image,
        border: 'clip',
        radii: map.samples as Uint16Array,
        alpha,
        ...(nodata !== undefined && { nodata: new Array<number>(channels).fill(nodata) }),
      });
      assert.deepEqual((await readLevels(files.output))[0]!.samples, expected, name);
    }
  });
}

test('windows of one radius that is wider than the tile read corners too', async () => {
  const next = noise(3);
  const image = imageOf(SIZE, { dtype: 'uint8', channels: 3 }, () => next(256));
  const files = { image: join(folder, 'fixed.tif'), output: join(folder, 'fixed-out.tif') };
  writeTiff(files.image, image);
  for (const radius of [30, 300]) {
    await runEngine({ ...files, operations: [{ name: 'box', params: { radius }, border: 'clip' }], tile: 16 });
    const expected = referenceBox({ image, border: 'clip', radii: radius });
    assert.deepEqual((await readLevels(files.output))[0]!.samples, expected);
  }
});

const BORDERED: readonly Kind[] = [
  { dtype: 'uint8', channels: 3 },
  { dtype: 'uint16', channels: 1, nodata: 7 },
  { dtype: 'uint8', channels: 2, alpha: 'unassociated', nodata: 9 },
];

/** Narrower and lower than a window: borders repeat many times. */
const SMALL = { width: 37, height: 18 };
const THIN = { width: 1, height: 33 };

for (const border of ['nearest', 'reflect', 'mirror', 'constant'] as const) {
  test(`windows by corners equal the definition where the border is ${border}`, async () => {
    for (const [index, kind] of BORDERED.entries()) {
      for (const [name, size] of [
        ['smooth', SMALL],
        ['checkerboard', SMALL],
        ['constant', THIN],
      ] as const) {
        const { dtype, channels, alpha, nodata } = kind;
        const next = noise(index + 11);
        const image = imageOf(size, { dtype, channels }, () => {
          return nodata !== undefined && next(8) === 0 ? nodata : next(INTEGER_MAX[dtype] + 1);
        });
        const radii = mapOf(name, size);
        const files = {
          image: join(folder, 'b.tif'),
          map: join(folder, 'b-map.tif'),
          output: join(folder, 'b-out.tif'),
        };
        writeTiff(files.image, image, {}, { nodata, alpha });
        writeTiff(files.map, radii);
        const plans: Plan[] = [];
        await runEngine(
          { ...files, operations: [{ name: 'box', border, constant: CONSTANT }], tile: 16 },
          { onPlan: (plan) => void plans.push(plan) },
        );
        assert.ok(chainCorners(plans[0]!.operations), name);
        const expected = referenceBox({
          image,
          ...{ border, alpha, radii: radii.samples as Uint16Array },
          ...(nodata !== undefined && { nodata: new Array<number>(channels).fill(nodata) }),
        });
        assert.deepEqual((await readLevels(files.output))[0]!.samples, expected, `${JSON.stringify(kind)}, ${name}`);
      }
    }
  });
}

test('cells of every side give the same sums, however few corners wait for theirs', async () => {
  const size = { width: 37, height: 23 };
  const next = noise(9);
  const pixels = Float64Array.from({ length: size.width * size.height }, () => next(1000));
  const rect = { x: 5, y: 3, width: 29, height: 17 };
  const table = (x: number, y: number) => {
    let sum = 0;
    for (let v = 0; v < y; v++) for (let u = 0; u < x; u++) sum += pixels[v * size.width + u]!;
    return sum;
  };
  for (const [name, radiusAt] of Object.entries(MAPS)) {
    const radius = new Uint16Array(rect.width * rect.height);
    radius.forEach((_, i) => {
      radius[i] = radiusAt(rect.x + (i % rect.width), rect.y + Math.floor(i / rect.width), next);
    });
    const expected = Array.from(radius, (r, i) => {
      const x = rect.x + (i % rect.width);
      const y = rect.y + Math.floor(i / rect.width);
      const [left, top] = [Math.max(0, x - r), Math.max(0, y - r)];
      const [right, bottom] = [Math.min(size.width, x + r + 1), Math.min(size.height, y + r + 1)];
      return table(right, bottom) - table(left, bottom) - table(right, top) + table(left, top);
    });
    for (const [cellSide, runs] of [
      [1, 120],
      [5, 116],
      [16, 1000],
      [64, 4000],
    ] as const) {
      const sums = new Float64Array(radius.length);
      const scratch = { sums, runs: new Uint32Array(2 * runs), next: new Uint32Array(runs) };
      await sumWindows(
        { cellSide, lanes: 1 },
        { rect, radius, image: size, border: 'clip' },
        scratch,
        (column, row) => {
          const [x, y] = [column * cellSide, row * cellSide];
          const cell = { x, y, width: Math.min(cellSide, size.width - x), height: Math.min(cellSide, size.height - y) };
          const values = new Float64Array((cell.width + 1) * (cell.height + 1));
          values.forEach((_, i) => {
            values[i] = table(x + (i % (cell.width + 1)), y + Math.floor(i / (cell.width + 1)));
          });
          return { rect: cell, values };
        },
      );
      assert.deepEqual([...sums], expected, `${name}, cells of ${cellSide}`);
    }
  }
});
