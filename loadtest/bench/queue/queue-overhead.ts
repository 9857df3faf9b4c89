import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeDemoScene } from '../../../cli/demo/scene.js';
import { JobsClient, resultOf } from '../../../library/cluster/jobs-client.js';
import type { halotile } from '../../../proto/gen/messages.js';
import { jobSpecSchema } from '../../../tiling/job/job-spec.js';
import { LocalServices } from '../../k6/local-services.js';
import { median } from '../contest.js';
import { type QueueBenchOptions, redisSeconds, withEmptyRedis } from './options.js';

const QUEUES = ['embedded', 'Redis'] as const;

interface Spent {
  readonly wallSeconds: number;
  /** Of coordinator, workers and Redis. */
  readonly processorSeconds: number;
}

/** The everyday job of one large image through the embedded queue and through Redis, in turns. */
export async function queueOverhead({ side, rounds, redisUrl, nodeFlags, say }: QueueBenchOptions): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'halotile-bench-overhead-'));
  try {
    await makeDemoScene({ directory: root, size: { width: side, height: side }, seed: 1, threads: 2 });
    const spent = { embedded: [] as Spent[], Redis: [] as Spent[] };
    for (let round = 1; round <= rounds; round++) {
      // The second of two finds the machine as the first left it: each is that as often as the other.
      for (const queue of round % 2 === 1 ? QUEUES : [...QUEUES].reverse()) {
        spent[queue].push(await runOnce(queue === 'Redis'));
        rmSync(join(root, 'out.tif'));
        const { wallSeconds, processorSeconds } = spent[queue].at(-1)!;
        say(
          `${queue}, round ${round}`,
          `${wallSeconds.toFixed(2)} s, ${processorSeconds.toFixed(2)} s of processor time`,
        );
      }
    }
    const more = (of: keyof Spent) => {
      const [without, through] = QUEUES.map((queue) => median(spent[queue].map((each) => each[of])));
      return `${(100 * (through! / without! - 1)).toFixed(1)} %`;
    };
    say(
      `Redis more than embedded, ${side}×${side}`,
      `${more('wallSeconds')} time, ${more('processorSeconds')} processor time`,
    );
  } finally {
    rmSync(root, { recursive: true });
  }

  function runOnce(throughRedis: boolean): Promise<Spent> {
    return withEmptyRedis(redisUrl, async (redis) => {
      const shared = throughRedis ? { redisUrl } : {};
      const services = await LocalServices.start({ workers: 2, root, nodeFlags, ...shared });
      const client = new JobsClient({ address: services.address });
      try {
        const total = async () => {
          const { coordinators, workers } = services.spent();
          return coordinators + workers + (throughRedis ? await redisSeconds(redis) : 0);
        };
        const before = await total();
        const named = { image: 'root:data/scene.tif', map: 'root:data/distance.tif', output: 'root:data/out.tif' };
        const { id } = await client.submit(jobSpecSchema.parse({ ...named, operations: [{ name: 'box' }] }));
        let last: halotile.v1.WatchJobResponse | undefined;
        for await (last of client.watch(id!));
        const { wallSeconds = 0 } = resultOf(last!);
        return { wallSeconds, processorSeconds: (await total()) - before };
      } finally {
        client.close();
        await services.close();
      }
    });
  }
}
