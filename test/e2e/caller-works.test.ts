import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { JobSpecInput } from '../../tiling/job/job-spec.js';
import { isQuick } from '../../tiling/operations/index.js';
import { resolveOperations } from '../../tiling/plan/resolve-operations.js';
import { ThreadPoolExecutor } from '../../worker/index.js';
import { imageOf } from '../conformance/box-tiles.js';
import { runEngine } from '../support/engine.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';

const OPERATIONS: JobSpecInput['operations'] = [{ name: 'gaussian', params: { sigma: 2 } }];

/** A noisy image of that side in a folder of its own. */
function noise(side: number): { readonly folder: string; readonly image: string } {
  const folder = scratchFolder();
  const image = join(folder, 'in.tif');
  const raster = imageOf({ width: side, height: side }, { dtype: 'uint8', channels: 3 }, (x, y, c) => {
    return (Math.imul(x * 7919 + y * 104729 + c, 2654435761) >>> 24) & 255;
  });
  writeTiff(image, raster, { tile: 256 });
  return { folder, image };
}

/** Runs a job on an executor whose caller works, and tells which threads wrote its part files, 0 being the caller's. */
async function writersOf(image: string, output: string, operations = OPERATIONS): Promise<Set<string>> {
  const name = `caller-${process.pid}`;
  const executor = new ThreadPoolExecutor({ threads: 2, callerWorks: true, backend: 'wasm', name });
  const writers = new Set<string>();
  const look = () => {
    const partial = `${output}.partial`;
    for (const entry of readdirSync(partial, { recursive: true, encoding: 'utf8' })) {
      const writer = new RegExp(`part-${name}-(\\d+)$`).exec(entry)?.[1];
      if (writer !== undefined) writers.add(writer);
    }
  };
  try {
    await runEngine({ image, output, operations, tile: 256, block: 256 }, { executor, onProgress: look });
  } finally {
    await executor.close();
  }
  return writers;
}

test('the calling thread runs a small job by itself, with the bytes that threads write', async () => {
  const { folder, image } = noise(300);
  const [own, threads] = [join(folder, 'own.tif'), join(folder, 'threads.tif')];
  assert.deepEqual([...(await writersOf(image, own))], ['0']);
  await runEngine({ image, output: threads, operations: OPERATIONS, tile: 256, block: 256 });
  assert.deepEqual(readFileSync(own), readFileSync(threads));
});

test('the caller answers while operations run that may take long: threads run them from the start', async () => {
  const { folder, image } = noise(100);
  const mask = join(folder, 'mask.txt');
  writeFileSync(
    mask,
    Array.from({ length: 151 }, (_, y) => (y % 2 ? `${'01'.repeat(75)}0` : '1'.repeat(151))).join('\n'),
  );
  const chains: Record<string, JobSpecInput['operations']> = {
    deviations: [{ name: 'std', params: { footprint: 'disk:30' } }],
    means: [{ name: 'mean', params: { footprint: 'disk:30' } }],
    extrema: [{ name: 'max', params: { footprint: `mask:${mask}` } }],
    'top hats': [{ name: 'top-hat', params: { footprint: `mask:${mask}` } }],
    medians: [{ name: 'median', params: { footprint: 'rect:5x5' } }],
    palettes: [{ name: 'palette', params: { colours: '#000000 #ffffff' } }],
  };
  for (const [what, operations] of Object.entries(chains)) {
    const writers = await writersOf(image, join(folder, `${what}.tif`), operations);
    assert.ok(writers.size > 0 && !writers.has('0'), what);
  }
  const gamma = resolveOperations([{ name: 'gamma', params: { gamma: 1.1 }, constant: 0 }], { map: false });
  const chain = Array.from({ length: 64 }, () => gamma[0]!);
  assert.deepEqual([isQuick(gamma, 1 << 20), isQuick(chain, 1 << 20)], [true, false]);
  const quick: JobSpecInput['operations'] = [
    { name: 'std', params: { window: 31 } },
    { name: 'max', params: { footprint: 'disk:15' } },
    { name: 'open', params: { footprint: 'rect:9x9' } },
    { name: 'mean', params: { window: 31 } },
    { name: 'threshold', params: { method: 'otsu' } },
  ];
  for (const operation of quick) {
    assert.deepEqual([...(await writersOf(image, join(folder, `quick-${operation.name}.tif`), [operation]))], ['0']);
  }
});

test('an image that fits one tile is cut for several threads only where that saves much of its time', async () => {
  const { folder, image } = noise(1000);
  const tiles = async (name: string, params: Record<string, string | number>) => {
    const { tiles } = await runEngine({ image, output: join(folder, `${name}.tif`), operations: [{ name, params }] });
    return tiles.total;
  };
  assert.equal(await tiles('box', { radius: 3 }), 1);
  assert.ok((await tiles('median', { footprint: 'disk:5' })) > 1);
  assert.ok((await tiles('std', { footprint: 'disk:5' })) > 1);
});

test('a job that takes longer than threads take to start is handed to them', async () => {
  const { folder, image } = noise(4000);
  const writers = await writersOf(image, join(folder, 'out.tif'));
  assert.ok(writers.has('0') && writers.size > 1, [...writers].join());
});
