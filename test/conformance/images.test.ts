import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, test } from 'node:test';
import zlib from 'node:zlib';
import { type JobSpec, type JobSpecInput, jobSpecSchema } from '../../tiling/job/job-spec.js';
import { BORDERS } from '../../tiling/operations/index.js';
import { FILTERED_DTYPES } from '../../tiling/raster/dtype.js';
import type { ImageResult } from '../../tiling/work/images.js';
import { ThreadPoolExecutor } from '../../worker/index.js';
import { type BlurCase, writeCase } from '../support/blur-case.js';
import { runEngine } from '../support/engine.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { fixturePath, MANIFEST } from '../unit/reading-fixtures.js';

const folder = scratchFolder();
const MACHINE = { threads: 2, memoryBytes: 512 << 20 };
const executor = new ThreadPoolExecutor({
  threads: 1,
  backend: 'wasm',
  name: `test-${process.pid}`,
  expects: ['images'],
});
after(() => executor.close());

/** Whole jobs in one task. */
async function runImages(specs: readonly JobSpec[]): Promise<readonly ImageResult[]> {
  const job = { key: `images ${basename(specs[0]!.output)}`, inputs: [] };
  const data = { jobs: specs.map((spec, index) => ({ index, spec })), machine: MACHINE };
  const { value } = await executor.run(job, { kind: 'images', stage: 0, index: 0, attempt: 1, data });
  await executor.closeJob(job.key);
  return value.results;
}

/** Every output is, byte for byte, what a job by itself writes, and so is what is told of it. */
async function assertSameFiles(inputs: readonly JobSpecInput[]): Promise<void> {
  const specs = inputs.map((spec) => jobSpecSchema.parse(spec));
  const results = await runImages(specs.map((spec) => ({ ...spec, output: `${spec.output}.task.tif` })));
  assert.equal(results.length, specs.length);
  for (const [index, result] of results.entries()) {
    const spec = specs[index]!;
    const alone = await runEngine(spec);
    assert.ok('figures' in result, JSON.stringify(result));
    const { figures } = result;
    assert.equal(result.index, index);
    const named = `${spec.image}: ${JSON.stringify(spec.operations)}`;
    for (const field of ['crc', 'width', 'height', 'channels', 'dtype', 'levels', 'mapMax', 'halo'] as const) {
      assert.deepEqual(figures[field], alone[field], `${named}: ${field}`);
    }
    assert.equal(figures.bytes.output, alone.bytes.output, named);
    const { total, side } = alone.tiles;
    assert.deepEqual(figures.tiles, { total, side }, named);
    assert.ok(readFileSync(spec.output).equals(readFileSync(`${spec.output}.task.tif`)), `${named}: other bytes`);
  }
}

function folderOf(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}

const canZstd = 'zstdCompressSync' in zlib;

test('files of every kind that is read become the same outputs as by jobs of their own', async () => {
  const fixtures = [...MANIFEST.tiffs, ...MANIFEST.pictures].filter(({ codec }) => codec !== 'zstd' || canZstd);
  await assertSameFiles(
    fixtures.map(({ file }, i) => ({
      image: fixturePath(file),
      output: join(folder, `read-${i}.tif`),
      operations: [{ name: 'box', params: { radius: 2 } }],
      compression: { codec: i % 2 === 0 ? 'deflate' : 'none' },
      ...(i % 3 === 0 && { block: 16, tile: 16 }),
    })),
  );
});

test('every type by every map, border, alpha and nodata', async () => {
  const specs: JobSpecInput[] = [];
  for (const dtype of FILTERED_DTYPES) {
    for (const channels of [1, 2, 3, 4]) {
      for (const border of BORDERS) {
        const i = specs.length;
        const blur: BlurCase = {
          size: i % 2 === 0 ? { width: 97, height: 83 } : { width: 61, height: 1 },
          ...{ dtype, channels, border, seed: 1000 + i },
          mapDtype: FILTERED_DTYPES[Math.floor(i / 2) % 3]!,
          weighted: channels % 2 === 0 && i % 3 !== 0,
          nodata: i % 4 === 1 ? (dtype === 'float32' ? Number.NaN : 7) : undefined,
        };
        specs.push({
          ...writeCase(blur, folderOf(`case-${i}`)),
          ...(i % 3 !== 2 && { tile: 32, block: 16 }),
          compression: i % 2 === 0 ? { codec: 'none' } : { level: (i % 9) + 1, predictor: i % 5 !== 0 },
          overviews: i % 7 !== 0,
          halo: i % 6 === 0 ? 'max' : 'adaptive',
        });
      }
    }
  }
  await assertSameFiles(specs);
});
