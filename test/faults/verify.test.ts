import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { resultOf } from '../../library/cluster/jobs-client.js';
import type { halotile } from '../../proto/gen/messages.js';
import { TestCluster } from '../cluster/harness.js';
import { blurSpec, local } from '../cluster/scene-files.js';
import { halotile as run } from '../support/run-halotile.js';

let cluster: TestCluster;
let trusting: TestCluster;
before(async () => {
  cluster = await TestCluster.start({ minLateMs: 600_000 }, { verifyEvery: 1 });
  trusting = await TestCluster.start({ minLateMs: 600_000 });
});
after(async () => {
  await cluster.close();
  await trusting.close();
});

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

test('a job asks for that itself where the coordinator trusts its workers', async () => {
  const inRoot = (name: string) => `root:data/${name}`;
  await trusting.worker({ fault: 'wrong', roots: true });
  await trusting.worker({ roots: true });
  await trusting.worker({ roots: true });
  const blur = (output: string, ...flags: string[]) =>
    run(
      ...['blur', inRoot('raw.tif'), '--map', inRoot('map.tif'), '-o', inRoot(output), '--tile', '512', '--quiet'],
      ...['--coordinator', trusting.address, ...flags],
    );
  assert.equal((await blur('trusted.tif')).code, 0);
  assert.equal(trusting.coordinator.figures.verified, 0);
  const asked = await blur('asked.tif', '--verify', '1/1');
  assert.equal(asked.code, 0, asked.stderr);
  assert.ok(trusting.coordinator.figures.verified > 0);
  assert.ok(trusting.log.some((line) => /two workers agree against anybody\/\w+, which is sent away/.test(line)));
  const alone = await run('blur', 'in.tif', '--map', 'map.tif', '-o', 'alone.tif', '--verify', '1/2');
  assert.equal(alone.code, 2);
  assert.match(alone.stderr, /--verify compares what two workers of a cluster compute/);
});
