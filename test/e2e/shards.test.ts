import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCollectionLocally } from '../../library/local-collection.js';
import { parseCollectionSpec } from '../../library/parse-specs.js';
import { isOfShard, shardOf } from '../../tiling/job/shard.js';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { halotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';

const MACHINE = { threads: 1, memoryBytes: 512 << 20 } as const;
const COUNT = 3;
const IMAGES = 12;

test('every name is of exactly one share, whatever the others are', () => {
  for (let i = 0; i < 500; i++) {
    const name = `scan ${i}/µ-${i * 7}.tif`;
    const of = Array.from({ length: 7 }, (_, index) => isOfShard(name, { index, count: 7 })).filter(Boolean);
    assert.equal(of.length, 1, name);
  }
});

test('I/N is a share, and nothing else is', () => {
  assert.deepEqual(shardOf('0/1'), { index: 0, count: 1 });
  assert.deepEqual(shardOf('7/8'), { index: 7, count: 8 });
  for (const text of ['8/8', '-1/8', '1', '1/0', '01/8', '1/8/2', ' 1/8', '1/08', ''])
    assert.equal(shardOf(text), undefined, text);
});

test('shares that run at the same time do every image once; again, they do nothing', async () => {
  const folder = scratchFolder();
  const images = join(folder, 'in');
  mkdirSync(images);
  for (let i = 0; i < IMAGES; i++) {
    const random = noise(i);
    const pixels = imageOf({ width: 90, height: 70 }, { dtype: 'uint8', channels: 1 }, () => random(256));
    writeTiff(join(images, `scan-${i}.tif`), pixels, { tile: 64 });
  }
  const outputs = join(folder, 'out');
  // Outputs of other shares lie where the next run looks for images.
  const job = parseCollectionSpec({
    ...{ images: [join(folder, '{in,out}/*.tif')], output: join(outputs, '{stem}-box.tif') },
    operations: [{ name: 'box', params: { radius: 2 } }],
  });
  const run = (index: number) => runCollectionLocally(job, { machine: MACHINE, shard: { index, count: COUNT } });
  const first = await Promise.all([0, 1, 2].map(run));
  const written = first.map(({ images: { written } }) => written);
  assert.equal(
    written.reduce((sum, each) => sum + each, 0),
    IMAGES,
  );
  assert.equal(readdirSync(outputs).filter((name) => name.endsWith('.tif')).length, IMAGES);
  for (const { report } of first) assert.ok(existsSync(report));
  assert.equal(new Set(first.map(({ report }) => report)).size, COUNT);
  const again = await Promise.all([0, 1, 2].map(run));
  assert.deepEqual(
    again.map(({ images: { total, reused } }) => [total, reused]),
    written.map((each) => [each, each]),
  );
  const whole = join(folder, 'whole');
  await runCollectionLocally(
    { ...job, images: [join(images, '*.tif')], output: join(whole, '{stem}-box.tif') },
    { machine: MACHINE },
  );
  for (const name of readdirSync(outputs).filter((each) => each.endsWith('.tif'))) {
    assert.ok(readFileSync(join(outputs, name)).equals(readFileSync(join(whole, name))), name);
  }
});

test('a share of what has none is refused', async () => {
  for (const [args, message] of [
    [['a.tif', '-o', 'b.tif', '--shard', '0/2'], /--shard of one image; expected a job over many images/],
    [
      ['a.tif', 'b.tif', '-o', 'out', '--shard', '0/2', '--coordinator', 'h:1'],
      /--shard and --coordinator; expected one of them/,
    ],
    [['a.tif', 'b.tif', '-o', 'out', '--shard', '2/2'], /Not I\/N with I from 0 to N-1/],
  ] as const) {
    const { code, stderr } = await halotile('process', '--op', 'box:radius=1', ...args);
    assert.equal(code, 2);
    assert.match(stderr, message);
  }
});
