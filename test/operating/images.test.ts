import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { Access } from '../../coordinator/api/access.js';
import { Audit } from '../../coordinator/api/audit.js';
import { Gate } from '../../coordinator/api/auth.js';
import { failWith, IdleStreams } from '../../coordinator/api/handlers.js';
import { WORKERS_DEFINITION, workersService } from '../../coordinator/api/workers-service.js';
import { Cluster } from '../../coordinator/cluster/cluster.js';
import { ClusterExecutor } from '../../coordinator/cluster/cluster-executor.js';
import { FileThreads } from '../../coordinator/cluster/file-threads.js';
import { DEFAULT_LIMITS, halotileVersion } from '../../coordinator/index.js';
import { openThreads } from '../../library/executor.js';
import { type JobSpec, jobSpecSchema } from '../../tiling/job/job-spec.js';
import { StorageRoots } from '../../tiling/sources/storage-roots.js';
import { textOf } from '../../tiling/words.js';
import type { ImageResult } from '../../tiling/work/images.js';
import { type Fault, TestWorker } from '../cluster/harness.js';
import { writeCase } from '../support/blur-case.js';
import { runEngine } from '../support/engine.js';
import { scratchFolder } from '../support/scratch-folder.js';

const MACHINE = { threads: 1, memoryBytes: 512 << 20 };
const IMAGES = 6;

const root = scratchFolder();
const here = openThreads(MACHINE);
const files = new FileThreads();
const log: string[] = [];
const roots = new StorageRoots({ data: root });
const cluster = new Cluster({
  ...{ limits: DEFAULT_LIMITS, roots, threads: files, nowMs: () => performance.now(), random: Math.random },
  log: (line) => void log.push(line),
});
/** The workers' side of a coordinator; collections have no jobs of the queue here. */
const gate = new Gate({
  ...{ access: new Access({ mutual: false }), audit: new Audit((line) => void log.push(line), Date.now) },
  ...{ maxCalls: Number.POSITIVE_INFINITY, nowMs: Date.now },
});
const server = new Server({ interceptors: [gate.interceptor] });
let address: string;
const workers: TestWorker[] = [];

before(async () => {
  const fail = failWith(
    () => {},
    (text) => text,
  );
  const means = { cluster, roots, threads: files, fail, newId: () => randomUUID(), version: halotileVersion() };
  server.addService(WORKERS_DEFINITION, workersService({ ...means, name: 'test' }, new IdleStreams()));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  address = `127.0.0.1:${port}`;
});
after(async () => {
  for (const worker of workers) worker.process.kill('SIGKILL');
  cluster.close();
  server.forceShutdown();
  await files.close();
  await here.close();
});

function startWorker(fault: Fault, sees: boolean): TestWorker {
  const program = fileURLToPath(new URL('../cluster/faulty-worker.js', import.meta.url));
  const args = [program, address, fault, '1', sees ? root : ''];
  const worker = new TestWorker(spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'pipe'] }));
  workers.push(worker);
  return worker;
}

/** Pairs of small images and maps in a folder, what a job by itself makes of each, and where the task's go. */
async function makePairs(name: string): Promise<{ readonly specs: JobSpec[]; readonly alone: Buffer[] }> {
  const specs: JobSpec[] = [];
  const alone: Buffer[] = [];
  for (let seed = 0; seed < IMAGES; seed++) {
    const folder = join(root, name, `${seed}`);
    mkdirSync(folder, { recursive: true });
    const pair = writeCase(
      {
        ...{ size: { width: 70 + seed, height: 50 }, dtype: 'uint8', channels: 3, border: 'clip', seed },
        ...{ mapDtype: seed % 2 === 0 ? 'uint8' : 'float32', weighted: false },
      },
      folder,
    );
    const image = join(folder, `${seed}.tif`);
    copyFileSync(pair.image, image);
    const spec = jobSpecSchema.parse({ ...pair, image });
    await runEngine(spec, { threads: 1 });
    alone.push(readFileSync(spec.output));
    specs.push({ ...spec, output: join(folder, 'task.tif') });
  }
  return { specs, alone };
}

/** One task of several images as a coordinator gives it to its workers. */
async function runImages(specs: readonly JobSpec[]): Promise<readonly ImageResult[]> {
  const executor = new ClusterExecutor(cluster, { id: 'images', priority: 0, onWaiting: () => {} }, here);
  const job = {
    ...{ key: randomUUID(), inputs: [], failsAlone: true },
    incoming: join(root, '.incoming', randomUUID()),
  };
  const data = { jobs: specs.map((spec, index) => ({ index, spec })), machine: MACHINE };
  try {
    const { value } = await executor.run(job, { kind: 'images', stage: 0, index: 0, attempt: 1, data });
    return value.results;
  } finally {
    await executor.closeJob(job.key);
    await executor.close();
  }
}

function assertWritten(results: readonly ImageResult[], { specs, alone }: Awaited<ReturnType<typeof makePairs>>): void {
  assert.deepEqual(
    results.map(({ index }) => index),
    specs.map((_, index) => index),
  );
  for (const [index, result] of results.entries()) {
    if ('error' in result) continue;
    assert.ok(readFileSync(specs[index]!.output).equals(alone[index]!), `image ${index} has other bytes`);
  }
}

for (const sees of [true, false]) {
  const how = sees ? 'by reference' : 'inline';

  test(`${how}: the outputs are those of jobs by themselves`, async () => {
    const pairs = await makePairs(`good-${sees}`);
    const worker = startWorker('none', sees);
    const results = await runImages(pairs.specs);
    assert.ok(
      results.every((result) => 'figures' in result),
      JSON.stringify(results),
    );
    assertWritten(results, pairs);
    await worker.end('SIGTERM');
    assert.equal(existsSync(join(root, '.incoming')), false);
  });

  test(`${how}: a damaged image is one result's error, in the coordinator's name, and the others are written`, async () => {
    const pairs = await makePairs(`damaged-${sees}`);
    const { image } = pairs.specs[2]!;
    writeFileSync(image, readFileSync(image).subarray(0, 60));
    const worker = startWorker('none', sees);
    const results = await runImages(pairs.specs);
    const failed = results.filter((result) => 'error' in result);
    assert.equal(failed.length, 1);
    assert.equal(failed[0]!.index, 2);
    const { tag, detail } = failed[0]!.error;
    assert.equal(tag, 'bad-input');
    assert.ok(JSON.stringify(detail).includes(image), JSON.stringify(detail));
    assert.equal(existsSync(pairs.specs[2]!.output), false);
    assertWritten(results, pairs);
    await worker.end('SIGTERM');
  });
}

test('an image that takes every worker with it is known by name, and the others are written', async () => {
  const pairs = await makePairs('poison');
  let over = false;
  const restarting = (async () => {
    for (let started = 0; !over && started < 20; started++) {
      await startWorker('crash-frame:/4.tif', started % 2 === 0).exited;
    }
  })();
  const results = await runImages(pairs.specs);
  over = true;
  for (const { process } of workers) process.kill('SIGKILL');
  await restarting;
  const failed = results.filter((result) => 'error' in result);
  assert.deepEqual(
    failed.map(({ index, error }) => ({ index, file: error.detail.file })),
    [{ index: 4, file: pairs.specs[4]!.image }],
  );
  assert.match(textOf(failed[0]!.error.detail.what), /workers or threads died/);
  assertWritten(results, pairs);
  assert.deepEqual(
    readdirSync(join(root, 'poison', '4')).filter((name) => name === 'task.tif'),
    [],
  );
});
