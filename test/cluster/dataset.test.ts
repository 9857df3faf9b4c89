import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { resultOf } from '../../cli/client.js';
import { halotile } from '../../proto/gen/messages.js';
import { datasetSpec, makeDataset, outputsOf, runHere } from './dataset-files.js';
import { TestCluster } from './harness.js';

const { JobState } = halotile.v1;

let cluster: TestCluster;
let oracle: Map<string, string>;
const onDisk = (name: string) => join(cluster.root, name);
const inRoot = (name: string) => `root:data/${name}`;

before(async () => {
  cluster = await TestCluster.start();
  await makeDataset(onDisk('set'), ['knight', 'mage'], 24);
  await runHere(datasetSpec(onDisk('set/list.csv'), onDisk('oracle')));
  oracle = outputsOf(onDisk('oracle'));
});
after(() => cluster.close());

async function run(output: string, more: Parameters<typeof datasetSpec>[2] = {}) {
  const job = await cluster.client.submit(datasetSpec(inRoot('set/list.csv'), inRoot(output), more));
  const states = new Set<halotile.v1.JobState>();
  let last: halotile.v1.WatchJobResponse | undefined;
  for await (last of cluster.client.watch(job.id!)) states.add(last.state);
  return { result: resultOf(last!), states, last: last! };
}

test('a dataset waits for a worker, which reads and writes by reference; the files are the local run’s', async () => {
  const running = run('by-reference');
  await cluster.until(() => cluster.log.some((line) => line.includes('starts, attempt')));
  const worker = await cluster.worker({ roots: true });
  const { result, states, last } = await running;
  assert.deepEqual(outputsOf(onDisk('by-reference')), oracle);
  assert.ok(states.has(JobState.JOB_STATE_WAITING_FOR_WORKERS));
  assert.equal(result.counts?.imagesWritten, 49);
  assert.deepEqual([last.progress?.imagesDone, last.progress?.charactersDone], [49, 2]);
  assert.deepEqual(readdirSync(onDisk('by-reference/.halotile')).sort(), ['knight', 'mage']);
  assert.equal(worker.log.includes('once more'), false);
  await cluster.assertClean();
});

test('the same files from a worker that sees no storage, and from three of both kinds', async () => {
  await cluster.workers[0]!.end('SIGTERM');
  await cluster.worker();
  await run('inline');
  assert.deepEqual(outputsOf(onDisk('inline')), oracle);
  await run('inline-twice', { spillBytes: 0 });
  assert.deepEqual(outputsOf(onDisk('inline-twice')), oracle);
  await cluster.worker({ roots: true });
  await cluster.worker();
  await run('mixed');
  assert.deepEqual(outputsOf(onDisk('mixed')), oracle);
  await cluster.assertClean();
});
