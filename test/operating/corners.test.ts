import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { resultOf } from '../../library/cluster/jobs-client.js';
import type { halotile } from '../../proto/gen/messages.js';
import { jobSpecSchema } from '../../tiling/job/job-spec.js';
import { TestCluster } from '../cluster/harness.js';
import { local } from '../cluster/scene-files.js';
import { imageOf, noise, referenceBox } from '../conformance/box-tiles.js';
import { readLevels } from '../support/output-levels.js';
import { writeTiff } from '../support/tiff-file.js';

let cluster: TestCluster;
before(async () => {
  cluster = await TestCluster.start();
});
after(() => cluster.close());

test('windows of any radius read the table of sums by reference and over the wire', async () => {
  const size = { width: 90, height: 61 };
  const next = noise(8);
  const image = imageOf(size, { dtype: 'uint8', channels: 3 }, () => next(256));
  const map = imageOf(size, { dtype: 'uint16', channels: 1 }, (x, y) => Math.round(Math.hypot(x - 80, y - 9)));
  const onDisk = (name: string) => join(cluster.root, name);
  writeTiff(onDisk('wide.tif'), image);
  writeTiff(onDisk('wide-map.tif'), map);
  const expected = referenceBox({ image, border: 'clip', radii: map.samples as Uint16Array });
  // One worker sees the storage, the other is sent everything.
  for (const roots of [true, false]) {
    await cluster.worker({ roots });
    const output = `wide-${roots}.tif`;
    const job = await cluster.client.submit(
      jobSpecSchema.parse({
        ...{ image: 'root:data/wide.tif', map: 'root:data/wide-map.tif', output: `root:data/${output}` },
        ...{ operations: [{ name: 'box' }], tile: 16 },
      }),
    );
    let event: halotile.v1.WatchJobResponse | undefined;
    for await (event of cluster.client.watch(job.id!));
    resultOf(event!);
    assert.deepEqual((await readLevels(onDisk(output)))[0]!.samples, expected);
    await cluster.assertClean();
    for (const worker of cluster.workers) await worker.end('SIGTERM');
  }
});

test('wide Gaussians, those behind other operations and non-local means are those of one machine, by reference and over the wire', async () => {
  const size = { width: 120, height: 91 };
  const next = noise(9);
  const onDisk = (name: string) => join(cluster.root, name);
  writeTiff(
    onDisk('soft.tif'),
    imageOf(size, { dtype: 'uint8', channels: 3 }, () => next(256)),
  );
  writeTiff(
    onDisk('soft-map.tif'),
    imageOf(size, { dtype: 'uint16', channels: 1 }, (x, y) => Math.round(Math.hypot(x - 80, y - 9))),
  );
  const sizes = { tile: 32, block: 32 } as const;
  const chains = {
    first: [{ name: 'gaussian' }],
    behind: [{ name: 'median' }, { name: 'gaussian' }],
    alike: [{ name: 'nlm', params: { patch: 3, window: 7 } }, { name: 'box' }],
  };
  for (const [name, operations] of Object.entries(chains)) {
    const files = { image: onDisk('soft.tif'), map: onDisk('soft-map.tif'), output: onDisk(`${name}-local.tif`) };
    await local(jobSpecSchema.parse({ ...files, operations, ...sizes }));
  }
  for (const roots of [true, false]) {
    await cluster.worker({ roots });
    for (const [name, operations] of Object.entries(chains)) {
      const output = `${name}-${roots}.tif`;
      const inRoot = { image: 'root:data/soft.tif', map: 'root:data/soft-map.tif', output: `root:data/${output}` };
      const job = await cluster.client.submit(jobSpecSchema.parse({ ...inRoot, operations, ...sizes }));
      let event: halotile.v1.WatchJobResponse | undefined;
      for await (event of cluster.client.watch(job.id!));
      resultOf(event!);
      const [made, expected] = [await readLevels(onDisk(output)), await readLevels(onDisk(`${name}-local.tif`))];
      assert.deepEqual(made[0]!.samples, expected[0]!.samples, name);
      await cluster.assertClean();
    }
    for (const worker of cluster.workers) await worker.end('SIGTERM');
  }
});
