import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedQueue } from '../../../coordinator/queue/embedded/embedded-queue.js';
import type { JobQueue } from '../../../coordinator/queue/job-queue.js';
import { connectRedis, RedisQueue } from '../../../coordinator/queue/redis/index.js';
import { fillQueue, fillStore } from '../../k6/kept-jobs.js';
import { msOf, type QueueBenchOptions, withEmptyRedis } from './options.js';

const PREFIX = '{bench}';
const PAGE = 100;
const PAGES = 20;

/** What a long history costs, half of it waiting: pages of it, a start, and memory of Redis. */
export async function longHistory({ kept, redisUrl, say }: QueueBenchOptions): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'halotile-bench-queue-'));
  const common = { nowMs: () => Date.now(), retentionMs: Number.POSITIVE_INFINITY, log: () => {} };
  const embedded = () =>
    EmbeddedQueue.open({ ...common, directory: join(folder, 'embedded'), newId: () => randomUUID() });
  const inRedis = async () => {
    const clients = await connectRedis({ urls: [redisUrl], kind: 'server', prefix: PREFIX }, common.log);
    return RedisQueue.open({ ...common, clients, prefix: PREFIX, directory: join(folder, 'jobs') });
  };
  try {
    const queue = await embedded();
    await fillQueue(queue, kept);
    await queue.close();
    await measure('embedded', embedded);
    await fillStore(join(folder, 'jobs'), kept);
    await withEmptyRedis(redisUrl, async (client) => {
      const from = performance.now();
      const secondsSince = () => ((performance.now() - from) / 1000).toFixed(2);
      const filled = await inRedis();
      say(`Redis: start where it has forgotten ${kept} jobs`, `${secondsSince()} s`);
      while ((await filled.list({ pageSize: 1 }).catch(() => undefined)) === undefined);
      say('Redis: until it knows them all again', `${secondsSince()} s`);
      const used = /used_memory:(\d+)/.exec(await client.info('memory'))![1];
      say(`Redis: memory of ${kept} jobs`, `${(Number(used) / 2 ** 20).toFixed(0)} MiB`);
      await filled.close();
      await measure('Redis', inRedis);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }

  async function measure(name: string, open: () => Promise<JobQueue>): Promise<void> {
    let queue: JobQueue | undefined;
    const cpu = process.cpuUsage();
    const startMs = await msOf(async () => {
      queue = await open();
    });
    const { user, system } = process.cpuUsage(cpu);
    const spent = `${((user + system) / 1e6).toFixed(2)} s of processor time`;
    say(`${name}: start with ${kept} jobs`, `${(startMs / 1000).toFixed(2)} s, ${spent}`);
    const pages: number[] = [];
    let after: string | undefined;
    for (let page = 0; page < PAGES; page++) {
      pages.push(
        await msOf(async () => {
          after = (await queue!.list({ pageSize: PAGE, after })).next;
        }),
      );
    }
    const [first] = pages;
    const median = [...pages].sort((a, b) => a - b)[PAGES / 2]!;
    const figures = `the first ${first!.toFixed(1)} ms, the median of ${PAGES} ${median.toFixed(1)} ms`;
    say(`${name}: page of ${PAGE} of ${kept} jobs`, figures);
    await queue!.close();
  }
}
