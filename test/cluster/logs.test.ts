import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { halotile, startHalotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { serve } from '../support/serve-process.js';

interface Line {
  readonly level: string;
  readonly time: string;
  readonly msg: string;
  readonly service: string;
  readonly job?: string;
  readonly stage?: number;
  readonly tile?: number;
  readonly attempt?: number;
  readonly worker?: string;
}

test('with --log-format json every line of coordinator and worker is an object with level, job, tile and worker', async () => {
  const folder = scratchFolder();
  const data = join(folder, 'data');
  mkdirSync(data);
  assert.equal((await halotile('demo', '--size', '600', '--directory', data, '--quiet')).code, 0);
  const flags = ['--log-format', 'json', '--log-level', 'debug'];
  const coordinator = await serve(folder, 0, flags);
  after(() => coordinator.process.kill('SIGKILL'));
  const address = `127.0.0.1:${coordinator.port}`;
  const worker = startHalotile('worker', '--coordinator', address, '--threads', '1', '--name', 'w1', ...flags);
  after(() => worker.child.kill('SIGKILL'));
  const { code, stderr } = await halotile(
    ...['blur', join(data, 'scene.tif'), '--map', join(data, 'distance.tif'), '-o', join(folder, 'out.tif')],
    ...['--coordinator', address, '--tile', '512', '--quiet'],
  );
  assert.equal(code, 0, stderr);
  worker.child.kill('SIGTERM');
  const drained = await worker.ended;
  const ended = new Promise((resolve) => coordinator.process.once('exit', resolve));
  coordinator.process.kill('SIGTERM');
  await ended;

  const lines = linesOf(coordinator.log());
  for (const line of lines) assert.ok(['debug', 'info', 'warn', 'error'].includes(line.level), JSON.stringify(line));
  assert.ok(lines.every(({ service, time }) => service === 'coordinator' && time.endsWith('Z')));
  const { job } = lines.find(({ msg }) => / starts, attempt 1/.test(msg))!;
  assert.match(job ?? '', /^[0-9a-f-]{36}$/);
  const attempts = lines.filter(({ msg }) => /^tile /.test(msg)).filter(({ stage }) => stage === 0);
  const pick = ({ level, job, stage, tile, attempt, worker }: Line) => ({ level, job, stage, tile, attempt, worker });
  // 600×600 in tiles of 512 are two by two.
  assert.deepEqual(
    attempts.map(pick).sort((a, b) => a.tile! - b.tile!),
    [0, 1, 2, 3].map((tile) => ({ level: 'debug', job, stage: 0, tile, attempt: 1, worker: 'w1' })),
  );
  const said = linesOf(drained.stderr);
  assert.ok(said.some(({ msg, worker }) => msg === 'draining: tiles under way have 10 s' && worker === 'w1'));
});

function linesOf(log: string): Line[] {
  return log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}
