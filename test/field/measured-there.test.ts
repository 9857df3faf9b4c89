import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { measureLabels, runJob } from '../../library/calls.js';
import { runOnCluster } from '../../library/cluster/cluster-run.js';
import { resultOf } from '../../library/cluster/jobs-client.js';
import type { halotile } from '../../proto/gen/messages.js';
import { type JobSpecInput, jobSpecSchema } from '../../tiling/job/job-spec.js';
import { TestCluster, type TestWorker } from '../cluster/harness.js';
import { SCENE } from '../cluster/scene-files.js';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';

const folder = scratchFolder();
let cluster: TestCluster;
const onDisk = (name: string) => join(cluster.root, name);
const inRoot = (name: string) => `root:data/${name}`;

before(async () => {
  cluster = await TestCluster.start();
  const next = noise(8);
  const labels = imageOf(SCENE, { dtype: 'uint16', channels: 1 }, (x, y) => {
    return next(7) === 0 ? 0 : 1 + (x >> 4) + 100 * (y >> 5);
  });
  writeTiff(onDisk('labels.tif'), labels, { tile: 128, deflate: true });
  writeTiff(
    onDisk('floats.tif'),
    imageOf(SCENE, { dtype: 'float32', channels: 1 }, (x, y) => Math.sin(x / 50) * y + next(100) / 3),
    { tile: 128, deflate: true },
  );
});
after(() => cluster.close());

/** The job over the same files wherever they are named. */
function specOf(place: (name: string) => string, output: string): JobSpecInput {
  const measure = { images: [place('raw.tif'), place('floats.tif')] };
  return { image: place('labels.tif'), operations: [], measure, output: place(output), tile: 256 };
}

async function submitted(spec: JobSpecInput): Promise<halotile.v1.IJobResult> {
  const job = await cluster.client.submit(jobSpecSchema.parse(spec));
  let event: halotile.v1.WatchJobResponse | undefined;
  for await (event of cluster.client.watch(job.id!));
  return resultOf(event!);
}

test('a table that workers measure, by reference or sent to, is that of this machine in every byte', async () => {
  const oracles: Record<string, Buffer> = {};
  for (const ending of ['csv', 'jsonl']) {
    const spec = specOf(onDisk, `oracle.${ending}`);
    await runJob(spec, { threads: 2 });
    oracles[ending] = readFileSync(spec.output);
  }
  for (const roots of [true, false]) {
    const worker = await cluster.worker({ roots });
    for (const [ending, oracle] of Object.entries(oracles)) {
      const result = await submitted(specOf(inRoot, `${roots}.${ending}`));
      assert.ok(readFileSync(onDisk(`${roots}.${ending}`)).equals(oracle));
      assert.equal(result.outputBytes, oracle.length);
      assert.equal(result.tiles, 6 * 5);
      assert.equal(
        result.counts?.labels,
        ending === 'csv' ? oracle.toString().split('\n').length - 2 : result.counts?.labels,
      );
      assert.equal(existsSync(onDisk(`${roots}.${ending}.partial`)), false);
    }
    await cluster.assertClean();
    await worker.end('SIGTERM');
  }
});

test('a worker dies with a part, and another one measures it; every result is compared', async () => {
  const dying = await cluster.worker({ roots: true, fault: 'slow:100' });
  const job = await cluster.client.submit(jobSpecSchema.parse(specOf(inRoot, 'dies.csv')), { verifyEvery: 2 });
  const workers: TestWorker[] = [];
  let event: halotile.v1.WatchJobResponse | undefined;
  for await (event of cluster.client.watch(job.id!)) {
    if (workers.length > 0 || (event.progress?.tilesDone ?? 0) < 3) continue;
    await dying.end('SIGKILL');
    workers.push(await cluster.worker({ roots: true }), await cluster.worker());
  }
  resultOf(event!);
  assert.equal(workers.length, 2);
  assert.ok(readFileSync(onDisk('dies.csv')).equals(readFileSync(onDisk('oracle.csv'))));
  for (const worker of workers) await worker.end('SIGTERM');
});

test('local labels and images are sent, the operations that make the labels run there, and the table is fetched', async () => {
  const worker = await cluster.worker();
  const operations = [{ name: 'threshold', params: { value: 12 } }, { name: 'label' }];
  const labels = onDisk('map.tif');
  const images = [onDisk('floats.tif')];
  const oracle = join(folder, 'oracle.csv');
  await measureLabels({ labels, operations, images, output: oracle });
  const output = join(folder, 'fetched.csv');
  const spec = { image: labels, operations, measure: { images }, output };
  const { bytes } = await runOnCluster(jobSpecSchema.parse(spec), { endpoint: { address: cluster.address } });
  assert.equal(bytes.output, readFileSync(oracle).length);
  assert.ok(readFileSync(output).equals(readFileSync(oracle)));
  await worker.end('SIGTERM');
});

test('what cannot be measured is refused with the field, or in a sentence with the file by its name', async () => {
  const named = specOf(inRoot, 'refused.csv');
  const refused = async (spec: JobSpecInput, message: RegExp) => {
    await assert.rejects(submitted(spec), message);
    assert.equal(existsSync(onDisk('refused.csv.partial')), false);
  };
  await refused({ ...named, measure: { images: [inRoot('absent.tif')] } }, /absent\.tif/);
  await refused(
    { ...named, image: inRoot('floats.tif') },
    /root:data\/floats\.tif.*labels of 1 channels of float32|labels of 1 channels of float32.*root:data\/floats\.tif/,
  );
  await assert.rejects(cluster.client.plan(jobSpecSchema.parse(named)), /a plan of measurements/);
});
