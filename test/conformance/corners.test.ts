import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseOperation } from '../../library/parse-operation.js';
import type { Size } from '../../tiling/geometry/rect.js';
import { chainCorners } from '../../tiling/operations/corners.js';
import { BORDERS } from '../../tiling/operations/index.js';
import type { Plan } from '../../tiling/plan/plan.js';
import { INTEGER_MAX } from '../../tiling/raster/dtype.js';
import { rowRoom } from '../../worker/kernels/corner-kernels.js';
import { PLAIN_CORNERS, sumWindows } from '../../worker/kernels/corners/index.js';
import type { TileRaster } from '../../worker/kernels/kernel.js';
import { WasmArena, wasmCorners } from '../../worker/kernels/wasm/index.js';
import { runEngine } from '../support/engine.js';
import { readLevels } from '../support/output-levels.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';
import { CONSTANT, imageOf, noise, referenceBox } from './box-tiles.js';
import { runTiled } from './operation-tiles.js';

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
    const expected = referenceBox({ image, border: 'clip', radii: radius });
    for (const text of [`box:radius=${radius},border=clip`, `mean:window=${2 * radius + 1},border=clip`]) {
      await runEngine({ ...files, operations: [parseOperation(text)], tile: 16 });
      assert.deepEqual((await readLevels(files.output))[0]!.samples, expected);
    }
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

const PATTERNS: Readonly<
  Record<string, (x: number, y: number, next: (below: number) => number, max: number) => number>
> = {
  random: (_x, _y, next, max) => next(max + 1),
  constant: (_x, _y, _next, max) => max,
  checkerboard: (x, y, _next, max) => ((x + y) % 2 === 0 ? 0 : max),
  'one of many': (x, y, _next, max) => (x === 20 && y === 11 ? max - 1 : max),
};

const SPREADS: readonly (Kind & { readonly patterns?: readonly string[] })[] = [
  { dtype: 'uint8', channels: 1, patterns: Object.keys(PATTERNS) },
  { dtype: 'uint8', channels: 3 },
  { dtype: 'uint16', channels: 2, patterns: Object.keys(PATTERNS) },
  { dtype: 'uint16', channels: 1, nodata: 7 },
  { dtype: 'uint8', channels: 4, alpha: 'unassociated', nodata: 9 },
];

for (const border of BORDERS) {
  test(`deviations and variances by corners equal the definition where the border is ${border}`, async () => {
    for (const [index, kind] of SPREADS.entries()) {
      for (const pattern of kind.patterns ?? ['random']) {
        const { dtype, channels, alpha, nodata } = kind;
        const next = noise(index + 21);
        const image = imageOf(SMALL, { dtype, channels }, (x, y) => {
          return nodata !== undefined && next(8) === 0 ? nodata : PATTERNS[pattern]!(x, y, next, INTEGER_MAX[dtype]);
        });
        const files = { image: join(folder, 's.tif'), output: join(folder, 's-out.tif') };
        writeTiff(files.image, image, {}, { nodata, alpha });
        for (const [name, params] of [
          ['std', { window: 35, ddof: 0 }],
          ['variance', { window: 67, ddof: 1, dtype: 'float32' }],
        ] as const) {
          const plans: Plan[] = [];
          await runEngine(
            { ...files, operations: [{ name, params, border, constant: CONSTANT }], tile: 16 },
            { onPlan: (plan) => void plans.push(plan) },
          );
          const what = `${JSON.stringify(kind)}, ${pattern}, ${name}`;
          assert.ok(chainCorners(plans[0]!.operations), what);
          const expected = runTiled(
            {
              ...{ image, name, params, border, constant: CONSTANT },
              ...(alpha && { alpha }),
              ...(nodata !== undefined && { nodata: new Array<number>(channels).fill(nodata) }),
            },
            SMALL,
          );
          assertSpreads((await readLevels(files.output))[0]!, expected, what);
        }
      }
    }
  });
}

test('windows wider than any halo hold the whole image, in tiles and in one', async () => {
  const next = noise(31);
  for (const dtype of ['uint8', 'uint16', 'float32'] as const) {
    const image = imageOf(SIZE, { dtype, channels: 1 }, () => next(250));
    const files = { image: join(folder, 'wide.tif'), output: join(folder, 'wide-out.tif') };
    writeTiff(files.image, image);
    const samples = Float64Array.from(image.samples);
    const mean = samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
    const variance = samples.reduce((sum, sample) => sum + (sample - mean) ** 2, 0) / samples.length;
    for (const tile of [16, 80]) {
      for (const [text, expected] of [
        ['mean:window=9001,border=clip', dtype === 'float32' ? mean : Math.round(mean)],
        ['variance:window=9001,border=clip,dtype=float32', variance],
        ['std:window=131071,border=clip,dtype=float32', Math.sqrt(variance)],
      ] as const) {
        await runEngine({ ...files, operations: [parseOperation(text)], tile });
        for (const found of (await readLevels(files.output))[0]!.samples) {
          assert.ok(Math.abs(found - expected) <= 2 ** -20 * expected, `${dtype}, tiles of ${tile}, ${text}: ${found}`);
        }
      }
    }
  }
});

/** Integers equal, floats within a rounding of the last bit. */
function assertSpreads(found: TileRaster, expected: TileRaster, what: string): void {
  if (expected.dtype !== 'float32') assert.deepEqual(found.samples, expected.samples, what);
  else {
    for (const [i, spread] of expected.samples.entries()) {
      const error = Math.abs(found.samples[i]! - spread);
      assert.ok(error <= 2 ** -23 * spread, `${what}: ${i}: ${found.samples[i]} is not ${spread}`);
    }
  }
}

const plainLanes = (lanes: number) => ({ lanes, weighted: false, countsBad: false });

const arena = new WasmArena();
const BACKENDS = { plain: PLAIN_CORNERS, WebAssembly: wasmCorners(arena) };

/** Float64 in the arena; like all that the arena holds until its next reset. */
function doubles(values: ArrayLike<number>): Float64Array {
  const { buffer, byteOffset } = arena.allocSamples('uint8', 8 * values.length);
  const array = new Float64Array(buffer, byteOffset, values.length);
  array.set(values);
  return array;
}

for (const [backend, kernels] of Object.entries(BACKENDS)) {
  test(`cells of every side give the same sums, however few corners wait for theirs: ${backend}`, async () => {
    const size = { width: 37, height: 23 };
    const next = noise(9);
    const pixels = Float64Array.from({ length: size.width * size.height }, () => next(1000));
    const rect = { x: 5, y: 3, width: 29, height: 17 };
    const table = (x: number, y: number) => {
      let sum = 0;
      for (let v = 0; v < y; v++) for (let u = 0; u < x; u++) sum += pixels[v * size.width + u]!;
      return sum;
    };
    const whole = new Float64Array((size.width + 1) * (size.height + 1));
    whole.forEach((_, i) => {
      whole[i] = table(i % (size.width + 1), Math.floor(i / (size.width + 1)));
    });
    for (const [name, radiusAt] of Object.entries(MAPS)) {
      for (const [cellSide, room] of [
        [1, 120],
        [5, 116],
        [16, 1000],
        [64, 4000],
      ] as const) {
        arena.reset(1 << 20);
        const radius = arena.allocSamples('uint16', rect.width * rect.height) as Uint16Array;
        radius.forEach((_, i) => {
          radius[i] = radiusAt(rect.x + (i % rect.width), rect.y + Math.floor(i / rect.width), next);
        });
        const expected = Array.from(radius, (r, i) => {
          const x = rect.x + (i % rect.width);
          const y = rect.y + Math.floor(i / rect.width);
          const [left, top] = [Math.max(0, x - r), Math.max(0, y - r)];
          const [right, bottom] = [Math.min(size.width, x + r + 1), Math.min(size.height, y + r + 1)];
          const at = (u: number, v: number) => whole[v * (size.width + 1) + u]!;
          return at(right, bottom) - at(left, bottom) - at(right, top) + at(left, top);
        });
        const sums = doubles(new Float64Array(radius.length));
        const runs = arena.allocSamples('uint32', 2 * room) as Uint32Array;
        const scratch = { sums, runs, next: arena.allocSamples('uint32', room) as Uint32Array };
        const mark = arena.mark();
        await sumWindows(
          kernels,
          { cellSide, layout: plainLanes(1) },
          { rect, radius, image: size, border: 'clip' },
          scratch,
          (column, row) => {
            arena.release(mark);
            const [x, y] = [column * cellSide, row * cellSide];
            const [width, height] = [Math.min(cellSide, size.width - x), Math.min(cellSide, size.height - y)];
            const values = doubles(new Float64Array((width + 1) * (height + 1)));
            values.forEach((_, i) => {
              values[i] = whole[(y + Math.floor(i / (width + 1))) * (size.width + 1) + x + (i % (width + 1))]!;
            });
            return { rect: { x, y, width, height }, values };
          },
        );
        assert.deepEqual([...sums], expected, `${name}, cells of ${cellSide}`);
      }
    }
  });
}

test('sums of cells, tables and means are the same in WebAssembly, with factors of all sizes', () => {
  for (const dtype of ['uint8', 'uint16'] as const) {
    for (const channels of [1, 2, 3, 4, 5, 6]) {
      for (const [width, cellSide] of [
        [70, 16],
        [256, 128],
        [33, 33],
      ] as const) {
        arena.reset(1 << 22);
        const next = noise(channels);
        const height = 13;
        const rect = { x: 0, y: 0, width, height };
        const stride = (width + 3) * channels;
        const samples = arena.allocSamples(dtype, stride * height);
        // Now and then as large as can be, all of a row.
        samples.forEach((_, i) => {
          samples[i] = i % (7 * stride) < stride ? INTEGER_MAX[dtype] : next(INTEGER_MAX[dtype] + 1);
        });
        const raster: TileRaster = { rect, dtype, channels, stride, samples };
        const lanes = { image: { alpha: 'none' as const }, layout: plainLanes(channels) };
        const upper = doubles(Array.from({ length: (width + 1) * channels }, () => next(2 ** 30)));
        const left = doubles(Array.from({ length: height * channels }, () => next(2 ** 30)));
        const found = Object.values(BACKENDS).map((kernels) => {
          const row = doubles(new Float64Array(rowRoom(width, channels)));
          const columns = doubles(new Float64Array(width * channels).fill(7));
          const rows = doubles(new Float64Array(height * Math.ceil(width / cellSide) * channels).fill(7));
          kernels.sumCells(raster, lanes, cellSide, { columns, rows, row });
          const values = doubles(new Float64Array((width + 1) * (height + 1) * channels).fill(7));
          kernels.fillCellTable(raster, { upper, left }, lanes, { values, row });
          const output = {
            ...raster,
            rect: { ...rect, x: 400, y: 7000 },
            samples: arena.allocSamples(dtype, stride * height),
          };
          const radius = arena.allocSamples('uint16', width * height) as Uint16Array;
          const [image, windows] = [
            { width: 90_000, height: 80_000 },
            { x: 400, y: 7000 },
          ];
          radius.forEach((_, i) => {
            radius[i] = (i * 2654435761) % (i % 3 === 0 ? 65536 : 9);
          });
          // A half of a sum of the largest samples, and sums beyond 2^52.
          const sums = doubles(
            Array.from({ length: width * height * channels }, (_, i) => {
              const r = radius[Math.floor(i / channels)]!;
              const [x, y] = [
                windows.x + (Math.floor(i / channels) % width),
                windows.y + Math.floor(i / channels / width),
              ];
              const across = Math.min(image.width, x + r + 1) - Math.max(0, x - r);
              const down = Math.min(image.height, y + r + 1) - Math.max(0, y - r);
              return Math.floor((across * down * (2 * (i % INTEGER_MAX[dtype]) + 1)) / 2) - (i % 2);
            }),
          );
          const place = { rect: { ...rect, ...windows }, radius, image, border: 'clip' as const };
          kernels.writeMeans(
            raster,
            output,
            { windows: place, sums, layout: plainLanes(channels) },
            { image, alpha: 'none' },
          );
          const means = Array.from({ length: height }, (_, y) => [
            ...output.samples.subarray(y * stride, y * stride + width * channels),
          ]);
          return { columns: [...columns], rows: [...rows], values: [...values], means };
        });
        assert.deepEqual(found[1], found[0], `${dtype}, ${channels} channels, cells of ${cellSide}`);
      }
    }
  }
});
