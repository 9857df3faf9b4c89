// npm run bench:queue -- [--jobs N] [--kept N]: both queues: tiny jobs a second from submission to end, and what a long
// history costs: Redis' memory, a page of it, a start.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { EmbeddedQueue } from '../../coordinator/queue/embedded/embedded-queue.js';
import type { JobQueue } from '../../coordinator/queue/job-queue.js';
import { connectRedis, RedisQueue } from '../../coordinator/queue/redis/index.js';
import { isEnded, JobsClient } from '../../library/cluster/jobs-client.js';
import { RedisServer } from '../../test/support/redis-server.js';
import { jobSpecSchema } from '../../tiling/job/job-spec.js';
import { fillQueue, fillStore } from '../k6/kept-jobs.js';
import { LocalServices } from '../k6/local-services.js';

/** Jobs under way at once from the client's side. */
const AT_ONCE = 64;
const PREFIX = '{bench}';

const { values } = parseArgs({ options: { jobs: { type: 'string' }, kept: { type: 'string' } } });
const [jobs, kept] = [Number(values.jobs ?? 1000), Number(values.kept ?? 100_000)];
const say = (what: string, figure: string) =>
  process.stdout.write(`${what}: ${figure} (load average ${loadavg()[0]!.toFixed(1)})\n`);

/** Milliseconds that something takes. */
async function msOf(act: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await act();
  return performance.now() - from;
}

/** Jobs a second from the first submission to the last end. */
async function jobRate(redisUrl: string | undefined): Promise<number> {
  const services = await LocalServices.start({ workers: 2, kept: 0, redisUrl });
  const client = new JobsClient({ address: services.address });
  let next = 0;
  const runSome = async () => {
    for (let index = next++; index < jobs; index = next++) {
      const output = `root:data/out/${index}.tif`;
      const operations = [{ name: 'box', params: { radius: 1 } }];
      const spec = jobSpecSchema.parse({ image: 'root:data/tiny.tif', output, operations });
      const { id } = await client.submit(spec);
      for await (const { state } of client.watch(id!)) if (isEnded(state)) break;
    }
  };
  try {
    const ms = await msOf(() => Promise.all(Array.from({ length: AT_ONCE }, runSome)));
    return (jobs * 1000) / ms;
  } finally {
    client.close();
    await services.close();
  }
}

/** What a queue of many jobs costs: pages of it, and its start. */
async function measureHistory(name: string, open: () => Promise<JobQueue>): Promise<void> {
  const queue = await open();
  say(`${name}: page of 100 of ${kept} jobs`, `${(await msOf(() => queue.list({ pageSize: 100 }))).toFixed(1)} ms`);
  await queue.close();
  let again: JobQueue | undefined;
  const ms = await msOf(async () => {
    again = await open();
  });
  say(`${name}: start with ${kept} jobs`, `${(ms / 1000).toFixed(2)} s`);
  await again!.close();
}

const folder = mkdtempSync(join(tmpdir(), 'halotile-bench-queue-'));
const redis = await RedisServer.start();
try {
  say('embedded: jobs a second', (await jobRate(undefined)).toFixed(0));
  say('Redis: jobs a second', (await jobRate(redis.url)).toFixed(0));
  const common = { nowMs: () => Date.now(), retentionMs: Number.POSITIVE_INFINITY, log: () => {} };
  const embedded = () =>
    EmbeddedQueue.open({ ...common, directory: join(folder, 'embedded'), newId: () => randomUUID() });
  const inRedis = async () => {
    const log = () => {};
    const clients = await connectRedis({ urls: [redis.url], kind: 'server', prefix: PREFIX }, log);
    return RedisQueue.open({ ...common, clients, prefix: PREFIX, directory: join(folder, 'jobs'), log });
  };
  const queue = await embedded();
  await fillQueue(queue, kept);
  await queue.close();
  await measureHistory('embedded', embedded);
  const client = new Redis(redis.url);
  await client.flushall();
  await fillStore(join(folder, 'jobs'), kept);
  const from = performance.now();
  const secondsSince = () => ((performance.now() - from) / 1000).toFixed(2);
  const filled = await inRedis();
  say(`Redis: start where it has forgotten ${kept} jobs`, `${secondsSince()} s`);
  while ((await filled.list({ pageSize: 1 }).catch(() => undefined)) === undefined);
  say('Redis: until it knows them all again', `${secondsSince()} s`);
  const used = /used_memory:(\d+)/.exec(await client.info('memory'))![1];
  say(`Redis: memory of ${kept} jobs, half of them waiting`, `${(Number(used) / 2 ** 20).toFixed(0)} MiB`);
  client.disconnect();
  await filled.close();
  await measureHistory('Redis', inRedis);
} finally {
  await redis.close();
  rmSync(folder, { recursive: true, force: true });
}
