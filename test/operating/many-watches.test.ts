import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TestCluster } from '../cluster/harness.js';
import { blurSpec } from '../cluster/scene-files.js';

let cluster: TestCluster;
before(async () => {
  cluster = await TestCluster.start();
});
after(() => cluster.close());

/** More than Node's HTTP/2 servers take of cancelled streams at once (1,000) before they close the connection. */
const WATCHES = 3000;
const AT_ONCE = 8;

test('a client that watches job after job to its end keeps its connection', async () => {
  const inRoot = (name: string) => `root:data/${name}`;
  const { id } = await cluster.client.submit(blurSpec(inRoot, inRoot('never.tif')));
  await cluster.client.cancel(id!);
  const watchAll = async () => {
    for (let i = 0; i < WATCHES / AT_ONCE; i++) {
      let events = 0;
      // As callers do who know that it has ended.
      for await (const _ of cluster.client.watch(id!)) if (++events === 1) break;
      assert.equal(events, 1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, watchAll));
});
