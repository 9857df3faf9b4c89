import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SchedulesClient } from '../../library/cluster/schedules-client.js';
import { writeJobSpec } from '../../proto/convert/job-spec.js';
import { readTimestamp } from '../../proto/convert/timestamp.js';
import { halotile } from '../../proto/gen/messages.js';
import { blurSpec } from '../cluster/scene-files.js';
import { NO_REDIS } from '../support/redis-server.js';
import { FaultedCluster } from './schedules/faulted-cluster.js';

const { Overlap, CatchUp } = halotile.v1;
const RUNS = 5;

test('two coordinators on one Redis start each run of a schedule once, when one of them is killed too', {
  skip: NO_REDIS,
}, async () => {
  const cluster = await FaultedCluster.start();
  const [own, other] = cluster.addresses.map((address) => new SchedulesClient({ address }));
  try {
    const spec = writeJobSpec(blurSpec((name) => `root:data/${name}`, 'root:data/run-{run}.tif', { tile: 1024 }));
    const policies = { overlap: Overlap.OVERLAP_QUEUE, catchUp: CatchUp.CATCH_UP_ALL };
    await own!.create({ id: 'often', cron: '* * * * * *', timeZone: 'UTC', spec, ...policies });
    const runs = async () => (await other!.get('often')).lastRuns ?? [];
    const until = async (count: number) => {
      while ((await runs()).length < count) await new Promise((resolve) => setTimeout(resolve, 50));
    };
    await until(2);
    // The one that the schedule was created at.
    await cluster.killCoordinator(0, 0);
    await until(RUNS);
    await other!.pause('often');
    // A run is counted when it is decided, and has its job a moment later.
    while (!(await runs()).every(({ jobId }) => jobId)) await new Promise((resolve) => setTimeout(resolve, 50));
    const started = (await runs()).reverse();
    // Every second has one run, the runs are counted through, and each has a job of its own.
    const seconds = started.map(({ due }) => readTimestamp(due)! / 1000);
    assert.deepEqual(
      seconds,
      seconds.map((_, index) => seconds[0]! + index),
    );
    assert.deepEqual(
      started.map(({ run }) => run),
      started.map((_, index) => index + 1),
    );
    const ids = started.map(({ jobId }) => jobId!);
    assert.equal(new Set(ids).size, started.length);
    for (const id of ids) for await (const _event of cluster.clients[1]!.watch(id));
    const listed: string[] = [];
    for await (const { id } of cluster.clients[1]!.list()) listed.push(id!);
    assert.deepEqual(listed.sort(), [...ids].sort());
  } finally {
    own?.close();
    other?.close();
    await cluster.close();
  }
});
