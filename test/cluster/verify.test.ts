import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { resultOf } from '../../cli/client.js';
import type { halotile } from '../../proto/gen/messages.js';
import { TestCluster } from './harness.js';
import { blurSpec, local } from './scene-files.js';

let cluster: TestCluster;
before(async () => {
  cluster = await TestCluster.start({ minLateMs: 600_000 }, { verifyEvery: 1 });
});
after(() => cluster.close());

test('tasks are computed again elsewhere, and who is alone with its pixels is sent away', async () => {
  const inRoot = (name: string) => `root:data/${name}`;
  const onDisk = (name: string) => join(cluster.root, name);
  await local(blurSpec(onDisk, onDisk('oracle.tif')));
  await cluster.worker({ fault: 'wrong', roots: true });
  await cluster.worker({ roots: true });
  await cluster.worker({ roots: true });
  const job = await cluster.client.submit(blurSpec(inRoot, inRoot('verified.tif')));
  let last: halotile.v1.WatchJobResponse | undefined;
  for await (last of cluster.client.watch(job.id!));
  const { tiles = 0 } = resultOf(last!);
  assert.ok(readFileSync(onDisk('verified.tif')).equals(readFileSync(onDisk('oracle.tif'))));
  assert.equal(cluster.coordinator.figures.verified, tiles);
  assert.ok(cluster.log.some((line) => /ALARM: tile \d+ .* computed different pixels/.test(line)));
  assert.ok(
    cluster.log.some((line) => /ALARM: .* two workers agree against anybody\/\w+, which is sent away/.test(line)),
  );
  await cluster.until(() => cluster.coordinator.figures.workers === 2);
  await cluster.assertClean();
});
