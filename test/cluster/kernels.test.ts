import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { resultOf } from '../../library/cluster/jobs-client.js';
import { halotile } from '../../proto/gen/messages.js';
import { kernelsOf, NO_PROC, ticksOf, until } from '../support/kernel-processes.js';
import { endlessFrom, HIDDEN_TABLE, wasmModule } from '../support/wasm-module.js';
import { TestCluster, type TestWorker } from './harness.js';
import { blurSpec } from './scene-files.js';

// What a client's module does to a coordinator and its workers: nothing.

const { JobState } = halotile.v1;
const HOUR_MS = 3_600_000;
let cluster: TestCluster;
let worker: TestWorker;
before(async () => {
  cluster = await TestCluster.start();
  writeFileSync(join(cluster.root, 'endless.wasm'), wasmModule({ pixel: endlessFrom(0) }));
  writeFileSync(join(cluster.root, 'hidden.wasm'), wasmModule({ pixel: HIDDEN_TABLE }));
  worker = await cluster.worker({ roots: true });
});
after(() => cluster.close());

const inRoot = (name: string) => `root:data/${name}`;
const kernelJob = (output: string, module: string, limitMs = HOUR_MS) =>
  blurSpec(inRoot, inRoot(output), {
    map: undefined,
    operations: [{ name: 'custom', params: { module: inRoot(module), limitMs } }],
  });

async function last(id: string): Promise<halotile.v1.WatchJobResponse> {
  let seen: halotile.v1.WatchJobResponse | undefined;
  for await (const event of cluster.client.watch(id)) seen = event;
  return seen!;
}

/** The process of a kernel that has begun on the worker. */
function kernelOfWorker(): Promise<number> {
  return until(() => kernelsOf(worker.process.pid!).find((pid) => ticksOf(pid) > 60));
}

/** The worker takes part as before, in its first process and its first session. */
async function assertUnharmed(output: string): Promise<void> {
  const job = await cluster.client.submit(blurSpec(inRoot, inRoot(output)));
  resultOf(await last(job.id!));
  assert.equal(cluster.log.filter((line) => / joined /.test(line)).length, 1);
  assert.equal(worker.process.exitCode, null);
}

test('a module that hides what it holds is refused where it is planned', async () => {
  const job = await cluster.client.submit(kernelJob('hidden.tif', 'hidden.wasm'));
  const { failure } = await last(job.id!);
  assert.equal(failure?.tag, 'bad-usage');
  await assertUnharmed('after-hidden.tif');
});

test('a kernel out of time fails its job at the first attempt', async () => {
  const job = await cluster.client.submit(kernelJob('late.tif', 'endless.wasm', 300));
  const end = await last(job.id!);
  assert.equal(end.failure?.tag, 'kernel-failed');
  assert.equal(cluster.log.filter((line) => line.includes(`job ${job.id} starts`)).length, 1);
  await assertUnharmed('after-late.tif');
});

test('the death of a kernel fails its job and harms no worker', { skip: NO_PROC }, async () => {
  const job = await cluster.client.submit(kernelJob('killed.tif', 'endless.wasm'));
  process.kill(await kernelOfWorker(), 'SIGKILL');
  const { failure } = await last(job.id!);
  assert.equal(failure?.tag, 'kernel-failed');
  assert.match(failure?.what ?? '', /the kernel ended its process \(SIGKILL\)/);
  await assertUnharmed('after-killed.tif');
});

test('a job that is cancelled frees its worker of a kernel with an hour to go', { skip: NO_PROC }, async () => {
  const job = await cluster.client.submit(kernelJob('cancelled.tif', 'endless.wasm'));
  await kernelOfWorker();
  await cluster.client.cancel(job.id!);
  assert.equal((await last(job.id!)).state, JobState.JOB_STATE_CANCELLED);
  await assertUnharmed('after-cancelled.tif');
});
