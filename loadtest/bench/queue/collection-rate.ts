import { linkSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JobsClient, resultOf } from '../../../library/cluster/jobs-client.js';
import type { halotile } from '../../../proto/gen/messages.js';
import { collectionSpecSchema } from '../../../tiling/job/collection-spec.js';
import { LocalServices, writeTiny } from '../../k6/local-services.js';
import { type QueueBenchOptions, withEmptyRedis } from './options.js';

const WORKERS = [1, 2, 4];

/** One collection of tiny images in one submit, on two coordinators of a Redis: images a second by the number of workers. */
export async function collectionRate({ images, redisUrl, nodeFlags, say }: QueueBenchOptions): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'halotile-bench-images-'));
  try {
    mkdirSync(join(root, 'in'));
    writeTiny(join(root, 'tiny.tif'));
    // A file has no more than some 65,000 names.
    for (let index = 0; index < images; index++) linkSync(join(root, 'tiny.tif'), join(root, 'in', `${index}.tif`));
    for (const workers of WORKERS) {
      const services = await withEmptyRedis(redisUrl, () =>
        LocalServices.start({ workers, coordinators: 2, redisUrl, root, nodeFlags }),
      );
      const client = new JobsClient({ address: services.address });
      try {
        const before = services.spent();
        const spec = { images: 'root:data/in', output: `root:data/out-${workers}/{name}.tif` };
        const operations = [{ name: 'box', params: { radius: 1 } }];
        const { id } = await client.submit(collectionSpecSchema.parse({ ...spec, operations }));
        let last: halotile.v1.WatchJobResponse | undefined;
        for await (last of client.watch(id!));
        const { wallSeconds = 0 } = resultOf(last!);
        const after = services.spent();
        const each = (seconds: number) => ((1000 * seconds) / images).toFixed(2);
        say(
          `${images} images of 64×64 in one submit, workers: ${workers}`,
          `${(images / wallSeconds).toFixed(0)} a second, in ${wallSeconds.toFixed(0)} s; ms of processor time an image: ` +
            `${each(after.coordinators - before.coordinators)} (coordinators) + ` +
            `${each(after.workers - before.workers)} (workers); ` +
            `the first coordinator holds ${(services.figures().residentBytes / 2 ** 20).toFixed(0)} MiB`,
        );
      } finally {
        client.close();
        await services.close();
      }
    }
  } finally {
    rmSync(root, { recursive: true });
  }
}
