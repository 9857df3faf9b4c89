import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { resultOf } from '../../library/cluster/jobs-client.js';
import { GpuExecutor } from '../../worker/index.js';
import { TestCluster, TestWorker } from '../cluster/harness.js';
import { blurSpec, local } from '../cluster/scene-files.js';
import { runEngine } from '../support/engine.js';

const CLI = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

const probe = await GpuExecutor.open({ threads: 1, name: 'probe' });
const skip = probe instanceof GpuExecutor ? false : probe.reason;
if (probe instanceof GpuExecutor) await probe.close();

/** A worker on the GPU, which says what GPU that is when it joins. */
async function gpuWorker(cluster: TestCluster): Promise<TestWorker> {
  const flags = ['--coordinator', cluster.address, '--root', `data=${cluster.root}`, '--backend', 'gpu'];
  const gpu = spawn(process.execPath, [CLI, 'worker', ...flags, '--threads', '2', '--gpu-memory', '512'], {
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  const worker = new TestWorker(gpu);
  cluster.workers.push(worker);
  await cluster.until(() => cluster.log.some((line) => /joined .*gpu: .*gpu driver: .*gpu memory: 512 MiB/.test(line)));
  return worker;
}

test('bounded operations of a job run on the GPU that all workers have', { skip }, async () => {
  const cluster = await TestCluster.start();
  try {
    const onDisk = (name: string) => join(cluster.root, name);
    const smooth = (place: (name: string) => string, output: string) =>
      blurSpec(place, output, {
        map: undefined,
        operations: [{ name: 'gaussian', params: { sigma: 3 } }],
        dtype: 'float32',
      });
    const own = await GpuExecutor.open({ threads: 1, name: 'own' });
    assert.ok(own instanceof GpuExecutor);
    const [backend] = own.boundedBackends;
    await runEngine(smooth(onDisk, onDisk('oracle.tif')), { executor: own });
    await own.close();
    const worker = await gpuWorker(cluster);
    const job = await cluster.client.submit(smooth((name) => `root:data/${name}`, 'root:data/out.tif'));
    await cluster.until(() => existsSync(onDisk('out.tif.partial/job.json')));
    const pinned = () => JSON.parse(readFileSync(onDisk('out.tif.partial/job.json'), 'utf8')).pinned.boundedBackend;
    assert.equal(pinned(), backend);
    let event: Parameters<typeof resultOf>[0] | undefined;
    for await (event of cluster.client.watch(job.id!));
    resultOf(event!);
    assert.ok(readFileSync(onDisk('out.tif')).equals(readFileSync(onDisk('oracle.tif'))));
    assert.equal(await worker.end('SIGTERM'), 0);
  } finally {
    await cluster.close();
  }
});

test('a GPU worker and a processor worker share a job and give the bytes of one machine', { skip }, async () => {
  const cluster = await TestCluster.start();
  try {
    const onDisk = (name: string) => join(cluster.root, name);
    await local(blurSpec(onDisk, onDisk('oracle.tif')));
    await gpuWorker(cluster);
    // It is slow, so that the other one has its kernels checked before the job is over.
    await cluster.worker({ roots: true, fault: 'slow:150' });
    const job = await cluster.client.submit(blurSpec((name) => `root:data/${name}`, 'root:data/out.tif'));
    // Both have committed tiles, each into part files of its own, before either has nothing left to do.
    const parts = () => readdirSync(onDisk('out.tif.partial'), { recursive: true }).map(String);
    await cluster.until(() => {
      const names = existsSync(onDisk('out.tif.partial')) ? parts().filter((name) => /part-/.test(name)) : [];
      return names.some((name) => name.includes('-gpu')) && names.some((name) => !name.includes('-gpu'));
    });
    await finished(cluster, job.id!);
    assert.ok(readFileSync(onDisk('out.tif')).equals(readFileSync(onDisk('oracle.tif'))));

    // What rounds differently on a GPU is computed by processors, so that all tiles have the same roundings.
    const operations = [{ name: 'box' }, { name: 'std', params: { window: 5 } }];
    const spread = { operations, mapping: { max: 64 } };
    await local(blurSpec(onDisk, onDisk('spread-oracle.tif'), spread));
    const bounded = blurSpec((name) => `root:data/${name}`, 'root:data/spread.tif', spread);
    await finished(cluster, (await cluster.client.submit(bounded)).id!);
    assert.ok(readFileSync(onDisk('spread.tif')).equals(readFileSync(onDisk('spread-oracle.tif'))));
    await cluster.assertClean();
    assert.equal(await cluster.workers[0]!.end('SIGTERM'), 0);
  } finally {
    await cluster.close();
  }
});

async function finished(cluster: TestCluster, job: string): Promise<void> {
  let event: Parameters<typeof resultOf>[0] | undefined;
  for await (event of cluster.client.watch(job));
  resultOf(event!);
}
