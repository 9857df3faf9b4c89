import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Size } from '../../tiling/geometry/rect.js';
import { chainCorners } from '../../tiling/operations/corners.js';
import { BORDERS, type Border } from '../../tiling/operations/index.js';
import type { Plan } from '../../tiling/plan/plan.js';
import type { TileRaster } from '../../worker/kernels/kernel.js';
import { runEngine } from '../support/engine.js';
import { readLevels } from '../support/output-levels.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';
import { CONSTANT, imageOf, noise, referenceBox } from './box-tiles.js';
import { runTiled } from './operation-tiles.js';

const folder = scratchFolder();
const SIZE = { width: 70, height: 45 };

interface Kind {
  readonly channels: number;
  readonly alpha?: 'unassociated';
  readonly nodata?: number;
  readonly sample: (next: (below: number) => number, c: number) => number;
}

const around = (mean: number, next: (below: number) => number) => mean + (next(2001) - 1000) / 1e4;

const KINDS: Readonly<Record<string, Kind>> = {
  heights: { channels: 1, sample: (next) => around(812, next) },
  'noise around zero': { channels: 3, sample: (next) => around(0, next) },
  'a fill value that the file does not declare': {
    channels: 2,
    sample: (next) => (next(900) === 0 ? -3.4028234663852886e38 : around(0.05, next)),
  },
  'a missing value': { channels: 1, nodata: -9999, sample: (next) => (next(5) === 0 ? -9999 : around(3, next)) },
  'missing values that are NaN': {
    channels: 2,
    nodata: Number.NaN,
    sample: (next) => (next(5) === 0 ? Number.NaN : around(3, next)),
  },
  'some that are not numbers': {
    channels: 1,
    sample: (next) => (next(2500) === 0 ? [Number.NaN, Number.POSITIVE_INFINITY][next(2)]! : around(3, next)),
  },
  'many decades': { channels: 1, sample: (next) => (1 + next(8) / 8) * 10 ** -next(45) },
  alpha: {
    channels: 4,
    alpha: 'unassociated',
    sample: (next, c) => (c === 3 ? next(5) / 4 : around(900, next)),
  },
};

function mapOf(size: Size): TileRaster {
  return imageOf(size, { dtype: 'uint16', channels: 1 }, (x, y) =>
    y % 9 === 0 ? (x * y) % 61 : Math.round(Math.hypot(x - 11, y - 30)),
  );
}

/** The largest magnitude of what each window holds: of a box of magnitudes, as wide. */
function largestIn(
  image: TileRaster,
  { radii, border, nodata }: { radii: Uint16Array; border: Border; nodata?: number },
) {
  const { width, height } = image.rect;
  const { channels, samples } = image;
  const magnitude = (i: number) => {
    const value = Math.abs(samples[i]!);
    return Number.isFinite(value) && samples[i] !== nodata ? value : 0;
  };
  return Float64Array.from(samples, (_, i) => {
    const [pixel, c] = [Math.floor(i / channels), i % channels];
    const [x, y, r] = [pixel % width, Math.floor(pixel / width), radii[pixel]!];
    let most = border === 'constant' ? CONSTANT : 0;
    for (let v = Math.max(0, y - r); v <= Math.min(height - 1, y + r); v++) {
      for (let u = Math.max(0, x - r); u <= Math.min(width - 1, x + r); u++) {
        most = Math.max(most, magnitude((v * width + u) * channels + c));
      }
    }
    return most;
  });
}

for (const [name, kind] of Object.entries(KINDS)) {
  test(`windows of float32 by corners are as exact as their own samples allow: ${name}`, async () => {
    for (const border of name === 'heights' || name === 'a missing value' ? BORDERS : (['clip'] as const)) {
      const { channels, alpha, nodata } = kind;
      const next = noise(3);
      const image = imageOf(SIZE, { dtype: 'float32', channels }, (_x, _y, c) => kind.sample(next, c));
      const map = mapOf(SIZE);
      const files = { image: join(folder, 'image.tif'), map: join(folder, 'map.tif'), output: join(folder, 'out.tif') };
      writeTiff(files.image, image, {}, { nodata, alpha });
      writeTiff(files.map, map);
      const plans: Plan[] = [];
      await runEngine(
        { ...files, operations: [{ name: 'box', border, constant: CONSTANT }], tile: 16 },
        { onPlan: (plan) => void plans.push(plan) },
      );
      assert.ok(chainCorners(plans[0]!.operations), border);
      const radii = map.samples as Uint16Array;
      const expected = referenceBox({
        image,
        ...{ border, alpha, radii },
        ...(nodata !== undefined && { nodata: new Array<number>(channels).fill(nodata) }),
      });
      const { samples } = (await readLevels(files.output))[0]!;
      const largest = largestIn(image, { radii, border, ...(nodata !== undefined && { nodata }) });
      for (const [i, mean] of expected.entries()) {
        if (Number.isNaN(mean)) assert.ok(Number.isNaN(samples[i]!), `${border}: ${i}`);
        else {
          const error = Math.abs(samples[i]! - mean);
          assert.ok(error <= 2 ** -20 * largest[i]!, `${border}: ${i}: ${samples[i]} is not ${mean}`);
        }
      }
    }
  });
}

for (const [name, kind] of Object.entries(KINDS)) {
  test(`deviations of float32 by corners are as exact as their own samples allow: ${name}`, async () => {
    const radius = 17;
    const radii = new Uint16Array(SIZE.width * SIZE.height).fill(radius);
    for (const border of name === 'heights' || name === 'a missing value' ? BORDERS : (['clip'] as const)) {
      const { channels, alpha, nodata } = kind;
      const next = noise(6);
      const image = imageOf(SIZE, { dtype: 'float32', channels }, (_x, _y, c) => kind.sample(next, c));
      const files = { image: join(folder, 'std.tif'), output: join(folder, 'std-out.tif') };
      writeTiff(files.image, image, {}, { nodata, alpha });
      const params = { window: 2 * radius + 1, ddof: 1 };
      const plans: Plan[] = [];
      await runEngine(
        { ...files, operations: [{ name: 'std', params, border, constant: CONSTANT }], tile: 16 },
        { onPlan: (plan) => void plans.push(plan) },
      );
      assert.ok(chainCorners(plans[0]!.operations), border);
      const missing = nodata !== undefined && { nodata: new Array<number>(channels).fill(nodata) };
      const expected = runTiled({ image, name: 'std', params, border, constant: CONSTANT, ...missing }, SIZE).samples;
      const { samples } = (await readLevels(files.output))[0]!;
      const largest = largestIn(image, { radii, border, ...(nodata !== undefined && { nodata }) });
      for (const [i, deviation] of expected.entries()) {
        if (Number.isNaN(deviation)) assert.ok(Number.isNaN(samples[i]!), `${border}: ${i}: ${samples[i]}`);
        else {
          const error = Math.abs(samples[i]! - deviation);
          const bound = 1e-5 * Math.max(deviation, 1e-6 * largest[i]!);
          assert.ok(error <= bound, `${border}: ${i}: ${samples[i]} is not ${deviation}`);
        }
      }
    }
  });
}

test('a constant that float32 cannot hold spoils the windows that reach it and no others', async () => {
  const next = noise(4);
  const image = imageOf(SIZE, { dtype: 'float32', channels: 1 }, () => around(3, next));
  const map = imageOf(SIZE, { dtype: 'uint16', channels: 1 }, () => 9);
  const files = {
    image: join(folder, 'far.tif'),
    map: join(folder, 'far-map.tif'),
    output: join(folder, 'far-out.tif'),
  };
  writeTiff(files.image, image);
  writeTiff(files.map, map);
  await runEngine({ ...files, operations: [{ name: 'box', border: 'constant', constant: 1e39 }], tile: 16 });
  const { samples } = (await readLevels(files.output))[0]!;
  const { width, height } = SIZE;
  for (let i = 0; i < samples.length; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    const isInside = x >= 9 && y >= 9 && x < width - 9 && y < height - 9;
    assert.equal(Number.isFinite(samples[i]!), isInside, `(${x}, ${y}) is ${samples[i]}`);
  }
});
