import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { before, test } from 'node:test';
import { runCollection } from '../../library/calls.js';
import type { JobSpecInput } from '../../tiling/job/job-spec.js';
import { partialPaths } from '../../tiling/stitch/partial.js';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { runEngine } from '../support/engine.js';
import { recordedTiles } from '../support/ledger-records.js';
import { startScript } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';

const folder = scratchFolder();
const image = join(folder, 'image.tif');
const mask = join(folder, 'mask.tif');
const SIZE = { width: 517, height: 611 };

before(() => {
  const next = noise(5);
  writeTiff(
    image,
    imageOf(SIZE, { dtype: 'uint8', channels: 3 }, (x, y) => ((x ^ y) + next(60)) & 255),
  );
  writeTiff(
    mask,
    imageOf(SIZE, { dtype: 'uint8', channels: 1 }, () => (next(2000) === 0 ? 255 : 0)),
  );
  for (const [stem, period] of [
    ['one', 9],
    ['two', 14],
  ] as const) {
    writeTiff(
      join(folder, `field-${stem}.tif`),
      imageOf({ width: 331, height: 400 }, { dtype: 'uint8', channels: 1 }, (x, y) => {
        return 90 + 60 * Math.sin(x / period) * Math.cos(y / 11) + next(40);
      }),
    );
  }
});

function distanceJob(name: string): JobSpecInput {
  const operations = [{ name: 'distance' }, { name: 'box', params: { radius: 20 } }];
  return { image: mask, output: join(folder, `${name}.tif`), operations, tile: 32, block: 16 };
}

/** Runs a job until `tiles` are done, then has it interrupted. */
async function stopAfter(spec: JobSpecInput, tiles: number): Promise<void> {
  const interrupt = new AbortController();
  const onProgress = ({ tilesDone }: { tilesDone: number }) => {
    if (tilesDone >= tiles) interrupt.abort();
  };
  await assert.rejects(runEngine(spec, { signal: interrupt.signal, onProgress }), { tag: 'interrupted' });
}

test('a job in bands is killed in both of its passes: the same file, and no band computed twice', async () => {
  const whole = await runEngine(distanceJob('whole'));
  const spec = distanceJob('killed');
  const { directory } = partialPaths(spec.output);
  for (const tiles of [5, 14, 18]) {
    await killedAt('job-process', spec, tiles);
  }
  let recorded: string[] = [];
  const result = await runEngine(spec, {
    onProgress: ({ tilesDone, tilesTotal }) => {
      if (tilesDone === tilesTotal) recorded = recordedTiles(directory);
    },
  });
  assert.ok(result.tiles.resumed >= 18);
  assert.equal(new Set(recorded).size, recorded.length);
  assert.equal(result.crc, whole.crc);
  assert.ok(readFileSync(spec.output).equals(readFileSync(join(folder, 'whole.tif'))));
});

const COMPONENTS: readonly JobSpecInput['operations'][] = [
  [{ name: 'threshold', params: { value: 90 } }, { name: 'label' }],
  [{ name: 'threshold', params: { value: 60 } }, { name: 'fill-holes' }],
];

for (const operations of COMPONENTS) {
  const { name } = operations.at(-1)!;

  test(`${name} of one image and of many is killed in both passes and continued: the file of a run that was not`, async () => {
    const jobs = ['one', 'two'].map((stem) => {
      const output = join(folder, `${name}-${stem}.tif`);
      return { image: join(folder, `field-${stem}.tif`), output, operations, tile: 32, block: 16 };
    });
    for (const job of jobs) await runEngine(job);
    const [whole] = jobs;
    const spec = { ...whole!, output: join(folder, `${name}-killed.tif`) };
    for (const tiles of [4, 16]) await killedAt('job-process', spec, tiles);
    assert.ok((await runEngine(spec)).tiles.resumed >= 16);
    assert.ok(readFileSync(spec.output).equals(readFileSync(whole!.output)));
    const many = { images: join(folder, 'field-*.tif'), output: join(folder, name), operations, tile: 32, block: 16 };
    await killedAt('collection-process', many, 4);
    const { images } = await runCollection(many, { threads: 2 });
    assert.equal(images.written + images.reused, 2);
    for (const { image, output } of jobs) {
      assert.ok(readFileSync(join(folder, name, basename(image))).equals(readFileSync(output)), image);
    }
  });
}

/** Runs a job in a process of its own, which is killed when `tiles` are done. */
async function killedAt(script: string, spec: object, tiles: number): Promise<void> {
  const { child, ended } = startScript(new URL(`../support/${script}.js`, import.meta.url), [
    JSON.stringify(spec),
    '2',
  ]);
  child.stdout!.on('data', (text: string) => {
    if (text.split('\n').some((line) => Number(line) >= tiles)) child.kill('SIGKILL');
  });
  assert.equal((await ended).signal, 'SIGKILL');
}

test('a map made on the way is continued where it was left, and made once', async () => {
  const mapping = { scale: 0.4, max: 30 };
  const map = join(folder, 'map.tif');
  await runEngine({ image: mask, output: map, operations: [{ name: 'distance' }] });
  const blur = { image, operations: [{ name: 'box' }], mapping, tile: 64, block: 32 };
  const apart = await runEngine({ ...blur, map, output: join(folder, 'apart.tif') });
  const spec = { ...blur, map: mask, mapOperations: [{ name: 'distance' }], output: join(folder, 'at-once.tif') };
  const { directory } = partialPaths(spec.output);
  await stopAfter(spec, 3);
  assert.ok(existsSync(directory));
  // The map's bands are fewer than the blur's tiles.
  await stopAfter(spec, 30);
  const result = await runEngine(spec);
  assert.ok(result.tiles.resumed > 0);
  assert.equal(result.crc, apart.crc);
  assert.equal(existsSync(directory), false);
});

test('another mask is another map', async () => {
  const other = join(folder, 'other.tif');
  writeTiff(
    other,
    imageOf(SIZE, { dtype: 'uint8', channels: 1 }, (x, y) => (x === 30 && y === 40 ? 255 : 0)),
  );
  const spec = {
    image,
    operations: [{ name: 'box' }],
    mapping: { scale: 0.1 },
    output: join(folder, 'other-blur.tif'),
  };
  const mapOperations = [{ name: 'distance' }];
  await stopAfter({ ...spec, map: mask, mapOperations, tile: 64, block: 32 }, 1);
  const result = await runEngine({ ...spec, map: other, mapOperations });
  assert.ok(result.mapMax > 70, `${result.mapMax}`);
});
