import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { TestCluster } from '../cluster/harness.js';
import { halotile } from '../support/run-halotile.js';

interface Shown {
  readonly id: string;
  readonly cron: string;
  readonly timeZone: string;
  readonly overlap: string;
  readonly catchUp: string;
  readonly paused: boolean;
  readonly nextRun?: string;
  readonly lastRuns: readonly { readonly jobId: string; readonly run: number }[];
}

test('a schedule is added, listed, shown, paused, resumed, run and removed from the shell', async () => {
  const cluster = await TestCluster.start();
  const call = async (...args: string[]) => {
    const result = await halotile('schedule', ...args, '--coordinator', cluster.address);
    assert.equal(result.code, 0, result.stderr);
    return result.stdout;
  };
  const shown = async (...args: string[]) => JSON.parse(await call(...args, '--json')) as Shown;
  try {
    await cluster.worker({ roots: true });
    const file = join(cluster.directory, 'nightly.yaml');
    const job = ['image: root:data/deflate.tif', 'map: root:data/map.tif', 'operations: [{ name: box }]'];
    writeFileSync(file, [...job, 'output: root:data/{date}-{run}.tif'].join('\n'));
    const terms = ['--cron', '30 2 * * *', '--time-zone', 'Europe/Berlin', '--overlap', 'queue', '--catch-up', 'all'];
    const added = await shown('add', 'nightly', file, ...terms, '--jitter', '60');
    assert.deepEqual(
      [added.id, added.cron, added.timeZone, added.overlap, added.catchUp],
      ['nightly', '30 2 * * *', 'Europe/Berlin', 'queue', 'all'],
    );
    assert.match(added.nextRun!, /T0[01]:30:00Z$/);
    assert.match(await call('list'), /^nightly {2}30 2 \* \* \* Europe\/Berlin {2}next \S+Z {2}no run yet\n$/);
    assert.deepEqual((await shown('pause', 'nightly')).paused, true);
    // Beside its times a paused schedule runs too.
    const id = (await call('run-now', 'nightly')).trim();
    for await (const _event of cluster.client.watch(id));
    const { output } = (await cluster.client.get(id)).result!;
    assert.match(output!, /^root:data\/\d{4}-\d\d-\d\d-1\.tif$/);
    assert.ok(existsSync(join(cluster.root, output!.slice('root:data/'.length))));
    const after = await shown('show', 'nightly');
    assert.deepEqual([after.paused, after.nextRun, after.lastRuns.map(({ jobId }) => jobId)], [true, undefined, [id]]);
    assert.match(
      await call('show', 'nightly'),
      new RegExp(` paused {2}last 1 {2}\\S+Z {2}${id}\n1 {2}\\S+Z {2}${id}\n$`),
    );
    assert.equal(typeof (await shown('resume', 'nightly')).nextRun, 'string');
    assert.equal(await call('remove', 'nightly'), 'nightly: removed\n');
    assert.equal(await call('list'), '');
    const gone = await halotile('schedule', 'show', 'nightly', '--coordinator', cluster.address);
    assert.deepEqual([gone.code, /no such schedule/.test(gone.stderr)], [2, true]);
    const wrong = await halotile(
      'schedule',
      'add',
      'x',
      file,
      '--cron',
      '61 * * * *',
      '--coordinator',
      cluster.address,
    );
    assert.deepEqual([wrong.code, /cron/.test(wrong.stderr)], [2, true]);
  } finally {
    await cluster.close();
  }
});
