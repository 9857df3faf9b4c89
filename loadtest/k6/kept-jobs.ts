import { randomUUID } from 'node:crypto';
import { EmbeddedQueue } from '../../coordinator/queue/embedded/embedded-queue.js';
import type { JobQueue } from '../../coordinator/queue/job-queue.js';
import { jobSpecSchema } from '../../tiling/job/job-spec.js';

/** Jobs that are handed in before their disk is waited for. */
const AT_ONCE = 2000;
/** Principals that they are shared among: each keeps no more than 20,000. */
const PRINCIPALS = 10;

/** Fills the queue of a coordinator that does not run yet with jobs that have ended, so that it starts with a long history. */
export async function keepJobs(stateDirectory: string, count: number): Promise<void> {
  const queue = await EmbeddedQueue.open({
    ...{ directory: stateDirectory, nowMs: () => Date.now(), newId: () => randomUUID(), log: () => {} },
    retentionMs: Number.POSITIVE_INFINITY,
  });
  await fillQueue(queue, count, 1);
  await queue.close();
}

/** Submits jobs that nobody runs; one in so many is cancelled, which ends it. */
export async function fillQueue(queue: JobQueue, count: number, endedOneIn = 2): Promise<void> {
  const operations = [{ name: 'box', params: { radius: 1 } }];
  for (let from = 0; from < count; from += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - from) }, async (_, i) => {
      const name = `kept-${from + i}`;
      const { job } = await queue.submit({
        ...{ requestId: name, principal: `load-${(from + i) % PRINCIPALS}`, priority: 0, maxAttempts: 5 },
        spec: jobSpecSchema.parse({ image: 'root:data/tiny.tif', output: `root:data/${name}.tif`, operations }),
      });
      if ((from + i) % endedOneIn === 0) await queue.requestCancel(job.id);
    });
    await Promise.all(some);
  }
}
