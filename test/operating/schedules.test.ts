import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { resultOf } from '../../library/cluster/jobs-client.js';
import { SchedulesClient } from '../../library/cluster/schedules-client.js';
import { writeJobSpec } from '../../proto/convert/job-spec.js';
import { TestCluster } from '../cluster/harness.js';
import { blurSpec } from '../cluster/scene-files.js';

test('a schedule starts its job at its time, shows it, and is the owner’s alone', async () => {
  const tokens = (['client', 'client', 'worker', 'admin'] as const).map((role, index) => ({
    ...{ token: `token-number-000${index}`, principal: `${role}${index}`, role },
  }));
  const cluster = await TestCluster.start({}, { tokens });
  const clients = [0, 1, 3].map((n) => new SchedulesClient({ address: cluster.address, token: tokens[n]!.token }));
  const [own, other, admin] = clients as [SchedulesClient, SchedulesClient, SchedulesClient];
  try {
    await cluster.worker({ roots: true });
    const job = writeJobSpec(blurSpec((name) => `root:data/${name}`, 'root:data/{date}-{run}.tif'));
    const made = await own.create({ id: 'often', cron: '* * * * * *', timeZone: 'UTC', spec: job });
    assert.equal(made.principal, 'client0');
    let shown = made;
    // A run is noted when it is decided, and has its job a moment later.
    const allStarted = ({ lastRuns }: typeof made) =>
      lastRuns!.length > 0 && lastRuns!.every(({ jobId, note }) => jobId || note);
    while (!allStarted(shown)) shown = await own.get('often');
    await own.pause('often');
    shown = await own.get('often');
    assert.equal(shown.paused, true);
    assert.equal(shown.nextRun, null);
    assert.equal(shown.spec?.output, 'root:data/{date}-{run}.tif');
    const run = shown.lastRuns!.find(({ jobId }) => jobId !== '')!;
    let last: Parameters<typeof resultOf>[0] | undefined;
    for await (const event of cluster.client.watch(run.jobId!)) last = event;
    const { output } = resultOf(last!);
    assert.match(output!, new RegExp(`^root:data/\\d{4}-\\d\\d-\\d\\d-${run.run}\\.tif$`));
    assert.ok(existsSync(join(cluster.root, output!.slice('root:data/'.length))));
    const id = await own.runNow('often');
    assert.equal((await own.get('often')).lastRuns![0]!.jobId, id);
    assert.equal((await cluster.client.get(id)).principal, 'client0');

    await assert.rejects(other.get('often'), { tag: 'not-found' });
    await assert.rejects(other.remove('often'), { tag: 'not-found' });
    assert.equal((await admin.get('often')).principal, 'client0');
    await assert.rejects(own.create({ id: 'a b', cron: '61 * * * *', spec: job, jitterSeconds: 1e6 }), {
      tag: 'bad-usage',
      message: /schedule\.id.*schedule\.jitter_seconds.*schedule\.cron/,
    });
    await assert.rejects(own.create({ id: 'x', cron: '@daily * * * *', spec: job }), { tag: 'bad-usage' });
    await assert.rejects(own.create({ id: 'x', cron: '0 0 * * *', spec: { ...job, output: '/etc/x.tif' } }), {
      tag: 'bad-usage',
    });
    const listed: (string | null | undefined)[] = [];
    for await (const { id: name } of own.list()) listed.push(name);
    assert.deepEqual(listed, ['often']);
    await own.remove('often');
    await assert.rejects(own.get('often'), { tag: 'not-found' });
  } finally {
    for (const client of clients) client.close();
    await cluster.close();
  }
});
