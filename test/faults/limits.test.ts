import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { threadsWithin } from '../../library/process-limits.js';
import { refusals } from '../support/refusal.js';

const { image, output } = refusals();
const cli = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
const linux = { skip: process.platform !== 'linux' && 'limits are read from /proc' };

/** Runs the command in a shell with a limit set. */
function limited(limit: string, ...args: string[]) {
  const script = `ulimit ${limit} && exec "$@"`;
  const command = [process.execPath, cli, 'process', image, '-o', output, '--op', 'box:radius=1', ...args];
  return spawnSync('sh', ['-c', script, 'sh', ...command], { encoding: 'utf8' });
}

test('too few open files, addresses or bytes are said at the start, in one sentence', linux, () => {
  for (const [limit, said] of [
    ['-n 64', /only 64 files may be open at once; expected at least 128, and 256 for one thread; raise ulimit -n/],
    ['-n 200', /only 200 files may be open at once; expected at least 256 for 1 thread; raise ulimit -n/],
    ['-v 12000000', /only \d+ MiB of addresses may be used; expected at least 18432 .*raise ulimit -v/],
    ['-d 163840', /only 144 MiB of memory may be used; expected at least 256 .*memory limit/],
  ] as const) {
    const { status, stderr } = limited(limit);
    assert.equal(status, 1, stderr);
    assert.match(stderr, said);
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  }
});

test('fewer threads run where a limit allows no more', () => {
  const free = { openFiles: 1e6, addressBytes: Number.POSITIVE_INFINITY, memoryBytes: 2 ** 40 };
  assert.equal(threadsWithin(free, 16), 16);
  assert.equal(threadsWithin({ ...free, openFiles: 1024 }, 16), 13);
  assert.equal(threadsWithin({ ...free, addressBytes: 40 * 2 ** 30 }, 16), 3);
  assert.equal(threadsWithin({ ...free, memoryBytes: 512 * 2 ** 20 }, 16), 4);
  assert.throws(() => threadsWithin({ ...free, openFiles: 1024 }, 16, { asked: true }), {
    tag: 'not-ready',
    message: /only 1024 files .* at least 1216 for 16 threads; raise ulimit -n, or use fewer --threads/,
  });
});
