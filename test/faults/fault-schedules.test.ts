import { test } from 'node:test';
import { NO_REDIS } from '../support/redis-server.js';
import { faultSchedule } from './schedules/fault-schedule.js';
import { FaultedCluster } from './schedules/faulted-cluster.js';
import { runSchedule } from './schedules/run-schedule.js';

// The short form of `npm run test:faults:long`: a clock that is an hour off while a schedule runs; a Redis that forgets
// everything, one that is full, a coordinator's death and a restart of everything; a coordinator that is cut off from
// Redis, and a Redis that dies.
const SEEDS = [15, 31, 39];

test('jobs end right after seeded faults of coordinators, workers and Redis, and leave nothing', {
  skip: NO_REDIS,
}, async (t) => {
  const cluster = await FaultedCluster.start();
  try {
    for (const seed of SEEDS) {
      const schedule = faultSchedule(seed);
      await runSchedule(cluster, schedule);
      t.diagnostic(`seed ${seed}: ${schedule.faults.map(({ kind }) => kind).join(', ')}`);
    }
  } finally {
    await cluster.close();
  }
});
