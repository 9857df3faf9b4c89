import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { resultOf } from '../../library/cluster/jobs-client.js';
import type { halotile } from '../../proto/gen/messages.js';
import { TestCluster } from '../cluster/harness.js';
import { blurSpec, local } from '../cluster/scene-files.js';
import { NetworkNamespace } from './network-namespace.js';

const network = NetworkNamespace.open();

test('a cable between worker and coordinator is pulled and plugged in again', {
  skip: network === undefined && 'network namespaces need root and iproute2',
}, async () => {
  const cluster = await TestCluster.start({ leaseMs: 1_500 }, { listen: '0.0.0.0:0' });
  const onDisk = (name: string) => join(cluster.root, name);
  const inRoot = (name: string) => `root:data/${name}`;
  try {
    await local(blurSpec(onDisk, onDisk('oracle.tif')));
    const address = `${network!.hostAddress}:${cluster.coordinator.port}`;
    await cluster.worker({ address, netns: network!.name, fault: 'slow:40', threads: 2 });
    const job = await cluster.client.submit(blurSpec(inRoot, inRoot('cut.tif')));
    let last: halotile.v1.WatchJobResponse | undefined;
    let cut = false;
    for await (const event of cluster.client.watch(job.id!)) {
      last = event;
      if (cut || (event.progress?.tilesDone ?? 0) < 5) continue;
      cut = true;
      network!.cut();
      // Nothing tells the coordinator but silence.
      await cluster.until(() => cluster.coordinator.figures.workers === 0);
      assert.equal(cluster.coordinator.figures.leases, 0);
      network!.mend();
    }
    assert.ok(cut, 'the job was over before the cut');
    const result = resultOf(last!);
    assert.ok(readFileSync(onDisk('cut.tif')).equals(readFileSync(onDisk('oracle.tif'))));
    assert.equal(last!.progress?.tilesDone, result.tiles);
    assert.ok(!cluster.log.some((line) => line.includes('ALARM')));
    await cluster.assertClean();
  } finally {
    await cluster.close();
    network!.close();
  }
});
