import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedQueue } from '../../coordinator/queue/embedded/embedded-queue.js';
import type { JobQueue } from '../../coordinator/queue/job-queue.js';
import { connectRedis, RedisQueue } from '../../coordinator/queue/redis/index.js';
import { jobSpecSchema } from '../../tiling/job/job-spec.js';
import { NO_REDIS, RedisServer } from './redis-server.js';

/** What a queue of a test is opened with. */
export interface QueueSettings {
  readonly nowMs: () => number;
  readonly retentionMs?: number;
  /** How long a claim is kept without a word of its claimer, where that is no file of this machine; 300 ms where absent. */
  readonly lockMs?: number;
  readonly limits?: { readonly maxJobs: number; readonly maxBytes: number };
}

/** One implementation of the port, for the suite that all of them pass. */
export interface QueueAdapter {
  readonly name: string;
  readonly skip: string | false;
  /** A queue; under the same name it has the jobs of the one before, whose claimers count as dead. */
  open(name: string, settings: QueueSettings): Promise<JobQueue>;
  close(): Promise<void>;
}

/** The queue of one process. */
export function embeddedAdapter(): QueueAdapter {
  const root = mkdtempSync(join(tmpdir(), 'halotile-queue-'));
  return {
    ...{ name: 'embedded', skip: false },
    open: (name, { retentionMs = 1e15, ...settings }) =>
      EmbeddedQueue.open({
        directory: join(root, name),
        newId: () => randomUUID(),
        log: () => {},
        retentionMs,
        ...settings,
      }),
    close: async () => rmSync(root, { recursive: true }),
  };
}

/** The queue in Redis, with locks that end soon. */
export function redisAdapter(): QueueAdapter {
  const root = mkdtempSync(join(tmpdir(), 'halotile-queue-'));
  let server: Promise<RedisServer> | undefined;
  return {
    ...{ name: 'redis', skip: NO_REDIS },
    async open(name, { retentionMs = 1e15, lockMs = 300, ...settings }) {
      server ??= RedisServer.start();
      const { url } = await server;
      const log = () => {};
      const prefix = `{${name}}`;
      return RedisQueue.open({
        clients: await connectRedis({ urls: [url], kind: 'server', prefix }, log),
        ...{ prefix, directory: join(root, name), retentionMs, log, ...settings },
        times: { lockMs, stalledMs: 100 },
      });
    },
    async close() {
      await (await server)?.close();
      rmSync(root, { recursive: true });
    },
  };
}

/** A submission of a job that is never run. */
export function submission(
  requestId: string,
  options: { image?: string; priority?: number; maxAttempts?: number; principal?: string } = {},
) {
  const { image = 'a.tif', priority = 0, maxAttempts = 2, principal = 'p' } = options;
  const spec = jobSpecSchema.parse({ image, output: 'b.tif', operations: [{ name: 'box' }] });
  return { requestId, principal, spec, priority, maxAttempts };
}
