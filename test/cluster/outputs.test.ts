import assert from 'node:assert/strict';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import { halotile as command } from '../support/run-halotile.js';
import { TestCluster } from './harness.js';

let cluster: TestCluster;
before(async () => {
  cluster = await TestCluster.start();
});
after(() => cluster.close());

const operations = [{ name: 'box', params: { radius: 1 } }];
const onDisk = (name: string) => join(cluster.root, name);

test('no job of a cluster writes over what it reads, under any name in its roots', async () => {
  const image = onDisk('raw.tif');
  const held = readFileSync(image);
  mkdirSync(onDisk('deep'));
  linkSync(image, onDisk('hard.tif'));
  symlinkSync('../raw.tif', onDisk('deep/soft.tif'));
  for (const name of ['raw.tif', 'deep/../raw.tif', 'hard.tif', 'deep/soft.tif']) {
    const spec = { image: 'root:data/raw.tif', output: `root:data/${name}`, operations };
    await assert.rejects(cluster.client.submit(spec), /also an input|leads out/, name);
    await assert.rejects(cluster.client.plan(spec), /also an input|leads out/, name);
  }
  mkdirSync(onDisk('folder.tif'));
  const folder = { image: 'root:data/raw.tif', output: 'root:data/folder.tif', operations };
  await assert.rejects(cluster.client.submit(folder), /the output is a directory/);
  assert.ok(readFileSync(image).equals(held));
});

test('a plan leaves no scratch, and what a death left of scratch and probes is gone after the next start', async () => {
  const png = onDisk('picture.png');
  await sharp({ create: { width: 700, height: 500, channels: 3, background: '#345' } })
    .png()
    .toFile(png);
  const scratch = join(cluster.directory, 'state', 'scratch');
  await cluster.client.plan({ image: 'root:data/picture.png', output: 'root:data/planned.tif', operations });
  assert.deepEqual(readdirSync(scratch), []);

  const state = join(cluster.directory, 'dead-state');
  mkdirSync(join(state, 'scratch', 'plan-0'), { recursive: true });
  const [left, waiting, mine] = ['.halotile-probe-1-answer', '.halotile-probe-2', '.halotile-probes.txt'].map(onDisk);
  for (const path of [left!, waiting!, mine!]) writeFileSync(path, 'x');
  for (const path of [left!, mine!]) utimesSync(path, 1, 1);
  const other = await TestCluster.start({}, { stateDirectory: state, roots: { data: cluster.root } });
  try {
    assert.deepEqual(readdirSync(join(state, 'scratch')), []);
    assert.deepEqual(
      [left!, waiting!, mine!].map((path) => existsSync(path)),
      [false, true, true],
    );
  } finally {
    await other.close();
  }
});

test('a client fetches no output over an input of its own', async () => {
  const image = join(cluster.directory, 'local.tif');
  writeFileSync(image, readFileSync(onDisk('raw.tif')));
  symlinkSync('local.tif', join(cluster.directory, 'other.tif'));
  for (const output of [image, join(cluster.directory, 'other.tif')]) {
    const args = ['process', image, '-o', output, '--op', 'box:radius=1', '--coordinator', cluster.address];
    const { code, stderr } = await command(...args);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /the output is also an input/);
  }
  assert.equal(existsSync(join(cluster.directory, 'state', 'uploads')), false);
  assert.ok(readFileSync(image).equals(readFileSync(onDisk('raw.tif'))));
});
