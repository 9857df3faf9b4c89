import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '../support/redis-server.js';
import { halotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { serve } from '../support/serve-process.js';

test('health says at once that nothing serves, and waits for what is just starting where it is asked to', async () => {
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const now = await halotile('health', '--coordinator', address);
  assert.equal(now.code, 1);
  assert.match(now.stderr, new RegExp(`^halotile: ${address}: no connection [^\\n]*\\n$`));
  const waiting = halotile('health', '--coordinator', address, '--wait', '60');
  const folder = scratchFolder();
  mkdirSync(join(folder, 'data'));
  const coordinator = await serve(folder, port);
  const { code, stdout } = await waiting;
  coordinator.process.kill('SIGKILL');
  assert.deepEqual({ code, stdout }, { code: 0, stdout: 'serving\n' });
});

test('a health check that names nobody is refused without waiting', async () => {
  const { code, stderr } = await halotile('health', '--wait', '600');
  assert.equal(code, 2);
  assert.match(stderr, /neither --coordinator nor --metrics/);
});
