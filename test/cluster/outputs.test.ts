import assert from 'node:assert/strict';
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
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
  assert.deepEqual(readdirSync(cluster.directory).sort(), ['data', 'local.tif', 'other.tif', 'state']);
});
