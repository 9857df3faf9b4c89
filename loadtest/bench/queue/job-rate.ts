import { isEnded, JobsClient } from '../../../library/cluster/jobs-client.js';
import { jobSpecSchema } from '../../../tiling/job/job-spec.js';
import { LocalServices } from '../../k6/local-services.js';
import { msOf, type QueueBenchOptions, redisSeconds, withEmptyRedis } from './options.js';

/** Jobs under way at once from the client's side. */
const AT_ONCE = 64;

/** Tiny jobs a second from submission to end, and the processor time of each of them. */
export async function jobRate(options: QueueBenchOptions): Promise<void> {
  const { redisUrl, say } = options;
  say('embedded, one coordinator', await figuresOf(options, 1));
  for (const coordinators of [1, 3]) {
    await withEmptyRedis(redisUrl, async (client) => {
      const before = await redisSeconds(client);
      const figures = await figuresOf(options, coordinators, redisUrl);
      const ms = (1000 * ((await redisSeconds(client)) - before)) / options.jobs;
      say(`Redis, coordinators: ${coordinators}`, `${figures} + ${ms.toFixed(1)} (Redis)`);
    });
  }
}

async function figuresOf({ jobs, warm, nodeFlags }: QueueBenchOptions, coordinators: number, redisUrl?: string) {
  const services = await LocalServices.start({ workers: 2, coordinators, redisUrl, nodeFlags });
  const clients = services.addresses.map((address) => new JobsClient({ address }));
  const runAll = async (count: number, name: string) => {
    let next = 0;
    const lane = async () => {
      for (let index = next++; index < count; index = next++) {
        const client = clients[index % clients.length]!;
        const { id } = await client.submit(tinyJob(`root:data/out/${name}-${index}.tif`));
        for await (const { state } of client.watch(id!)) if (isEnded(state)) break;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
  };
  try {
    await runAll(warm * coordinators, 'warm');
    const before = services.spent();
    const client = process.cpuUsage();
    const ms = await msOf(() => runAll(jobs, 'job'));
    const after = services.spent();
    const { user, system } = process.cpuUsage(client);
    const each = (seconds: number) => ((1000 * seconds) / jobs).toFixed(1);
    const spent =
      `${each(after.coordinators - before.coordinators)} (coordinators) + ` +
      `${each(after.workers - before.workers)} (workers) + ${each((user + system) / 1e6)} (client)`;
    return `${((jobs * 1000) / ms).toFixed(0)} jobs a second; ms of processor time a job: ${spent}`;
  } finally {
    for (const client of clients) client.close();
    await services.close();
  }
}

function tinyJob(output: string) {
  const operations = [{ name: 'box', params: { radius: 1 } }];
  return jobSpecSchema.parse({ image: 'root:data/tiny.tif', output, operations });
}
