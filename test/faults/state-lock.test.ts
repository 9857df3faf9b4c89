import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { StateLock } from '../../coordinator/queue/embedded/state-lock.js';

// A network namespace of its own sees no socket of this one: as another container, or another host with the same disk.
const elsewhere = spawnSync('unshare', ['-n', 'true']).status === 0;
const skip = elsewhere ? false : 'no right to make a network namespace';
const root = mkdtempSync(join(tmpdir(), 'halotile-lock-'));
after(() => rmSync(root, { recursive: true }));

const MODULE = new URL('../../coordinator/queue/embedded/state-lock.js', import.meta.url).href;
const HOLD = `const { StateLock } = await import(${JSON.stringify(MODULE)});
await StateLock.acquire(process.argv[1], console.log).then(() => console.log('held'), (error) => console.log(error.message));
setInterval(() => {}, 1000);`;

/** A process in a namespace of its own that tries to hold the state; what it says of it. */
async function holderElsewhere(directory: string): Promise<{ child: ChildProcess; said: string }> {
  const args = ['-n', process.execPath, '--input-type=module', '-e', HOLD, directory];
  const child = spawn('unshare', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  after(() => child.kill('SIGKILL'));
  const [said] = (await once(child.stdout!, 'data')) as [Buffer];
  return { child, said: said.toString().trim() };
}

function folder(name: string): string {
  const directory = join(root, name);
  mkdirSync(directory);
  return directory;
}

test('a process that cannot see the sockets of the first one is refused', { skip }, async () => {
  const directory = folder('two');
  const lock = await StateLock.acquire(directory, () => {});
  const { said } = await holderElsewhere(directory);
  assert.match(
    said,
    new RegExp(`another coordinator uses this state \\(process ${process.pid} on .*--state of its own`),
  );
  assert.equal(lock.isHeld, true);
  await lock.release();
});

test('a state whose holder was killed elsewhere is free after some seconds', {
  skip,
}, async () => {
  const directory = folder('dead');
  const { child, said } = await holderElsewhere(directory);
  assert.equal(said, 'held');
  await assert.rejects(
    StateLock.acquire(directory, () => {}),
    /another coordinator uses this state/,
  );
  child.kill('SIGKILL');
  const lock = await StateLock.acquire(directory, () => {});
  assert.equal(lock.isHeld, true);
  await lock.release();
  // Released, it is free for any place at once.
  const again = await holderElsewhere(directory);
  assert.equal(again.said, 'held');
});

test('a holder that slept for long has lost the state to another place', { skip }, async () => {
  const directory = folder('sleeps');
  const { child } = await holderElsewhere(directory);
  // unshare has become the process itself.
  child.kill('SIGSTOP');
  const lines: string[] = [];
  const lock = await StateLock.acquire(directory, (line) => lines.push(line));
  let said = '';
  child.stdout!.on('data', (more: Buffer) => {
    said += more.toString();
  });
  child.kill('SIGCONT');
  await once(child.stdout!, 'data');
  assert.match(said, new RegExp(`process ${process.pid} on .* has taken the state of this coordinator`));
  assert.equal(lock.isHeld, true);
  assert.deepEqual(lines, []);
  await lock.release();
});
