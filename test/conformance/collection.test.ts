import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import zlib from 'node:zlib';
import { runCollection } from '../../coordinator/index.js';
import { openThreads } from '../../library/executor.js';
import { HalotileError } from '../../tiling/errors.js';
import { type CollectionSpecInput, collectionSpecSchema } from '../../tiling/job/collection-spec.js';
import type { JobSpecInput } from '../../tiling/job/job-spec.js';
import type { ImageResult } from '../../tiling/work/images.js';
import type { Executor, TaskResult } from '../../tiling/work/task.js';
import { runEngine } from '../support/engine.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';
import { noise } from './box-tiles.js';
import { type ChainCase, chainImage, chainMap, drawChains, NODATA, operationsOf } from './chain-cases.js';

const folder = scratchFolder();
const SIZE = { width: 93, height: 71 };
const MACHINE = { threads: 2, memoryBytes: 512 << 20 };
const IMAGES = 3;
const CHAINS = 10;
const canZstd = 'zstdCompressSync' in zlib;
/** One, so that two of three images are one task. */
const threads = openThreads({ ...MACHINE, threads: 1 }, ['images', 'filter']);
after(() => threads.close());

/** The threads, with what became of the images that they were given in one task; where those die, nothing. */
function watched(dies = false): { readonly executor: Executor; readonly results: readonly ImageResult[] } {
  const results: ImageResult[] = [];
  const executor: Executor = {
    slots: threads.slots,
    tasksAtOnce: threads.tasksAtOnce,
    run: async (job, task) => {
      if (dies && task.kind === 'images') throw new HalotileError('tile-failed', { what: 'the thread died' });
      const result = await threads.run(job, task);
      if (task.kind === 'images') results.push(...(result as TaskResult<'images'>).value.results);
      return result;
    },
    closeJob: (key) => threads.closeJob(key),
    close: async () => {},
  };
  return { executor, results };
}

type Chain = Omit<JobSpecInput, 'image' | 'map' | 'output'>;

/** A collection's images and maps in a folder of its own. */
function writePairs(name: string, at: Pick<ChainCase, 'dtype' | 'channels' | 'samples'>): string {
  const root = join(folder, name);
  for (const each of ['in', 'maps', 'single']) mkdirSync(join(root, each), { recursive: true });
  const alpha = at.samples === 'alpha' && at.channels === 4 ? 'unassociated' : undefined;
  for (let seed = 0; seed < IMAGES; seed++) {
    const raster = chainImage(SIZE, at as ChainCase, seed + 1);
    writeTiff(join(root, `in/${seed}.tif`), raster, { tile: 32, deflate: seed % 2 === 0 }, alpha && { alpha });
    writeTiff(join(root, `maps/${seed}.tif`), chainMap(SIZE));
  }
  return root;
}

interface How {
  readonly ending: string;
  readonly byMap: boolean;
  /** A thread dies of every task of several images. */
  readonly dies?: boolean;
}

/** What the images of a folder become, and what was made of those in one task. */
async function runAll(root: string, chain: Chain, { ending, byMap, dies }: How) {
  const spec: CollectionSpecInput = {
    ...{ ...chain, images: join(root, 'in'), output: join(root, `out/{name}.${ending}`) },
    ...(byMap && { map: join(root, 'maps/{name}.tif') }),
  };
  const { executor, results } = watched(dies);
  const job = collectionSpecSchema.parse(spec);
  await runCollection({
    job,
    executor,
    machine: MACHINE,
    date: '2026-01-01',
    nowSeconds: () => performance.now() / 1000,
  });
  return results;
}

async function assertAsAlone(name: string, root: string, chain: Chain, how: How) {
  const results = await runAll(root, chain, how);
  const named = `${name}: ${JSON.stringify(chain)}`;
  assert.equal(results.length > 1, how.dies !== true, `${named}: no two images in one task`);
  assert.ok(
    results.every((result) => 'figures' in result),
    `${named}: ${JSON.stringify(results)}`,
  );
  for (let seed = 0; seed < IMAGES; seed++) {
    const output = join(root, `single/${seed}.${how.ending}`);
    const map = how.byMap ? { map: join(root, `maps/${seed}.tif`) } : {};
    await runEngine({ ...chain, ...map, image: join(root, `in/${seed}.tif`), output });
    assert.ok(
      readFileSync(output).equals(readFileSync(join(root, `out/${seed}.${how.ending}`))),
      `${named}: other bytes`,
    );
  }
}

test('small images of random jobs become, in one task, the files of their own jobs', async () => {
  const random = noise(7);
  // Without users' kernels: each image's process of one takes a tenth of a second to start.
  const chains = drawChains(2 * CHAINS, 3)
    .filter(({ first, second, third }) => [first, second, third].every(({ name }) => name !== 'custom'))
    .slice(0, CHAINS);
  for (const [index, at] of chains.entries()) {
    const links = [at.first, at.second, at.third];
    const root = writePairs(`chain-${index}`, at);
    const chain: Chain = {
      operations: operationsOf(links, chainImage(SIZE, at, 1), at.border, folder),
      ...(at.samples === 'nodata' && !links.some(({ endsNodata }) => endsNodata) && { nodata: [NODATA[at.dtype]] }),
      compression: {
        codec: (['none', 'deflate', canZstd ? 'zstd' : 'deflate'] as const)[random(3)],
        predictor: random(3) > 0,
      },
      halo: random(4) === 0 ? 'max' : 'adaptive',
      overviews: random(3) > 0,
      ...(random(2) === 0 && { tile: 32 }),
      block: 32,
    };
    await assertAsAlone(`chain ${index}`, root, chain, { ending: 'tif', byMap: links.some((link) => link.byMap) });
  }
});

test('so do pictures and blocks of JPEG and WebP', async () => {
  const cases: readonly (readonly [string, ChainCase['dtype'], 1 | 3 | 4, 'deflate' | 'jpeg' | 'webp'])[] = [
    ['png', 'uint8', 4, 'deflate'],
    ['png', 'uint16', 3, 'deflate'],
    ['png', 'uint16', 1, 'deflate'],
    ['jpg', 'uint8', 1, 'deflate'],
    ['jpg', 'uint8', 3, 'deflate'],
    ['webp', 'uint8', 4, 'deflate'],
    ['tif', 'uint8', 3, 'jpeg'],
    ['ome.tif', 'uint16', 3, 'deflate'],
    ['tif', 'uint8', 4, 'webp'],
  ];
  for (const [ending, dtype, channels, codec] of cases) {
    const name = `${ending}-${dtype}-${channels}-${codec}`;
    const root = writePairs(name, { dtype, channels, samples: 'alpha' });
    const chain: Chain = { operations: [{ name: 'box' }], compression: { codec }, tile: 32, block: 32 };
    await assertAsAlone(name, root, chain, { ending, byMap: true });
  }
});

test('where a thread dies of several images, each is a job by itself', async () => {
  const root = writePairs('dies', { dtype: 'uint8', channels: 3, samples: 'plain' });
  await assertAsAlone('dies', root, { operations: [{ name: 'box' }] }, { ending: 'tif', byMap: true, dies: true });
});

test('what cannot be written is refused in the words of a job by itself', async () => {
  const root = writePairs('refused', { dtype: 'uint16', channels: 3, samples: 'plain' });
  const chain: Chain = { operations: [{ name: 'box', params: { radius: 1 } }] };
  const alone = { ...chain, image: join(root, 'in/0.tif'), output: join(root, 'single/0.jpg') };
  const { message } = (await runEngine(alone).catch((error: Error) => error)) as Error;
  await assert.rejects(runAll(root, chain, { ending: 'jpg', byMap: false }), (error: Error) => {
    assert.equal(error.message.replace(/out\/\d/, 'single/0'), message);
    return true;
  });
});
