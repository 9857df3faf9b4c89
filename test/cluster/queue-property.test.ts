import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { JobClaim, JobQueue, QueuedJob } from '../../coordinator/queue/job-queue.js';
import { NO_REDIS } from '../support/redis-server.js';
import { randomOf } from '../support/seeded-random.js';
import { embeddedAdapter, type QueueAdapter, redisAdapter, submission } from '../support/test-queues.js';

// Random calls, the same to both queues: whatever they are asked, they must agree.
const SEEDS = [1, 2, 3, 4];
const CALLS = 60;

const adapters = [embeddedAdapter(), redisAdapter()];
after(() => Promise.all(adapters.map((adapter) => adapter.close())));

/** One queue with its claims, told what to do in terms that hold for every implementation. */
class Driven {
  readonly #claims = new Map<string, JobClaim>();

  constructor(readonly queue: JobQueue) {}

  async submit(request: string, priority: number, principal: string): Promise<unknown> {
    const { job, existed } = await this.queue.submit(submission(request, { priority, principal, maxAttempts: 3 }));
    return [existed, job.state];
  }

  async claim(): Promise<unknown> {
    // Nobody waits here: there is a job, or the call is not made.
    const { jobs } = await this.queue.list({ states: ['queued'], pageSize: 1 });
    if (jobs.length === 0) return 'none waits';
    const claim = (await this.queue.claim(new AbortController().signal))!;
    this.#claims.set(claim.job.requestId, claim);
    return seen(claim.job);
  }

  async withClaim(index: number, act: (claim: JobClaim) => Promise<unknown>): Promise<unknown> {
    const names = [...this.#claims.keys()].sort();
    const name = names[index % Math.max(1, names.length)];
    if (name === undefined) return 'none is held';
    const claim = this.#claims.get(name)!;
    this.#claims.delete(name);
    await act(claim);
    return seen(await this.queue.get(claim.job.id));
  }

  async cancel(request: string): Promise<unknown> {
    const job = await this.#named(request);
    const asked = job && (await this.queue.requestCancel(job.id));
    return [seen(asked), this.#claims.get(request)?.stop.aborted];
  }

  async #withNamed(request: string, act: (id: string) => Promise<QueuedJob | undefined>): Promise<unknown> {
    const job = await this.#named(request);
    return seen(job && (await act(job.id)));
  }

  retry(request: string): Promise<unknown> {
    return this.#withNamed(request, (id) => this.queue.retry(id));
  }

  remove(request: string): Promise<unknown> {
    return this.#withNamed(request, (id) => this.queue.remove(id));
  }

  async all(): Promise<unknown> {
    const { jobs } = await this.queue.list({ pageSize: 1000 });
    return [jobs.map(seen), await this.queue.countOpen('p'), await this.queue.countOpen('q')];
  }

  async #named(request: string): Promise<QueuedJob | undefined> {
    const { jobs } = await this.queue.list({ pageSize: 1000 });
    return jobs.find((job) => job.requestId === request);
  }
}

function seen(job: QueuedJob | undefined): unknown {
  if (job === undefined) return undefined;
  const { requestId, state, attempt, priority, cancelRequested, planned, planningDeaths, failure, finishedMs } = job;
  return { requestId, state, attempt, priority, cancelRequested, planned, planningDeaths, failure, finishedMs };
}

/** A call that both get. */
function callOf(random: (limit: number) => number): [string, (driven: Driven) => Promise<unknown>] {
  const request = `r${random(12)}`;
  const principal = random(2) === 0 ? 'p' : 'q';
  const index = random(8);
  const failure = { tag: 'tile-failed', detail: { what: `failure ${index}` } } as const;
  const calls: [string, (driven: Driven) => Promise<unknown>][] = [
    [`submit ${request}`, (driven) => driven.submit(request, priorityOf(request), request < 'r5' ? 'p' : 'q')],
    [`submit ${request}`, (driven) => driven.submit(request, priorityOf(request), request < 'r5' ? 'p' : 'q')],
    ['claim', (driven) => driven.claim()],
    ['claim', (driven) => driven.claim()],
    [`cancel ${request}`, (driven) => driven.cancel(request)],
    [`retry ${request}`, (driven) => driven.retry(request)],
    [`remove ${request}`, (driven) => driven.remove(request)],
    [
      `finish ${index}`,
      (driven) => driven.withClaim(index, (c) => driven.queue.finish(c, { state: 'failed', failure })),
    ],
    [`release ${index}`, (driven) => driven.withClaim(index, (c) => driven.queue.release(c))],
    [`list of ${principal}`, async (driven) => (await driven.queue.list({ principal, pageSize: 50 })).jobs.map(seen)],
  ];
  return calls[random(calls.length)]!;
}

/** Of its own for each, since who comes first among jobs of one priority that were given back is not promised. */
function priorityOf(request: string): number {
  return (Number(request.slice(1)) * 5) % 12;
}

test('random calls have the same answers from both queues', { skip: NO_REDIS }, async () => {
  for (const seed of SEEDS) {
    const random = randomOf(seed);
    let nowMs = 1000;
    const open = (adapter: QueueAdapter) => adapter.open(`seed-${seed}`, { nowMs: () => nowMs, lockMs: 30_000 });
    const [one, other] = (await Promise.all(adapters.map(open))).map((queue) => new Driven(queue)) as [Driven, Driven];
    const said: string[] = [];
    try {
      for (let i = 0; i < CALLS; i++) {
        nowMs++;
        const [name, call] = callOf(random);
        said.push(name);
        const [expected, found] = [await call(one), await call(other)];
        assert.deepEqual(found, expected, `seed ${seed}: ${said.join(', ')}`);
        assert.deepEqual(await other.all(), await one.all(), `seed ${seed}, after: ${said.join(', ')}`);
      }
    } finally {
      await one.queue.close();
      await other.queue.close();
    }
  }
});
