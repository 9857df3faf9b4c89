import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ThreadDeath } from '../../threads/thread-death.js';
import { Threads } from '../../threads/threads.js';
import { startScript } from '../support/run-halotile.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

test('threads are started in one place, with the flags that let them be ended while they load', () => {
  const folders = ['tiling', 'proto', 'threads', 'worker', 'coordinator', 'library', 'cli'];
  const pools = folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => `${folder}/${file}`)
      .filter((file) => readFileSync(join(ROOT, file), 'utf8').includes('new Piscina')),
  );
  assert.deepEqual(pools, ['threads/threads.ts']);
  assert.match(readFileSync(join(ROOT, 'threads/threads.ts'), 'utf8'), /execArgv: THREAD_FLAGS\b/);
});

test('a pool may be closed while its threads load', async () => {
  const { code, stderr } = await startScript(new URL('../support/pool-openings.js', import.meta.url), ['30']).ended;
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
});

test('a thread that ends under its request, or cannot start, is told by its class', async () => {
  const file = new URL('../support/ending-thread.js', import.meta.url);
  for (const data of ['while it works', 'while it loads']) {
    const threads = new Threads({ file, count: 1, data });
    try {
      await assert.rejects(threads.ask('die'), (error) => error instanceof ThreadDeath && /exit|ended/.test(error.how));
    } finally {
      await threads.close();
    }
  }
});

test('a request that its signal ends is rejected with the reason, and a fresh thread answers the next', async () => {
  const file = new URL('../support/ending-thread.js', import.meta.url);
  const threads = new Threads({ file, count: 1, data: 'while it works' });
  try {
    const stop = new AbortController();
    const hung = threads.ask('hang', { signal: stop.signal });
    stop.abort(new RangeError('enough'));
    await assert.rejects(hung, RangeError);
    assert.equal(await threads.ask('echo'), 'echo');
  } finally {
    await threads.close();
  }
});
