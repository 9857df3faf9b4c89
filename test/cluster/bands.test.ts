import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { resultOf } from '../../library/cluster/jobs-client.js';
import type { halotile } from '../../proto/gen/messages.js';
import { type JobSpec, jobSpecSchema } from '../../tiling/job/job-spec.js';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { writeTiff } from '../support/tiff-file.js';
import { TestCluster } from './harness.js';
import { local, SCENE } from './scene-files.js';

let cluster: TestCluster;
before(async () => {
  cluster = await TestCluster.start();
  const next = noise(8);
  writeTiff(
    onDisk('mask.tif'),
    imageOf(SCENE, { dtype: 'uint8', channels: 1 }, () => (next(3000) === 0 ? 255 : 0)),
    { tile: 128, deflate: true },
  );
});
after(() => cluster.close());

const inRoot = (name: string) => `root:data/${name}`;
const onDisk = (name: string) => join(cluster.root, name);

async function finished(spec: JobSpec): Promise<void> {
  const job = await cluster.client.submit(spec);
  let event: halotile.v1.WatchJobResponse | undefined;
  for await (event of cluster.client.watch(job.id!));
  resultOf(event!);
}

function specOf(place: (name: string) => string, output: string, options: object): JobSpec {
  return jobSpecSchema.parse({ image: place('mask.tif'), output: place(output), tile: 256, block: 128, ...options });
}

const JOBS = {
  distance: { operations: [{ name: 'distance', params: { dtype: 'uint16', scale: 16 } }] },
  label: {
    operations: [
      { name: 'distance', params: { cap: 12 } },
      { name: 'threshold', params: { value: 9 } },
      { name: 'label' },
    ],
  },
  blur: {
    ...{ image: 'deflate.tif', map: 'mask.tif', mapOperations: [{ name: 'distance' }] },
    ...{ operations: [{ name: 'box' }], mapping: { max: 40 } },
  },
} as const;

for (const [name, { ...options }] of Object.entries(JOBS)) {
  test(`bands of full rows hand on to each other between machines: ${name}`, async () => {
    const placed = (place: (name: string) => string) =>
      'image' in options ? { ...options, image: place(options.image), map: place(options.map) } : options;
    await local(specOf(onDisk, `${name}-oracle.tif`, placed(onDisk)));
    // One worker sees the storage, the other is sent everything.
    for (const roots of [true, false]) {
      await cluster.worker({ roots });
      await finished(specOf(inRoot, `${name}-${roots}.tif`, placed(inRoot)));
      const [oracle, made] = ['oracle', roots].map((ending) => readFileSync(onDisk(`${name}-${ending}.tif`)));
      assert.ok(made!.equals(oracle!));
      await cluster.assertClean();
      for (const worker of cluster.workers) await worker.end('SIGTERM');
    }
  });
}
