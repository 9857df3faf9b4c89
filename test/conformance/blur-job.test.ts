import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import zlib from 'node:zlib';
import type { JobResult } from '../../coordinator/index.js';
import { HalotileError } from '../../tiling/errors.js';
import type { JobSpecInput } from '../../tiling/job/job-spec.js';
import { BORDERS } from '../../tiling/operations/index.js';
import { FILTERED_DTYPES } from '../../tiling/raster/dtype.js';
import type { TileRaster } from '../../worker/kernels/kernel.js';
import { type BlurCase, expectedLevel0, writeCase } from '../support/blur-case.js';
import { runEngine } from '../support/engine.js';
import { pixelCrc, readLevels } from '../support/output-levels.js';
import { nextLevel } from '../support/pyramid.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { type FileLayout, writeTiff } from '../support/tiff-file.js';
import { imageOf } from './box-tiles.js';

const folder = scratchFolder();

const SIZES = [
  { width: 97, height: 83 },
  { width: 64, height: 113 },
  { width: 1, height: 1 },
  { width: 1, height: 59 },
  { width: 61, height: 1 },
] as const;

const LAYOUTS: readonly FileLayout[] = [
  {},
  { tile: 32 },
  { tile: 16, deflate: true },
  { rowsPerStrip: 5, deflate: true },
  { planar: true, tile: 32, deflate: true },
  { bigEndian: true },
];

const MAPPINGS = [undefined, { scale: 0.5 }, { offset: 2, max: 9 }, { scale: 1.5, offset: 0.3 }] as const;

/** Every type with every number of channels and border; the rest turns with them, so that all pairs meet. */
function cases(): BlurCase[] {
  const all: BlurCase[] = [];
  for (const dtype of FILTERED_DTYPES) {
    for (const channels of [1, 2, 3, 4]) {
      for (const border of BORDERS) {
        const i = all.length;
        const nodata = i % 4 === 1 ? (dtype === 'float32' ? Number.NaN : 7) : undefined;
        all.push({
          size: SIZES[i % 7 < 3 ? i % 2 : i % 5]!,
          dtype,
          channels,
          border,
          seed: i,
          mapDtype: FILTERED_DTYPES[Math.floor(i / 2) % 3]!,
          mapping: MAPPINGS[i % MAPPINGS.length],
          weighted: channels % 2 === 0 && i % 3 !== 0,
          nodata,
          outputDtype: nodata === undefined && i % 6 < 2 ? FILTERED_DTYPES[(i + 1) % 3] : undefined,
          imageLayout: LAYOUTS[i % LAYOUTS.length],
          mapLayout: LAYOUTS[(i + 2) % 4],
        });
      }
    }
  }
  return all;
}

for (const [index, blur] of cases().entries()) {
  const { size, dtype, channels, border, mapDtype, weighted, nodata, outputDtype } = blur;
  const name =
    `${size.width}×${size.height}×${channels} ${dtype} by ${mapDtype}, ${border}` +
    `${weighted ? ', alpha' : ''}${nodata === undefined ? '' : `, nodata ${nodata}`}` +
    `${outputDtype === undefined ? '' : `, to ${outputDtype}`}`;
  test(`a job gives the definition's pixels and pyramid: ${name}`, async () => {
    const spec = { ...writeCase(blur, folder), tile: 32, block: 16 } satisfies JobSpecInput;
    const result = await runEngine({ ...spec, compression: { codec: index % 2 === 0 ? 'none' : 'deflate' } });
    const levels = await readLevels(spec.output);
    assertPixels(levels[0]!, expectedLevel0(blur), 2 ** -20);
    assert.equal(result.crc, pixelCrc(levels[0]!));
    assertPyramid(levels, { weighted, nodata });
    const last = levels.at(-1)!.rect;
    assert.ok(Math.max(last.width, last.height) <= 16);
  });
}

function assertPyramid(levels: readonly TileRaster[], rule: Parameters<typeof nextLevel>[1]): void {
  for (let level = 1; level < levels.length; level++) {
    assertPixels(levels[level]!, nextLevel(levels[level - 1]!, rule), 2 ** -23);
  }
}

/** Integers are equal; floats differ by at most `relative` of the largest sample. */
function assertPixels(actual: TileRaster, expected: TileRaster, relative: number): void {
  assert.deepEqual(actual.rect, expected.rect);
  assert.equal(actual.dtype, expected.dtype);
  assert.equal(actual.channels, expected.channels);
  const finite = (value: number) => (Number.isFinite(value) ? Math.abs(value) : 0);
  let largest = 0;
  for (const value of expected.samples) largest = Math.max(largest, finite(value));
  const tolerance = expected.dtype === 'float32' ? relative * largest : 0;
  const wrong = actual.samples.findIndex((value, i) => {
    const wanted = expected.samples[i]!;
    return !(Object.is(value, wanted) || Math.abs(value - wanted) <= tolerance);
  });
  if (wrong < 0) return;
  const pixel = Math.floor(wrong / actual.channels);
  const at = `${pixel % actual.rect.width},${Math.floor(pixel / actual.rect.width)}`;
  assert.fail(
    `${actual.rect.width}×${actual.rect.height} differs at ${at}: ${actual.samples[wrong]}, not ${expected.samples[wrong]}`,
  );
}

/** Wide enough for tiles of 512 and several bands: a textured RGB image and a map with radii to 60. */
function bigJob(name: string, layouts: { image?: FileLayout; map?: FileLayout } = {}): JobSpecInput {
  const size = { width: 1801, height: 1103 };
  const image = join(folder, `${name}-image.tif`);
  const map = join(folder, `${name}-map.tif`);
  const pixel = (x: number, y: number, c: number) => ((x * 7 + y * 13 + c * 29) ^ (x * y)) & 255;
  writeTiff(image, imageOf(size, { dtype: 'uint8', channels: 3 }, pixel), layouts.image);
  const radius = (x: number, y: number) => Math.floor(30 + 30 * Math.sin(x / 90) * Math.cos(y / 70));
  writeTiff(map, imageOf(size, { dtype: 'uint8', channels: 1 }, radius), layouts.map);
  return { image, map, output: join(folder, `${name}.tif`), operations: [{ name: 'box' }] };
}

test('tile size, threads, halos, types of storage and codec do not change a pixel', async (t) => {
  const spec = bigJob('equal');
  const { crc } = await runEngine({ ...spec, compression: { codec: 'none' } });
  assert.equal(crc, pixelCrc((await readLevels(spec.output))[0]!));
  const pyramid = (await readLevels(spec.output)).map(pixelCrc);

  for (const [tile, counts] of [
    [256, [2, 4]],
    [512, [1, 2, 4]],
    [1024, [2]],
    [2048, [1, 4]],
  ] as const) {
    for (const threads of counts) {
      await t.test(`tiles of ${tile} on ${threads} threads`, async () => {
        const result = await runEngine({ ...spec, tile, block: 256 }, { threads, memoryBytes: 2 ** 30 });
        assert.equal(result.crc, crc);
        const levels = (await readLevels(spec.output)).map(pixelCrc);
        assert.deepEqual(levels.slice(0, pyramid.length), pyramid);
      });
    }
  }

  await t.test('one halo for all tiles', async () => {
    for (const mapping of [{}, { scale: 0.3, max: 60 }]) {
      const adaptive = await runEngine({ ...spec, mapping });
      const widest = await runEngine({ ...spec, mapping, halo: 'max' });
      assert.equal(widest.crc, adaptive.crc);
      assert.ok(widest.halo.pixelsRead > adaptive.halo.pixelsRead);
    }
  });

  const layouts: Readonly<Record<string, FileLayout>> = {
    'strips of one row': { rowsPerStrip: 1 },
    'one strip': { rowsPerStrip: 1103 },
    'deflated strips': { rowsPerStrip: 32, deflate: true, predictor: true },
    'one deflated strip': { rowsPerStrip: 1103, deflate: true },
    tiles: { tile: 256 },
    'deflated tiles': { tile: 128, deflate: true, predictor: true },
    'big-endian deflated tiles': { tile: 256, deflate: true, bigEndian: true },
    'planar strips': { planar: true, rowsPerStrip: 64 },
    'planar deflated tiles': { planar: true, tile: 256, deflate: true },
  };
  for (const [name, layout] of Object.entries(layouts)) {
    await t.test(`input in ${name}`, async () => {
      const { planar, ...map } = layout;
      const result = await runEngine(bigJob('layouts', { image: layout, map }));
      assert.equal(result.crc, crc);
    });
  }
});

test('the plain backend gives the pixels of the fast one', async () => {
  for (const dtype of ['uint8', 'uint16'] as const) {
    const size = { width: 211, height: 173 };
    const blur: BlurCase = { size, dtype, channels: 3, mapDtype: 'uint8', border: 'reflect', seed: 5 };
    const spec = { ...writeCase(blur, folder), tile: 64, block: 32 };
    const fast = await runEngine(spec);
    assert.equal((await runEngine(spec, { backend: 'reference' })).crc, fast.crc);
  }
});

const CODECS = ['none', 'deflate', 'zstd', 'jpeg', 'webp'] as const;

for (const codec of CODECS) {
  const missing = codec === 'zstd' && !('zstdCompressSync' in zlib);
  const skip = missing ? 'this Node has no ZSTD compression' : false;
  test(`${codec} output, whole and resumed, is the same file`, { skip }, async () => {
    const spec = { ...bigJob(`codec-${codec}`), tile: 256, block: 128, compression: { codec } } satisfies JobSpecInput;
    const whole = await runEngine(spec);
    const bytes = readFileSync(spec.output);
    const levels = await readLevels(spec.output);
    for (const stopAfter of [3, whole.tiles.total - 2]) {
      await assert.rejects(stopped(spec, stopAfter), isInterrupted);
      const resumed = await runEngine(spec);
      assert.ok(resumed.tiles.resumed >= stopAfter);
      assert.ok(resumed.tiles.resumed < whole.tiles.total);
      assert.equal(resumed.crc, whole.crc);
      assert.ok(readFileSync(spec.output).equals(bytes), `stopped after ${stopAfter} tiles`);
    }
    if (codec !== 'jpeg' && codec !== 'webp') {
      assert.equal(pixelCrc(levels[0]!), whole.crc);
      assertPyramid(levels, {});
      return;
    }
    // Lossy: close to the pixels that went in, and no level is shifted against the one before.
    const lossless = await runEngine({ ...spec, compression: { codec: 'deflate' } });
    assert.equal(lossless.crc, whole.crc);
    const exact = await readLevels(spec.output);
    for (const [i, level] of levels.entries()) assert.ok(meanError(level, exact[i]!) < 6, `level ${i}`);
  });
}

function meanError(a: TileRaster, b: TileRaster): number {
  assert.deepEqual(a.rect, b.rect);
  let sum = 0;
  for (let i = 0; i < a.samples.length; i++) sum += Math.abs(a.samples[i]! - b.samples[i]!);
  return sum / a.samples.length;
}

/** Runs a job that is interrupted once `tiles` are done. */
function stopped(spec: JobSpecInput, tiles: number): Promise<JobResult> {
  const interrupt = new AbortController();
  return runEngine(spec, {
    signal: interrupt.signal,
    onProgress: ({ tilesDone }) => {
      if (tilesDone >= tiles) interrupt.abort();
    },
  });
}

function isInterrupted(error: unknown): boolean {
  return error instanceof HalotileError && error.tag === 'interrupted';
}

test('blocks of a compressed input are decoded about once', async () => {
  const size = { width: 4096, height: 4096 };
  const image = join(folder, 'blocks-image.tif');
  const map = join(folder, 'blocks-map.tif');
  const layout: FileLayout = { tile: 256, deflate: true };
  const pixel = (x: number, y: number) => (x >> 4) ^ (y >> 5);
  writeTiff(image, imageOf(size, { dtype: 'uint8', channels: 3 }, pixel), layout);
  writeTiff(
    map,
    imageOf(size, { dtype: 'uint8', channels: 1 }, (x, y) => ((x >> 6) + (y >> 6)) & 63),
    layout,
  );
  const spec: JobSpecInput = {
    image,
    map,
    output: join(folder, 'blocks.tif'),
    operations: [{ name: 'box' }],
    mapping: { max: 64 },
  };
  const crcs = new Set<string>();
  for (const [memoryMib, threads] of [
    [512, 2],
    [320, 1],
  ] as const) {
    const result = await runEngine(spec, { threads, memoryBytes: memoryMib << 20 });
    crcs.add(result.crc);
    const { perBlock } = result.blocksDecoded;
    assert.ok(perBlock <= 1.25, `${perBlock} times each with ${memoryMib} MiB and ${threads} threads`);
  }
  assert.equal(crcs.size, 1);
});
