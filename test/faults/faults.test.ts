import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { resultOf } from '../../library/cluster/jobs-client.js';
import { halotile } from '../../proto/gen/messages.js';
import { TestCluster } from '../cluster/harness.js';
import { blurSpec, local } from '../cluster/scene-files.js';
import { TcpProxy } from './tcp-proxy.js';

const { JobState } = halotile.v1;
/** Short, so that a lost worker is noticed while the test watches. */
const LIMITS = { leaseMs: 1_500, minLateMs: 200 };
const TILES = 30;

let cluster: TestCluster;
before(async () => {
  cluster = await TestCluster.start(LIMITS);
  await local(blurSpec(onDisk, onDisk('oracle.tif')));
});
after(() => cluster.close());
const proxies: TcpProxy[] = [];
/** Where the log of this test begins. */
let from = 0;
beforeEach(() => {
  from = cluster.log.length;
});
afterEach(async () => {
  for (const proxy of proxies.splice(0)) proxy.close();
  await Promise.all(cluster.workers.splice(0).map((worker) => worker.end('SIGKILL')));
  await cluster.until(() => cluster.coordinator.figures.workers === 0);
});

const inRoot = (name: string) => `root:data/${name}`;
const onDisk = (name: string) => join(cluster.root, name);

/** Submits the blur; `at` is called once when so many tiles are committed. */
async function run(output: string, at: Record<number, () => unknown> = {}): Promise<halotile.v1.WatchJobResponse> {
  const job = await cluster.client.submit(blurSpec(inRoot, inRoot(output)));
  const actions = Object.entries(at).map(([tiles, action]) => ({ tiles: Number(tiles), action }));
  let last: halotile.v1.WatchJobResponse | undefined;
  for await (const event of cluster.client.watch(job.id!)) {
    last = event;
    while (actions.length > 0 && (event.progress?.tilesDone ?? 0) >= actions[0]!.tiles) await actions.shift()!.action();
  }
  assert.equal(actions.length, 0, 'the job was over before the fault');
  return last!;
}

/** The checker: the oracle's bytes, every tile counted once, nothing left behind. */
async function assertRight(output: string, last: halotile.v1.WatchJobResponse): Promise<void> {
  const result = resultOf(last);
  assert.ok(readFileSync(onDisk(output)).equals(readFileSync(onDisk('oracle.tif'))), "the bytes are the oracle's");
  assert.equal(last.progress?.tilesDone, result.tiles);
  assert.equal(result.counts?.tilesResumed, 0);
  assert.ok(!cluster.log.slice(from).some((line) => line.includes('ALARM')));
  await cluster.assertClean();
}

test('kill -9 in the middle: the other worker finishes', async () => {
  const victim = await cluster.worker({ fault: 'slow:60', threads: 2 });
  await cluster.worker({ fault: 'slow:60', threads: 2, roots: true });
  const last = await run('killed.tif', { 5: () => victim.end('SIGKILL') });
  await assertRight('killed.tif', last);
});

test('a worker that stops past its lease and wakes up again changes nothing', async () => {
  const sleeper = await cluster.worker({ fault: 'slow:50', threads: 2 });
  await cluster.worker({ fault: 'slow:50' });
  const last = await run('slept.tif', { 4: () => sleeper.process.kill('SIGSTOP') });
  const rejoined = () => cluster.log.filter((line) => / joined /.test(line)).length;
  const before = rejoined();
  sleeper.process.kill('SIGCONT');
  await assertRight('slept.tif', last);
  await cluster.until(() => rejoined() > before || cluster.coordinator.figures.workers === 2);
});

test('a slow worker does not hold the job up: its last tiles run twice', async () => {
  await cluster.worker({ fault: 'slow:1200' });
  await cluster.worker({ fault: 'slow:5', threads: 2 });
  const last = await run('slow.tif');
  await assertRight('slow.tif', last);
  assert.ok(cluster.log.slice(from).some((line) => line.includes('attempt 2')));
});

test('a tile that kills its workers fails its job by name after three, another job goes on', async () => {
  const crash = () => cluster.worker({ fault: 'crash:7', threads: 2 });
  let deaths = 0;
  let over = false;
  const keepAlive = async () => {
    while (!over) {
      const worker = await crash();
      void worker.exited.then((code) => {
        if (code === 3) deaths++;
      });
      await Promise.race([worker.exited, ended]);
    }
  };
  let end: () => void = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const alive = keepAlive();
  const last = await run('poison.tif');
  over = true;
  end();
  await alive;
  assert.equal(last.state, JobState.JOB_STATE_FAILED);
  assert.equal(last.failure?.tag, 'tile-poisoned');
  assert.equal(last.failure?.tile?.index, 7);
  // The coordinator may hear of the last death before this process does.
  await cluster.until(() => deaths >= 3);
  assert.equal(deaths, 3);
  // The same output again: its tiles were kept, and a sound worker finishes the rest.
  await cluster.worker({ threads: 2 });
  const again = await run('poison.tif');
  assert.ok((resultOf(again).counts?.tilesResumed ?? 0) > 0);
  assert.ok(readFileSync(onDisk('poison.tif')).equals(readFileSync(onDisk('oracle.tif'))));
  await cluster.assertClean();
});

test('a tile that never ends is given up after its time, three times, and the worker lives on', async () => {
  const strict = await TestCluster.start({ attemptLimitMs: 1_500 });
  try {
    const worker = await strict.worker({ fault: 'hang:3', threads: 2 });
    const job = await strict.client.submit(blurSpec(inRoot, inRoot('hung.tif')));
    let last: halotile.v1.WatchJobResponse | undefined;
    for await (last of strict.client.watch(job.id!));
    assert.equal(last?.failure?.tag, 'tile-poisoned');
    assert.equal(last?.failure?.tile?.index, 3);
    assert.equal(worker.process.exitCode, null);
    await strict.until(() => strict.coordinator.figures.leases === 0);
  } finally {
    await strict.close();
  }
});

test('a byte flipped on its way is noticed and asked for again', async () => {
  const proxy = await TcpProxy.start(cluster.address);
  proxies.push(proxy);
  await cluster.worker({ address: proxy.address, fault: 'slow:20' });
  const flip = (bytes: number) => () => {
    proxy.flipAfterBytes = bytes;
  };
  const last = await run('flipped.tif', { 2: flip(20_000), 6: flip(3_000), 10: flip(50_000) });
  await assertRight('flipped.tif', last);
  assert.ok(proxy.flips > 0);
});

test('results that come out of order and a second time change nothing, by reference and inline', async () => {
  await cluster.worker({ fault: 'twice', threads: 3 });
  await cluster.worker({ fault: 'twice', threads: 3, roots: true });
  const before = cluster.coordinator.figures.wasted;
  const first = await run('twice.tif');
  // Late results of the first job still come while the second one runs.
  const second = await run('twice-more.tif');
  assert.ok(cluster.coordinator.figures.wasted - before > 5, 'second results did come');
  await assertRight('twice.tif', first);
  await assertRight('twice-more.tif', second);
});

test('a second result with other pixels raises an alarm and does not reach the output', async () => {
  await cluster.worker({ fault: 'unequal:7', threads: 2 });
  const raw = { image: inRoot('raw.tif'), compression: { codec: 'none' } } as const;
  const job = await cluster.client.submit(blurSpec(inRoot, inRoot('unequal.tif'), raw));
  let last: halotile.v1.WatchJobResponse | undefined;
  for await (last of cluster.client.watch(job.id!));
  resultOf(last!);
  await local(blurSpec(onDisk, onDisk('oracle-none.tif'), { ...raw, image: onDisk('raw.tif') }));
  assert.ok(readFileSync(onDisk('unequal.tif')).equals(readFileSync(onDisk('oracle-none.tif'))));
  const alarms = cluster.log.filter((line) => line.includes('ALARM'));
  assert.equal(alarms.length, 1);
  assert.match(alarms[0]!, /tile 7 of stage 0/);
  await cluster.assertClean();
});

test('the network is cut between worker and coordinator and comes back', async () => {
  const proxy = await TcpProxy.start(cluster.address);
  proxies.push(proxy);
  const worker = await cluster.worker({ address: proxy.address, fault: 'slow:40', threads: 2 });
  const last = await run('cut.tif', {
    5: async () => {
      proxy.cut();
      await cluster.until(() => /dialling again/.test(worker.log));
      proxy.mend();
    },
  });
  await assertRight('cut.tif', last);
});

test('a cancelled job stops, and the same job submitted again goes on from there', async () => {
  await cluster.worker({ fault: 'slow:60', threads: 2 });
  const job = await cluster.client.submit(blurSpec(inRoot, inRoot('cancelled.tif')));
  let last: halotile.v1.WatchJobResponse | undefined;
  for await (const event of cluster.client.watch(job.id!)) {
    last = event;
    if ((event.progress?.tilesDone ?? 0) >= 4) await cluster.client.cancel(job.id!);
  }
  assert.equal(last?.state, JobState.JOB_STATE_CANCELLED);
  assert.ok((last?.progress?.tilesDone ?? 0) < TILES);
  await cluster.until(() => cluster.coordinator.figures.leases === 0);
  const again = resultOf(await run('cancelled.tif'));
  assert.ok((again.counts?.tilesResumed ?? 0) >= 4);
  assert.ok(readFileSync(onDisk('cancelled.tif')).equals(readFileSync(onDisk('oracle.tif'))));
  await cluster.assertClean();
});

test('all workers are replaced one after the other while a job runs', async () => {
  await cluster.worker({ fault: 'slow:60' });
  await cluster.worker({ fault: 'slow:60', roots: true });
  const replace = (index: number) => async () => {
    const old = cluster.workers[index]!;
    await cluster.worker({ fault: 'slow:60', roots: index === 1 });
    assert.equal(await old.end('SIGTERM'), 0);
  };
  const last = await run('rolled.tif', { 4: replace(0), 10: replace(1) });
  await assertRight('rolled.tif', last);
});
