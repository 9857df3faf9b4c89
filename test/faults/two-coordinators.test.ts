import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { JobsClient, resultOf } from '../../library/cluster/jobs-client.js';
import type { halotile } from '../../proto/gen/messages.js';
import { blurSpec, local, makeScene } from '../cluster/scene-files.js';
import { NO_REDIS, RedisServer } from '../support/redis-server.js';
import { serve } from '../support/serve-process.js';

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

/** Waits for what is written to a log. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test('two coordinators share a Redis: each answers for all jobs, and goes on with what the other had when it died', {
  skip: NO_REDIS,
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'halotile-two-'));
  const root = join(directory, 'data');
  const onDisk = (name: string) => join(root, name);
  await makeScene(root);
  await local(blurSpec(onDisk, onDisk('oracle.tif')));
  const redis = await RedisServer.start();
  const coordinators = await Promise.all([0, 1].map(() => serve(directory, 0, ['--redis', redis.url, '--jobs', '1'])));
  const addresses = coordinators.map(({ port }) => `127.0.0.1:${port}`);
  const clients = addresses.map((address) => new JobsClient({ address }));
  const workers = addresses.map((address) =>
    spawn(process.execPath, [here('../cluster/faulty-worker.js'), address, 'slow:80', '2', root]),
  );
  try {
    const spec = blurSpec((name) => `root:data/${name}`, 'root:data/out.tif');
    const { id } = await clients[0]!.submit(spec);
    await until(() => coordinators.some(({ log }) => log().includes(`job ${id} starts`)));
    const owner = coordinators.findIndex(({ log }) => log().includes(`job ${id} starts`));
    const other = 1 - owner;
    let killed = 0;
    let last: halotile.v1.WatchJobResponse | undefined;
    const sequences: number[] = [];
    // Watched at the coordinator that does not run it.
    for await (const event of clients[other]!.watch(id!)) {
      last = event;
      sequences.push(event.sequence);
      const done = event.progress?.tilesDone ?? 0;
      if (killed === 0 && done >= 5) {
        killed = done;
        await end(coordinators[owner]!.process);
      }
    }
    const result = resultOf(last!);
    assert.ok(killed >= 5);
    assert.ok((result.counts?.tilesResumed ?? 0) >= killed);
    assert.deepEqual(
      sequences,
      [...sequences].sort((a, b) => a - b),
    );
    const listed: halotile.v1.IJob[] = [];
    for await (const job of clients[other]!.list()) listed.push(job);
    assert.deepEqual(
      listed.map((job) => [job.id, job.attempt]),
      [[id, 2]],
    );
    assert.ok(readFileSync(onDisk('out.tif')).equals(readFileSync(onDisk('oracle.tif'))));
    assert.ok(!existsSync(onDisk('out.tif.partial')));
  } finally {
    for (const client of clients) client.close();
    for (const child of [...workers, ...coordinators.map((each) => each.process)]) await end(child);
    await redis.close();
    rmSync(directory, { recursive: true });
  }
});
