// What queues cost, the embedded one and the one in Redis, on one machine:
// npm run bench:queue -- [--rows jobs,history,death,collection,overhead] [--jobs N] [--warm N] [--kept N] [--images N]
// [--side N] [--rounds N] [--cpu-prof DIR]
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { RedisServer } from '../../test/support/redis-server.js';
import { describeMachine } from './machine.js';
import { collectionRate } from './queue/collection-rate.js';
import { coordinatorDeath } from './queue/coordinator-death.js';
import { jobRate } from './queue/job-rate.js';
import { longHistory } from './queue/long-history.js';
import type { QueueBenchOptions } from './queue/options.js';
import { queueOverhead } from './queue/queue-overhead.js';

const ROWS: Record<string, (options: QueueBenchOptions) => Promise<void>> = {
  jobs: jobRate,
  history: longHistory,
  death: coordinatorDeath,
  collection: collectionRate,
  overhead: queueOverhead,
};

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: 'jobs,history' },
    /** Tiny jobs of each cluster. */
    jobs: { type: 'string', default: '1000' },
    /** Those before them, of each coordinator: what is loaded and compiled once is no cost of a job. */
    warm: { type: 'string', default: '1000' },
    /** Jobs of a long history. */
    kept: { type: 'string', default: '100000' },
    /** Images of the collection. */
    images: { type: 'string', default: '3000' },
    /** Of the image whose job is run through both queues. */
    side: { type: 'string', default: '15000' },
    rounds: { type: 'string', default: '3' },
    'cpu-prof': { type: 'string' },
  },
});
const names = values.rows.split(',');
const unknown = names.find((name) => !Object.hasOwn(ROWS, name));
if (unknown !== undefined) {
  process.stderr.write(`bench: no row '${unknown}'; there are ${Object.keys(ROWS).join(', ')}\n`);
  process.exit(2);
}
const profile = values['cpu-prof'];
const options = {
  ...{ jobs: Number(values.jobs), warm: Number(values.warm), kept: Number(values.kept), images: Number(values.images) },
  ...{ side: Number(values.side), rounds: Number(values.rounds) },
  nodeFlags: profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`],
  say: (what: string, figures: string) =>
    process.stdout.write(`${what}: ${figures} (load average ${loadavg()[0]!.toFixed(1)})\n`),
};
console.log(describeMachine());
const redis = await RedisServer.start();
try {
  for (const name of names) await ROWS[name]!({ ...options, redisUrl: redis.url });
} finally {
  await redis.close();
}
