import assert from 'node:assert/strict';
import { linkSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runJob } from '../../library/calls.js';
import { resultOf } from '../../library/cluster/jobs-client.js';
import type { halotile } from '../../proto/gen/messages.js';
import { collectionSpecSchema } from '../../tiling/job/collection-spec.js';
import { TestCluster } from '../cluster/harness.js';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { writeTiff } from '../support/tiff-file.js';

/** As 30,000 are in the long form, `npm run bench:collection`. */
const IMAGES = 600;
/** Images that differ; the others are links to them. */
const DISTINCT = 12;
const OPERATIONS = [{ name: 'gaussian', params: { sigma: 1.5 } }];

let cluster: TestCluster;
const at = (...names: readonly string[]) => join(cluster.root, ...names);

before(async () => {
  cluster = await TestCluster.start();
  mkdirSync(at('in'));
  const random = noise(1);
  for (let index = 0; index < IMAGES; index++) {
    const image = at('in', `${index}.tif`);
    if (index >= DISTINCT) linkSync(at('in', `${index % DISTINCT}.tif`), image);
    else
      writeTiff(
        image,
        imageOf({ width: 40, height: 30 }, { dtype: 'uint8', channels: 3 }, () => random(256)),
      );
  }
});
after(() => cluster.close());

test('many small images of one submit are written, though a worker is lost, and none a second time', async () => {
  const first = await cluster.worker({ roots: true });
  await cluster.worker();
  const spec = collectionSpecSchema.parse({
    ...{ images: 'root:data/in', output: 'root:data/out/{name}.tif', operations: OPERATIONS },
  });
  const run = async () => {
    const job = await cluster.client.submit(spec);
    let last: halotile.v1.WatchJobResponse | undefined;
    for await (last of cluster.client.watch(job.id!)) {
      if ((last.progress?.imagesDone ?? 0) > IMAGES / 4) first.process.kill('SIGKILL');
    }
    return resultOf(last!).counts;
  };
  const counts = await run();
  assert.deepEqual([counts?.imagesWritten, counts?.imagesFailed ?? 0], [IMAGES, 0]);
  for (let index = 0; index < DISTINCT; index++) {
    await runJob({ image: at('in', `${index}.tif`), output: at('single.tif'), operations: OPERATIONS });
    const single = readFileSync(at('single.tif'));
    for (let same = index; same < IMAGES; same += DISTINCT) {
      assert.ok(readFileSync(at('out', `${same}.tif`)).equals(single), `image ${same} has other bytes`);
    }
  }
  assert.equal((await run())?.imagesReused, IMAGES);
});
