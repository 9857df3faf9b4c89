import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { runCollection } from '../../library/calls.js';
import { runCollectionOnCluster } from '../../library/cluster/cluster-collection.js';
import { resultOf } from '../../library/cluster/jobs-client.js';
import type { halotile } from '../../proto/gen/messages.js';
import { type CollectionSpecInput, collectionSpecSchema } from '../../tiling/job/collection-spec.js';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { writeTiff } from '../support/tiff-file.js';
import { TestCluster } from './harness.js';

const NAMES = ['a', 'x/b', 'x/c', 'd', 'e', 'f'];
/** Small images share tasks; the third is too large for that. */
const sizeOf = (name: string) => (name === 'x/c' ? { width: 700, height: 600 } : { width: 300, height: 200 });

let cluster: TestCluster;
const onDisk = (name: string) => join(cluster.root, name);

before(async () => {
  cluster = await TestCluster.start();
  for (const [seed, name] of NAMES.entries()) {
    const random = noise(seed);
    for (const [folder, channels, sample] of [
      ['slides', 3, () => random(256)],
      ['maps', 1, (x: number, y: number) => (x + y + seed) % 9],
    ] as const) {
      const path = onDisk(`${folder}/${name}.tif`);
      mkdirSync(dirname(path), { recursive: true });
      writeTiff(path, imageOf(sizeOf(name), { dtype: 'uint8', channels }, sample), { tile: 64, deflate: true });
    }
  }
  await runCollection(specOf(cluster.root, 'oracle'));
});
after(() => cluster.close());

/** The job below a folder or a root, tiles so small that there are many. */
function specOf(base: string, output: string): CollectionSpecInput {
  return {
    ...{ images: `${base}/slides`, map: `${base}/maps/{dir}/{name}.tif`, output: `${base}/${output}/{dir}/{name}.tif` },
    ...{ operations: [{ name: 'box' }], tile: 64, block: 64 },
  };
}

function assertSame(output: string): void {
  const files = (folder: string) =>
    readdirSync(folder, { recursive: true })
      .map(String)
      .filter((name) => name.endsWith('.tif'))
      .sort();
  assert.deepEqual(files(output), files(onDisk('oracle')));
  for (const name of files(output)) {
    assert.deepEqual(readFileSync(join(output, name)), readFileSync(join(onDisk('oracle'), name)), name);
  }
}

async function run(output: string, more: Partial<CollectionSpecInput> = {}) {
  const spec = collectionSpecSchema.parse({ ...specOf('root:data', output), ...more });
  const job = await cluster.client.submit(spec);
  let last: halotile.v1.WatchJobResponse | undefined;
  for await (last of cluster.client.watch(job.id!));
  return { result: resultOf(last!), job: job.id! };
}

test('two workers, one of which is killed, give the files of a local run; a second job touches nothing', async () => {
  const first = await cluster.worker({ roots: true });
  await cluster.worker();
  const running = run('by-workers');
  await cluster.until(() => readdirSync(cluster.root).includes('by-workers'));
  await first.end('SIGKILL');
  await cluster.worker({ roots: true });
  const { result, job } = await running;
  assert.equal(result.counts?.imagesWritten, NAMES.length);
  assertSame(onDisk('by-workers'));
  const files = [];
  for await (const { name } of cluster.client.results(job)) files.push(name);
  assert.ok(files.includes('report.html') && files.includes('x/b.tif'));
  const again = await run('by-workers');
  assert.equal(again.result.counts?.imagesReused, NAMES.length);
  const report = readFileSync(onDisk('by-workers/report.json'), 'utf8');
  assert.ok(report.includes('root:data/slides/a.tif') && !report.includes(cluster.root));
});

test('local images are sent and their outputs fetched by the names that they have here', async () => {
  const spec = collectionSpecSchema.parse(specOf(cluster.root, 'fetched'));
  const result = await runCollectionOnCluster(spec, { endpoint: { address: cluster.address } });
  assert.deepEqual(result.images, { total: NAMES.length, written: NAMES.length, reused: 0, failed: 0 });
  assertSame(onDisk('fetched'));
});

test('what names lead to outside the roots is refused', async () => {
  await assert.rejects(
    run('up', { output: 'root:data/../{name}.tif' }),
    /out of its root|directory does not exist|leads out/,
  );
  await assert.rejects(run('up', { output: 'root:data/out/{name}/../../../x/{name}.tif' }), /leads out/);
  await assert.rejects(run('up', { images: '/etc' }), /not a name that the cluster knows/);
});
