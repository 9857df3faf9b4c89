import { randomUUID } from 'node:crypto';
import { EmbeddedQueue } from '../../coordinator/queue/embedded/embedded-queue.js';
import type { JobQueue, JobSubmission } from '../../coordinator/queue/job-queue.js';
import { JobStore } from '../../coordinator/queue/redis/job-store.js';
import { cancelAsked, submitted } from '../../coordinator/queue/transitions.js';
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
  await someAtOnce(count, async (number) => {
    const { job } = await queue.submit(keptJob(number));
    if (number % endedOneIn === 0) await queue.requestCancel(job.id);
  });
}

/** Writes into shared storage what a queue in Redis keeps there of jobs that nobody ran; every second one is cancelled. */
export async function fillStore(directory: string, count: number): Promise<void> {
  const store = new JobStore(directory);
  const nowMs = Date.now();
  await someAtOnce(count, async (number) => {
    const job = submitted(keptJob(number), { id: randomUUID(), nowMs });
    await store.submit({ sequence: number + 1, job });
    if (number % 2 === 0) await store.end(cancelAsked(job, nowMs));
  });
}

function keptJob(number: number): JobSubmission {
  const operations = [{ name: 'box', params: { radius: 1 } }];
  const name = `kept-${number}`;
  const spec = jobSpecSchema.parse({ image: 'root:data/tiny.tif', output: `root:data/${name}.tif`, operations });
  return { requestId: name, principal: `load-${number % PRINCIPALS}`, priority: 0, maxAttempts: 5, spec };
}

async function someAtOnce(count: number, act: (number: number) => Promise<void>): Promise<void> {
  for (let from = 0; from < count; from += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, index) => act(from + index)));
  }
}
