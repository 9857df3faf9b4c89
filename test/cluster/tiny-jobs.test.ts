import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { resultOf } from '../../library/cluster/jobs-client.js';
import { halotile } from '../../proto/gen/messages.js';
import type { HalotileError } from '../../tiling/errors.js';
import { type JobSpecInput, jobSpecSchema } from '../../tiling/job/job-spec.js';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { writeTiff } from '../support/tiff-file.js';
import { TestCluster } from './harness.js';
import { local } from './scene-files.js';

let cluster: TestCluster;
const onDisk = (name: string) => join(cluster.root, name);

before(async () => {
  cluster = await TestCluster.start();
  const random = noise(5);
  const write = (name: string, channels: 1 | 3, sample: (x: number, y: number) => number) =>
    writeTiff(onDisk(name), imageOf({ width: 60, height: 50 }, { dtype: 'uint8', channels }, sample), { tile: 64 });
  write('tiny.tif', 3, () => random(256));
  write('tiny-map.tif', 1, (x, y) => (x + y) % 9);
});
after(() => cluster.close());

const CHAIN: JobSpecInput['operations'] = [
  { name: 'box', params: { radius: 2 } },
  { name: 'gaussian', params: { sigma: 1.5 } },
];

/** Tiny jobs: by map, of several operations, with overviews of one level, as a picture. */
const JOBS: Record<string, (place: (name: string) => string) => Omit<JobSpecInput, 'output'>> = {
  'by-map.tif': (place) => ({ image: place('tiny.tif'), map: place('tiny-map.tif'), operations: [{ name: 'box' }] }),
  'chain.tif': (place) => ({ image: place('tiny.tif'), operations: CHAIN }),
  'picture.png': (place) => ({ image: place('tiny.tif'), operations: [{ name: 'box', params: { radius: 3 } }] }),
};

async function run(output: string, job: Omit<JobSpecInput, 'output'>): Promise<halotile.v1.WatchJobResponse> {
  const { id } = await cluster.client.submit(jobSpecSchema.parse({ ...job, output: `root:data/${output}` }));
  let last: halotile.v1.WatchJobResponse | undefined;
  for await (last of cluster.client.watch(id!));
  return last!;
}

test('a tiny job is one task of a worker that sees its files or does not, and makes the file of a job by itself', async () => {
  for (const [name, job] of Object.entries(JOBS)) {
    await local(jobSpecSchema.parse({ ...job(onDisk), output: onDisk(`oracle-${name}`) }));
  }
  for (const roots of [true, false]) {
    const worker = await cluster.worker({ roots });
    for (const [name, job] of Object.entries(JOBS)) {
      const output = `${roots ? 'seen' : 'sent'}-${name}`;
      const last = await run(
        output,
        job((path) => `root:data/${path}`),
      );
      const result = resultOf(last);
      assert.equal(result.seconds!.assemble, 0, 'it was put together by a job of its own');
      assert.deepEqual(readFileSync(onDisk(output)), readFileSync(onDisk(`oracle-${name}`)), output);
      assert.equal(Number(last.progress!.tilesDone), result.tiles);
    }
    await worker.end('SIGTERM');
    await cluster.assertClean();
  }
  assert.deepEqual(
    readdirSync(cluster.root).filter((name) => name.startsWith('.')),
    [],
  );
});

test('a tiny job replaces an output and continues an unfinished one as any other does', async () => {
  const worker = await cluster.worker({ roots: true });
  const job = JOBS['by-map.tif']!((path) => `root:data/${path}`);
  writeFileSync(onDisk('old.tif'), 'old', { mode: 0o640 });
  assert.ok(resultOf(await run('old.tif', job)).seconds!.assemble! > 0);
  assert.deepEqual(readFileSync(onDisk('old.tif')), readFileSync(onDisk('oracle-by-map.tif')));
  await worker.end('SIGTERM');
});

test('a tiny image that cannot be read fails its job in the words of a job by itself', async () => {
  const worker = await cluster.worker({ roots: true });
  writeFileSync(onDisk('short.tif'), readFileSync(onDisk('tiny.tif')));
  truncateSync(onDisk('short.tif'), 9000);
  const job = { image: 'root:data/short.tif', operations: [{ name: 'box', params: { radius: 1 } }] };
  const { state, failure } = await run('short-out.tif', job);
  assert.equal(state, halotile.v1.JobState.JOB_STATE_FAILED);
  const here = local({ ...job, image: onDisk('short.tif'), output: onDisk('here.tif') });
  await assert.rejects(here, (error: HalotileError) => error.detail.what === failure!.what);
  assert.equal(existsSync(onDisk('short-out.tif')), false);
  await worker.end('SIGTERM');
  await cluster.assertClean();
});

test('tiny jobs that come at once are all made, whatever is wrong with one of them', async () => {
  const worker = await cluster.worker({ roots: true });
  const broken = 7;
  const ends = await Promise.all(
    Array.from({ length: 24 }, (_, index) =>
      run(`at-once-${index}.tif`, {
        ...JOBS['by-map.tif']!((path) => `root:data/${path}`),
        ...(index === broken && { image: 'root:data/short.tif', map: undefined }),
        ...(index === broken && { operations: [{ name: 'box', params: { radius: 1 } }] }),
      }),
    ),
  );
  const oracle = readFileSync(onDisk('oracle-by-map.tif'));
  for (const [index, last] of ends.entries()) {
    if (index === broken) assert.equal(last.state, halotile.v1.JobState.JOB_STATE_FAILED);
    else {
      assert.equal(resultOf(last).seconds!.assemble, 0, `job ${index} was put together by a job of its own`);
      assert.ok(readFileSync(onDisk(`at-once-${index}.tif`)).equals(oracle), `job ${index}`);
    }
  }
  assert.equal(existsSync(onDisk(`at-once-${broken}.tif`)), false);
  await worker.end('SIGTERM');
  await cluster.assertClean();
});

test('a tiny job that waits for a worker can be cancelled', async () => {
  const job = JOBS['by-map.tif']!((path) => `root:data/${path}`);
  const { id } = await cluster.client.submit(jobSpecSchema.parse({ ...job, output: 'root:data/never.tif' }));
  let state: halotile.v1.JobState | null | undefined;
  for await ({ state } of cluster.client.watch(id!)) {
    if (state === halotile.v1.JobState.JOB_STATE_WAITING_FOR_WORKERS) await cluster.client.cancel(id!);
  }
  assert.equal(state, halotile.v1.JobState.JOB_STATE_CANCELLED);
  assert.equal(existsSync(onDisk('never.tif')), false);
});
