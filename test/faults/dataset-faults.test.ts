import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { JobsClient, resultOf } from '../../library/cluster/jobs-client.js';
import { halotile } from '../../proto/gen/messages.js';
import { datasetSpec, makeDataset, outputsOf, runHere } from '../cluster/dataset-files.js';
import { type Fault, TestCluster } from '../cluster/harness.js';
import { killProcess, serve } from '../support/serve-process.js';

const CHARACTERS = ['archer', 'baker', 'cook', 'dancer', 'elf', 'knight'];

let cluster: TestCluster;
let oracle: Map<string, string>;
const onDisk = (name: string) => join(cluster.root, name);
const inRoot = (name: string) => `root:data/${name}`;

before(async () => {
  cluster = await TestCluster.start();
  await makeDataset(onDisk('set'), CHARACTERS, 8);
  await runHere(datasetSpec(onDisk('set/list.csv'), onDisk('oracle')));
  oracle = outputsOf(onDisk('oracle'));
});
after(() => cluster.close());

const submit = (output: string, more: Parameters<typeof datasetSpec>[2] = {}) =>
  cluster.client.submit(datasetSpec(inRoot('set/list.csv'), inRoot(output), more));

/** Follows a job to its end. */
async function follow(id: string, visit: (event: halotile.v1.WatchJobResponse) => unknown = () => {}) {
  let last: halotile.v1.WatchJobResponse | undefined;
  for await (last of cluster.client.watch(id)) await visit(last);
  return last!;
}

test('workers killed in the middle of counting and of writing change nothing, by reference and inline', async () => {
  for (const roots of [true, false]) {
    const name = `killed-${roots}`;
    const start = () => cluster.worker({ fault: 'slow:30', roots });
    let worker = await start();
    let kills = 0;
    const job = await submit(name);
    const last = await follow(job.id!, async ({ progress }) => {
      const { imagesCounted = 0, imagesDone = 0 } = progress ?? {};
      if (!(kills === 0 && imagesCounted > 5) && !(kills === 1 && imagesDone > 5)) return;
      kills++;
      await worker.end('SIGKILL');
      worker = await start();
    });
    resultOf(last);
    assert.equal(kills, 2);
    assert.deepEqual(outputsOf(onDisk(name)), oracle);
    await worker.end('SIGKILL');
  }
  await cluster.assertClean();
});

test('a cancelled dataset ends at once; submitted again it continues', async () => {
  const worker = await cluster.worker({ fault: 'slow:40', roots: true });
  const job = await submit('cancelled');
  let cancelled = false;
  const last = await follow(job.id!, async ({ progress }) => {
    if (cancelled || (progress?.imagesCounted ?? 0) < 10) return;
    cancelled = true;
    await cluster.client.cancel(job.id!);
  });
  assert.equal(last.state, halotile.v1.JobState.JOB_STATE_CANCELLED);
  await cluster.assertClean();
  assert.equal(existsSync(onDisk('cancelled/.halotile/.incoming')), false);
  const { counts } = resultOf(await follow((await submit('cancelled')).id!));
  assert.equal(counts?.imagesWritten, 49);
  assert.deepEqual(outputsOf(onDisk('cancelled')), oracle);
  await worker.end('SIGTERM');
});

test('a frame that takes every worker with it is reported by name, or stops the job', async () => {
  const fault: Fault = 'crash-frame:cook/003.png';
  let over = false;
  const restart = async () => {
    for (let started = 0; !over && started < 20; started++) {
      const worker = await cluster.worker({ fault, roots: started % 2 === 0, join: false });
      await worker.exited;
    }
  };
  const worker = restart();
  const skipped = await follow((await submit('skipped', { onError: 'skip' })).id!);
  assert.deepEqual([skipped.result?.counts?.imagesFailed, skipped.result?.counts?.imagesWritten], [1, 48]);
  const report = JSON.parse(readFileSync(onDisk('skipped/report.json'), 'utf8'));
  const cook = report.characters.find(({ character }: { character: string }) => character === 'cook');
  assert.equal(cook.failures[0].frame, '003.png');
  assert.match(cook.failures[0].message, /003\.png: 3 workers or threads died/);
  assert.equal(existsSync(onDisk('skipped/cook/003.png')), false);
  for (const [path, content] of oracle) {
    if (!path.startsWith('cook/')) assert.equal(outputsOf(onDisk('skipped')).get(path), content, path);
  }
  const failed = await follow((await submit('failed')).id!);
  assert.throws(() => resultOf(failed), /root:data\/set\/cook\/003\.png: 3 workers or threads died/);
  over = true;
  for (const { process } of cluster.workers) process.kill('SIGKILL');
  await worker;
  await cluster.assertClean();
});

test('kill -9 of the coordinator: the next one goes on, finished characters are left alone', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'halotile-dataset-death-'));
  const root = join(directory, 'data');
  await makeDataset(join(root, 'set'), CHARACTERS, 8);
  let coordinator = await serve(directory, 0);
  const { port } = coordinator;
  const address = `127.0.0.1:${port}`;
  const program = fileURLToPath(new URL('../cluster/faulty-worker.js', import.meta.url));
  const worker = spawn(process.execPath, [program, address, 'slow:40', '1', root], { stdio: 'ignore' });
  const client = new JobsClient({ address });
  try {
    const job = await client.submit(datasetSpec(inRoot('set/list.csv'), inRoot('out')));
    const written = () => CHARACTERS.filter((name) => existsSync(join(root, 'out', name, 'palette.png')));
    const times = () => finished.map((name) => statSync(join(root, 'out', name, '004.png')).mtimeMs);
    let finished: string[] = [];
    let before: number[] = [];
    let last: halotile.v1.WatchJobResponse | undefined;
    for await (last of client.watch(job.id!)) {
      const { charactersDone = 0 } = last.progress ?? {};
      if (finished.length > 0 || charactersDone === 0 || charactersDone === CHARACTERS.length) continue;
      await killProcess(coordinator.process);
      finished = written();
      before = times();
      coordinator = await serve(directory, port);
    }
    const { counts } = resultOf(last!);
    assert.ok(finished.length > 0);
    assert.ok((counts?.imagesReused ?? 0) >= 8);
    assert.deepEqual(times(), before);
    assert.deepEqual(outputsOf(join(root, 'out')), oracle);
    assert.equal(existsSync(join(root, 'out/.halotile/.incoming')), false);
  } finally {
    client.close();
    for (const child of [worker, coordinator.process]) await killProcess(child);
    rmSync(directory, { recursive: true });
  }
});
