import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { connectRedis, RedisQueue } from '../../coordinator/queue/redis/index.js';
import { NO_REDIS, RedisServer } from '../support/redis-server.js';
import { submission } from '../support/test-queues.js';

const never = new AbortController().signal;

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}

async function withQueues(
  options: readonly string[],
  use: (redis: RedisServer, queues: readonly RedisQueue[]) => Promise<void>,
): Promise<void> {
  const redis = await RedisServer.start(options);
  const directory = mkdtempSync(join(tmpdir(), 'halotile-redis-faults-'));
  const prefix = '{faults}';
  const log = () => {};
  const open = async () => {
    const clients = await connectRedis({ urls: [redis.url], kind: 'server', prefix }, log);
    const times = { lockMs: 600, stalledMs: 200 };
    return RedisQueue.open({ clients, prefix, directory, nowMs: Date.now, retentionMs: 1e12, times, log });
  };
  const queues = [await open(), await open()];
  try {
    await use(redis, queues);
  } finally {
    for (const queue of queues) await queue.close();
    await redis.close();
    rmSync(directory, { recursive: true });
  }
}

test('a Redis that forgets everything loses no job, and a claim of before can end nothing once there is a newer one', {
  skip: NO_REDIS,
}, async () => {
  await withQueues([], async (redis, [first, second]) => {
    const jobs = [];
    for (const request of ['done', 'held', 'waits', 'cancelled']) {
      jobs.push((await first!.submit(submission(request, { maxAttempts: 9 }))).job);
      if (request === 'done') await first!.finish((await first!.claim(never))!, { state: 'cancelled' });
    }
    const held = (await first!.claim(never))!;
    assert.equal(held.job.requestId, 'held');
    await first!.planned(held);
    await first!.requestCancel(jobs[3]!.id);
    await redis.kill();
    await redis.restart();
    await until(async () => {
      const page = await second!.list({ pageSize: 10 }).catch(() => undefined);
      return page?.jobs.length === 4;
    });
    const states = await Promise.all(jobs.map(async ({ id }) => (await second!.get(id))?.state));
    assert.deepEqual([states[0], states[2], states[3]], ['cancelled', 'queued', 'cancelled']);
    // Both that are not over are claimed, under numbers above all earlier ones.
    const claims = [(await second!.claim(never))!, (await second!.claim(never))!];
    assert.deepEqual(claims.map(({ job }) => job.requestId).sort(), ['held', 'waits']);
    const again = claims.find(({ job }) => job.requestId === 'held')!;
    assert.ok(again.epoch > held.epoch);
    await until(() => held.stop.aborted);
    await first!.finish(held, { state: 'failed', failure: { tag: 'tile-failed', detail: { what: 'late' } } });
    assert.equal((await second!.get(held.job.id))?.state, 'claimed');
    await second!.finish(again, { state: 'cancelled' });
    assert.equal((await first!.get(held.job.id))?.state, 'cancelled');
  });
});

test('a job that ends keeps that somebody asked to cancel it, also where its claimer has not heard of that', {
  skip: NO_REDIS,
}, async () => {
  await withQueues([], async (_redis, [first, second]) => {
    const { job } = await first!.submit(submission('1'));
    const claim = (await first!.claim(never))!;
    await second!.requestCancel(job.id);
    await first!.finish(claim, { state: 'cancelled' });
    assert.equal((await second!.get(job.id))?.cancelRequested, true);
  });
});

test('coordinators of two releases hear each other: every message says one thing, in the form it always had', {
  skip: NO_REDIS,
}, async () => {
  await withQueues([], async (redis, [first]) => {
    const other = new Redis(redis.url);
    const said: { readonly from: string; readonly news?: { readonly id: string } }[] = [];
    other.on('message', (_channel, text: string) => said.push(JSON.parse(text)));
    await other.subscribe('{faults}:news');
    const event = { sequence: 1, change: 'queue', state: 'starting', note: '' } as const;
    for (const id of ['1', '2']) first!.relay.tell({ id, event, over: false });
    await until(() => said.length === 2);
    assert.deepEqual(
      said.map(({ news }) => news),
      ['1', '2'].map((id) => ({ id, event, over: false })),
    );
    other.disconnect();
  });
});

test('a job that Redis has forgotten is the same one for whoever submits it again, whatever else Redis knows', {
  skip: NO_REDIS,
}, async () => {
  await withQueues([], async (redis, [first, second]) => {
    const { job } = await first!.submit(submission('held', { maxAttempts: 9 }));
    const claim = (await first!.claim(never))!;
    const client = new Redis(redis.url);
    // All of it, or as after the loss of its last second: this job alone.
    for (const forget of [() => client.flushall(), () => client.del(`{faults}:job:${job.id}`)]) {
      await forget();
      const again = await second!.submit(submission('held', { maxAttempts: 9 }));
      assert.deepEqual([again.existed, again.job.id], [true, job.id]);
    }
    client.disconnect();
    // Whoever runs it goes on, or has lost it to a later claim; nobody runs it as if it had never been claimed.
    const stopped = new Promise<string>((resolve) => claim.stop.addEventListener('abort', () => resolve('lost')));
    const asking = new AbortController();
    const next = second!.claim(asking.signal);
    const what = await Promise.race([stopped, pause(3000, 'kept')]);
    if (what === 'lost') {
      const later = (await next)!;
      assert.ok(later.epoch > claim.epoch && later.mayOverlap);
      await second!.finish(later, { state: 'cancelled' });
    } else {
      asking.abort();
      await next;
      await first!.finish(claim, { state: 'cancelled' });
    }
    assert.equal((await first!.get(job.id))?.state, 'cancelled');
  });
});

test('a job that Redis has forgotten is found by its id at once, and no listing goes without it', {
  skip: NO_REDIS,
}, async () => {
  await withQueues([], async (redis, [first, second]) => {
    const jobs = [];
    for (let number = 0; number < 300; number++) jobs.push((await first!.submit(submission(`${number}`))).job);
    const client = new Redis(redis.url);
    await client.flushall();
    client.disconnect();
    assert.equal((await second!.get(jobs[0]!.id))?.state, 'queued');
    assert.equal((await first!.requestCancel(jobs[1]!.id))?.state, 'cancelled');
    assert.equal((await second!.list({ pageSize: 1000 })).jobs.length, 300);
    // A name that is no id reads no file.
    assert.equal(await second!.get('../../outside'), undefined);
  });
});

test('while Redis is away calls say so and claims are kept; when it is back with its file all goes on', {
  skip: NO_REDIS,
}, async () => {
  await withQueues(['--appendonly', 'yes', '--appendfsync', 'always'], async (redis, [queue]) => {
    const health: boolean[] = [];
    queue!.watchHealth((healthy) => health.push(healthy));
    await queue!.submit(submission('1'));
    const claim = (await queue!.claim(never))!;
    await redis.kill();
    await until(() => health.length === 1);
    await assert.rejects(queue!.submit(submission('2')), { tag: 'unreachable', message: /Redis of the queue/ });
    assert.equal(claim.stop.aborted, false);
    await redis.restart();
    await until(() => health.length === 2);
    assert.deepEqual(health, [false, true]);
    assert.equal((await queue!.submit(submission('2'))).existed, false);
    assert.equal((await queue!.claim(never))?.job.requestId, '2');
    await queue!.finish(claim, { state: 'cancelled' });
    assert.equal((await queue!.get(claim.job.id))?.state, 'cancelled');
  });
});
