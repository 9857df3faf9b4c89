import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connectRedis, RedisQueue } from '../../coordinator/queue/redis/index.js';
import { JobsClient } from '../../library/cluster/jobs-client.js';
import { halotile as messages } from '../../proto/gen/messages.js';
import { TestCluster } from '../cluster/harness.js';
import { blurSpec } from '../cluster/scene-files.js';
import { NO_REDIS, RedisServer } from '../support/redis-server.js';
import { halotile } from '../support/run-halotile.js';

const { JobState } = messages.v1;
const TOKENS = (['client', 'client', 'worker', 'admin'] as const).map((role, index) => ({
  ...{ token: `token-number-000${index}`, principal: `${role}${index}`, role },
}));
const [OWN, OTHER, , ADMIN] = TOKENS.map(({ token }) => token);

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** A job that fails when it is run. */
function damagedSpec({ root }: TestCluster) {
  writeFileSync(join(root, 'damaged.tif'), 'no image');
  return { ...blurSpec((name) => `root:data/${name}`, 'root:data/never.tif'), image: 'root:data/damaged.tif' };
}

async function checkOperations(cluster: TestCluster): Promise<void> {
  const clients = [OWN, OTHER, ADMIN].map((token) => new JobsClient({ address: cluster.address, token }));
  const [own, other, admin] = clients as [JobsClient, JobsClient, JobsClient];
  const end = async (id: string) => (await all(own.watch(id))).at(-1)?.state;
  try {
    await cluster.worker({ roots: true, fault: 'slow:100' });
    const spec = blurSpec((name) => `root:data/${name}`, 'root:data/out.tif', { tile: 512 });
    const id = (await own.submit(spec)).id!;
    // What a worker runs, and what others may know of it.
    let seen: messages.v1.IConnectedWorker[] = [];
    while (!seen[0]?.tasks?.some(({ started }) => started)) seen = await all(admin.workers());
    assert.deepEqual([seen.length, seen[0]!.roots, seen[0]!.slots, seen[0]!.principal], [1, ['data'], 1, 'worker2']);
    const [task] = seen[0]!.tasks!;
    assert.deepEqual([task!.jobId, task!.kind], [id, 'filter']);
    const [shown] = await all(other.workers());
    assert.ok(shown?.tasks?.every(({ jobId, tile }) => jobId === '' && tile === 0));
    assert.equal(shown?.principal, '');

    // Neither before its end, nor by others.
    await assert.rejects(own.delete(id), { tag: 'not-ready' });
    assert.notEqual((await own.retry(id)).state, JobState.JOB_STATE_QUEUED);
    for (const act of [() => other.retry(id), () => other.delete(id)]) await assert.rejects(act, { tag: 'not-found' });
    await own.cancel(id);
    assert.equal(await end(id), JobState.JOB_STATE_CANCELLED);

    // Tried again, by its admin, it goes on behind its finished tiles.
    const again = await admin.retry(id);
    assert.deepEqual([again.id, again.principal, again.attempt, again.failure], [id, 'client0', 0, null]);
    assert.equal(await end(id), JobState.JOB_STATE_SUCCEEDED);
    assert.equal((await own.get(id)).attempt, 1);

    // Listings.
    const theirs = (await other.submit(damagedSpec(cluster))).id!;
    await all(other.watch(theirs)).catch(() => {});
    const ids = async (client: JobsClient, filter: Parameters<JobsClient['list']>[0]) =>
      (await all(client.list(filter))).map((job) => job.id);
    assert.deepEqual(await ids(admin, {}), [theirs, id]);
    assert.deepEqual(await ids(admin, { principal: 'client0' }), [id]);
    assert.deepEqual(await ids(own, { principal: 'client0', sinceMs: Date.now() - 3600_000 }), [id]);
    assert.deepEqual(await ids(own, { sinceMs: Date.now() + 3600_000 }), []);
    assert.deepEqual(await ids(admin, { states: [JobState.JOB_STATE_FAILED] }), [theirs]);
    await assert.rejects(ids(own, { principal: 'client1' }), { tag: 'not-allowed' });

    // Forgotten, its output stays where it is the user's own.
    assert.equal((await own.delete(id)).state, JobState.JOB_STATE_SUCCEEDED);
    await assert.rejects(own.get(id), { tag: 'not-found' });
    assert.ok(existsSync(join(cluster.root, 'out.tif')));
    const download = (await own.submit({ ...spec, output: 'download:out.tif' })).id!;
    assert.equal(await end(download), JobState.JOB_STATE_SUCCEEDED);
    const kept = join(cluster.directory, 'state/results', download);
    assert.ok(existsSync(kept));
    await own.delete(download);
    assert.ok(!existsSync(kept));
    await cluster.assertClean();
  } finally {
    for (const client of clients) client.close();
  }
}

test('embedded: jobs are tried again, deleted and listed by what they are, workers by what they run', async () => {
  const cluster = await TestCluster.start({}, { tokens: TOKENS });
  try {
    await checkOperations(cluster);
  } finally {
    await cluster.close();
  }
});

test('redis: the same', { skip: NO_REDIS }, async () => {
  const redis = await RedisServer.start();
  const directory = mkdtempSync(join(tmpdir(), 'halotile-operating-'));
  const log = () => {};
  const clients = await connectRedis({ urls: [redis.url], kind: 'server', prefix: '{op}' }, log);
  const queue = await RedisQueue.open({
    ...{ clients, prefix: '{op}', directory, nowMs: () => Date.now(), retentionMs: 1e12, log },
  });
  const cluster = await TestCluster.start({}, { tokens: TOKENS, queue });
  try {
    await checkOperations(cluster);
  } finally {
    await cluster.close();
    await redis.close();
    rmSync(directory, { recursive: true });
  }
});

test('the shell: one variable names the coordinator for every command; jobs are listed, watched, tried again, deleted', async () => {
  const cluster = await TestCluster.start();
  process.env.HALOTILE_COORDINATOR = cluster.address;
  const json = async (...args: string[]) => {
    const { code, stdout, stderr } = await halotile(...args, '--json');
    const lines = stdout.split('\n').filter((line) => line !== '');
    return { code, stderr, objects: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
  };
  try {
    await cluster.worker({ roots: true });
    const specs = ['a.tif', 'b.tif'].map((out) => blurSpec((name) => `root:data/${name}`, `root:data/${out}`));
    specs.push(damagedSpec(cluster));
    const ids: string[] = [];
    for (const spec of specs) ids.push((await cluster.client.submit(spec)).id!);
    const watched = await json('watch', ...ids);
    assert.equal(watched.code, 2);
    assert.match(watched.stderr, /damaged\.tif/);
    for (const id of ids) {
      const last = watched.objects.filter((event) => event.id === id).at(-1);
      assert.equal(last?.state, id === ids[2] ? 'failed' : 'succeeded');
    }
    const listed = await halotile('jobs', '--principal', 'anybody', '--since', '1h');
    const [header, ...lines] = listed.stdout.trimEnd().split('\n');
    assert.match(header!, /^JOB +STATE +PROGRESS +SUBMITTED +AGE +TOOK +TRY +PRINCIPAL +OUTPUT$/);
    assert.match(lines[2]!, new RegExp(`^${ids[0]} .*succeeded .* tiles .*Z .* anybody .*root:data/a\\.tif$`));
    const failed = await json('jobs', '--state', 'failed', '--state', 'cancelled');
    assert.deepEqual(
      failed.objects.map(({ id }) => id),
      [ids[2]],
    );
    const [again] = (await json('retry', ids[2]!)).objects;
    assert.equal(again?.id, ids[2]);
    const rest = await json('watch', '--all');
    assert.ok(rest.code === 2 || rest.objects.length === 0);
    assert.equal((await halotile('delete', ids[0]!, ids[1]!)).code, 0);
    assert.equal((await json('jobs')).objects.length, 1);
    const [worker] = (await json('workers')).objects;
    assert.deepEqual([worker?.roots, worker?.slots], [['data'], 1]);
    assert.match((await halotile('workers')).stdout, /^WORKER +BUSY +TILES\/S +TILES +JOINED +ROOTS\n\S+ +0\/1 /);
    for (const args of [['watch'], ['jobs', '--state', 'lost']]) {
      assert.equal((await halotile(...args)).code, 2, args.join(' '));
    }
  } finally {
    delete process.env.HALOTILE_COORDINATOR;
    await cluster.close();
  }
});
