import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { JobQueue } from '../../coordinator/queue/job-queue.js';
import { textOf } from '../../tiling/words.js';
import { embeddedAdapter, type QueueAdapter, redisAdapter, submission } from '../support/test-queues.js';

// What every queue promises, in process and in Redis alike.
const never = new AbortController().signal;
const nowMs = () => 1000;

for (const adapter of [embeddedAdapter(), redisAdapter()]) {
  after(() => adapter.close());
  const promise = (what: string, check: (open: QueueAdapter['open']) => Promise<void>) =>
    test(`${adapter.name}: ${what}`, { skip: adapter.skip }, () => check(adapter.open.bind(adapter)));

  promise('a request that is repeated gives the same job, with another spec it is refused', async (open) => {
    const queue = await open('repeat', { nowMs });
    const [first, second] = await Promise.all([queue.submit(submission('r')), queue.submit(submission('r'))]);
    assert.deepEqual([first.existed, second.existed].sort(), [false, true]);
    assert.equal(second.job.id, first.job.id);
    await assert.rejects(queue.submit(submission('r', { image: 'other.tif' })), { tag: 'already-exists' });
    assert.equal((await queue.list({ pageSize: 10 })).jobs.length, 1);
    await queue.close();
  });

  promise('higher priority first, then the oldest; a claim waits for a job', async (open) => {
    const queue = await open('order', { nowMs });
    const waiting = queue.claim(never);
    await queue.submit(submission('1'));
    assert.equal((await waiting)?.job.requestId, '1');
    for (const [id, priority] of [
      ['2', 0],
      ['3', 5],
      ['4', 5],
      ['5', -100],
    ] as const) {
      await queue.submit(submission(id, { priority }));
    }
    const order = [];
    for (let i = 0; i < 4; i++) order.push((await queue.claim(never))?.job.requestId);
    assert.deepEqual(order, ['3', '4', '2', '5']);
    assert.equal(await queue.claim(AbortSignal.abort()), undefined);
    const gone = new AbortController();
    const none = queue.claim(gone.signal);
    gone.abort();
    assert.equal(await none, undefined);
    await queue.close();
  });

  promise('a job of the dead goes to the next claimer, who alone can end it', async (open) => {
    const queue = await open('survive', { nowMs });
    const { job } = await queue.submit(submission('2', { priority: 1 }));
    const claim = (await queue.claim(never))!;
    await queue.planned(claim);
    await queue.close();
    const again = await open('survive', { nowMs });
    const next = (await again.claim(never))!;
    assert.deepEqual([next.job.id, next.job.attempt], [job.id, 2]);
    assert.ok(next.epoch > claim.epoch);
    assert.ok(next.isHeld());
    await again.finish(claim, { state: 'cancelled' });
    assert.equal((await again.get(job.id))?.state, 'claimed');
    await again.close();
    const last = await open('survive', { nowMs });
    const given = await until(
      () => last.get(job.id),
      (found) => found?.state === 'failed',
      last,
    );
    assert.match(textOf(given!.failure!.detail.what), /died 2 times/);
    await last.close();
  });

  promise('a job whose claimers die while they plan it is set aside, and waits to be readmitted', async (open) => {
    let queue = await open('quarantine', { nowMs });
    const { job } = await queue.submit(submission('1', { maxAttempts: 9 }));
    for (let death = 0; death < 2; death++) {
      await queue.claim(never);
      await queue.close();
      queue = await open('quarantine', { nowMs });
    }
    await until(
      () => queue.get(job.id),
      (found) => found?.state === 'quarantined',
      queue,
    );
    assert.equal((await queue.readmit(job.id))?.state, 'queued');
    const claim = (await queue.claim(never))!;
    assert.equal(claim.job.id, job.id);
    await queue.finish(claim, { state: 'failed', failure: { tag: 'tile-failed', detail: { what: 'x' } } });
    assert.equal((await queue.get(job.id))?.failure?.detail.what, 'x');
    await queue.close();
  });

  promise('a released claim does not count as an attempt', async (open) => {
    const queue = await open('release', { nowMs });
    await queue.submit(submission('1'));
    for (let i = 0; i < 5; i++) await queue.release((await queue.claim(never))!);
    const claim = (await queue.claim(never))!;
    assert.equal(claim.job.attempt, 1);
    assert.ok(claim.isHeld());
    await queue.release(claim);
    assert.ok(!claim.isHeld());
    await queue.close();
  });

  promise('cancelling ends a queued job at once and stops a claimed one', async (open) => {
    const queue = await open('cancel', { nowMs });
    const { job } = await queue.submit(submission('1'));
    assert.equal((await queue.requestCancel(job.id))?.state, 'cancelled');
    await queue.submit(submission('2'));
    const claim = (await queue.claim(never))!;
    assert.equal(claim.job.requestId, '2');
    assert.equal((await queue.requestCancel(claim.job.id))?.state, 'claimed');
    assert.ok(claim.stop.aborted);
    assert.equal(await queue.countOpen('p'), 1);
    await queue.finish(claim, { state: 'cancelled' });
    assert.equal(await queue.countOpen('p'), 0);
    assert.equal((await queue.requestCancel(claim.job.id))?.state, 'cancelled');
    assert.equal(await queue.requestCancel('unknown'), undefined);
    await queue.close();
  });

  promise('a job that failed or was cancelled can be tried again from its beginning, any other stays', async (open) => {
    let queue = await open('retry', { nowMs });
    const { job } = await queue.submit(submission('1', { image: `${'z'.repeat(20_000)}.tif` }));
    assert.equal((await queue.retry(job.id))?.state, 'queued');
    const claim = (await queue.claim(never))!;
    assert.equal((await queue.retry(job.id))?.state, 'claimed');
    await queue.requestCancel(job.id);
    await queue.finish(claim, { state: 'cancelled' });
    const { failure, finishedMs, attempt, cancelRequested } = (await queue.retry(job.id))!;
    assert.deepEqual([failure, finishedMs, attempt, cancelRequested], [undefined, undefined, 0, false]);
    assert.equal(await queue.countOpen('p'), 1);
    await queue.close();
    queue = await open('retry', { nowMs });
    const next = (await queue.claim(never))!;
    assert.deepEqual([next.job.id, next.job.attempt, next.stop.aborted], [job.id, 1, false]);
    assert.ok(next.epoch > claim.epoch);
    await queue.finish(claim, { state: 'failed', failure: { tag: 'tile-failed', detail: { what: 'late' } } });
    await queue.finish(next, { state: 'succeeded', result: { output: 'o', images: { total: 1 } } as never });
    assert.equal((await queue.retry(job.id))?.state, 'succeeded');
    assert.equal(await queue.retry('unknown'), undefined);
    await queue.close();
  });

  promise('a job that failed for a cause that may pass waits for its next attempt, longer each time', async (open) => {
    // The clock that counts is not the machine's, which may be wrong.
    for (const aheadMs of [0, 3_600_000, -3_600_000]) await backOff(open, aheadMs);
  });

  async function backOff(open: QueueAdapter['open'], aheadMs: number) {
    let now = Date.now() + aheadMs;
    const name = `backoff-${aheadMs}`;
    let queue = await open(name, { nowMs: () => now });
    const away = { tag: 'unreachable', detail: { what: 'the storage is away' } } as const;
    const { job } = await queue.submit({ ...submission('1', { maxAttempts: 3 }), backoffMs: 200 });
    const first = (await queue.claim(never))!;
    const waits = await queue.finish(first, { state: 'failed', failure: away });
    assert.deepEqual([waits?.state, waits?.failure, waits!.notBeforeMs! - now], ['queued', away, 200]);
    assert.deepEqual(await queue.get(job.id), waits);
    // Others are taken meanwhile, and it by itself when it is time.
    await queue.submit(submission('2', { priority: -1 }));
    assert.equal((await queue.claim(never))?.job.requestId, '2');
    setTimeout(() => (now += 250), 50);
    const second = (await queue.claim(never))!;
    assert.deepEqual([second.job.id, second.job.attempt, second.job.failure], [job.id, 2, undefined]);
    const longer = await queue.finish(second, { state: 'failed', failure: away });
    assert.equal(longer!.notBeforeMs! - now, 400);
    await queue.close();
    queue = await open(name, { nowMs: () => now });
    now += 500;
    let third = (await queue.claim(never))!;
    while (third.job.id !== job.id) third = (await queue.claim(never))!;
    assert.equal((await queue.finish(third, { state: 'failed', failure: away }))?.state, 'failed');
    assert.equal((await queue.get(job.id))?.failure?.tag, 'unreachable');
    // What the input is at fault for is not tried again.
    await queue.submit({ ...submission('3', { maxAttempts: 3 }), backoffMs: 200 });
    const damaged = { tag: 'bad-input', detail: { what: 'no image' } } as const;
    let claim = (await queue.claim(never))!;
    while (claim.job.requestId !== '3') claim = (await queue.claim(never))!;
    assert.equal((await queue.finish(claim, { state: 'failed', failure: damaged }))?.state, 'failed');
    await queue.close();
  }

  promise('a job that has ended can be removed for good, an open one stays', async (open) => {
    let queue = await open('remove', { nowMs });
    const { job } = await queue.submit(submission('1'));
    assert.equal((await queue.remove(job.id))?.state, 'queued');
    await queue.requestCancel(job.id);
    assert.equal((await queue.remove(job.id))?.state, 'cancelled');
    assert.equal(await queue.remove(job.id), undefined);
    assert.equal(await queue.retry(job.id), undefined);
    await queue.submit(submission('2'));
    await queue.close();
    queue = await open('remove', { nowMs });
    assert.deepEqual(await requestsOf(queue, {}), ['2']);
    assert.equal((await queue.submit(submission('1'))).existed, false);
    await queue.close();
  });

  promise('pages are newest first and complete, of one principal or of some states where asked', async (open) => {
    const queue = await open('pages', { nowMs });
    for (let i = 0; i < 5; i++) await queue.submit(submission(`${i}`, { principal: i % 2 === 0 ? 'p' : 'q:%' }));
    assert.deepEqual(await requestsOf(queue, {}), ['4', '3', '2', '1', '0']);
    assert.deepEqual(await requestsOf(queue, { principal: 'q:%' }), ['3', '1']);
    const { jobs } = await queue.list({ pageSize: 1 });
    await queue.requestCancel(jobs[0]!.id);
    assert.deepEqual(await requestsOf(queue, { states: ['queued'] }), ['3', '2', '1', '0']);
    assert.deepEqual(await requestsOf(queue, { states: ['cancelled', 'failed'] }), ['4']);
    await queue.close();
  });

  promise('pages are short where specs are long, and none is empty', async (open) => {
    const queue = await open('long-specs', { nowMs });
    for (let i = 0; i < 4; i++) {
      await queue.submit(submission(`${i}`, { image: `${'x'.repeat(i === 3 ? 1_500_000 : 400_000)}.tif` }));
    }
    const sizes: number[] = [];
    for (let after: string | undefined; ; ) {
      const { jobs, next } = await queue.list({ pageSize: 100, after });
      sizes.push(jobs.length);
      if (next === undefined) break;
      after = next;
    }
    assert.deepEqual(sizes, [1, 2, 1]);
    await queue.close();
  });

  promise('pages may begin at a time, whatever clocks of coordinators say of the order', async (open) => {
    const times = [1000, 3000, 2000, 4000].map((ms) => ms + 1e9);
    let at = 0;
    const queue = await open('since', { nowMs: () => times[at]! });
    for (at = 0; at < times.length - 1; at++) await queue.submit(submission(`${at}`));
    await queue.submit(submission(`${at}`));
    assert.deepEqual(await requestsOf(queue, { sinceMs: 2500 + 1e9 }), ['3', '1']);
    assert.deepEqual(await requestsOf(queue, { sinceMs: 2000 + 1e9 }), ['3', '2', '1']);
    await queue.close();
  });

  promise('old ended jobs are forgotten when another one ends', async (open) => {
    let now = 1000;
    const queue = await open('ends', { nowMs: () => now, retentionMs: 5000 });
    const old = await queue.submit(submission('1'));
    await queue.finish((await queue.claim(never))!, { state: 'cancelled' });
    now = 10_000;
    await queue.submit(submission('2'));
    await queue.finish((await queue.claim(never))!, { state: 'cancelled' });
    assert.equal(await queue.get(old.job.id), undefined);
    assert.equal((await queue.submit(submission('1'))).existed, false);
    await queue.close();
  });

  promise("a principal's jobs take bounded room: its oldest ended ones go early, open ones never", async (open) => {
    const limits = { maxJobs: 3, maxBytes: 10_000 };
    const queue = await open('room', { nowMs, limits });
    for (let i = 0; i < 8; i++) await queue.requestCancel((await queue.submit(submission(`ended-${i}`))).job.id);
    assert.deepEqual(await requestsOf(queue, {}), ['ended-7', 'ended-6', 'ended-5']);
    for (let i = 0; i < 3; i++) await queue.submit(submission(`open-${i}`));
    await assert.rejects(queue.submit(submission('one more')), { tag: 'over-limit', message: /p has 3 open jobs/ });
    assert.equal((await queue.submit(submission('open-0'))).existed, true);
    const long = submission('long', { image: `${'x'.repeat(11_000)}.tif`, principal: 'r' });
    await queue.submit(submission('short', { principal: 'r' }));
    await assert.rejects(queue.submit(long), { tag: 'over-limit', message: /10000 bytes/ });
    await queue.close();
  });

  promise('large specs and results come back as they were', async (open) => {
    const queue = await open('large', { nowMs });
    const image = `${'y'.repeat(20_000)}.tif`;
    const { job } = await queue.submit(submission('1', { image }));
    const claim = (await queue.claim(never))!;
    assert.equal('image' in claim.job.spec && claim.job.spec.image, image);
    const failures = Array.from({ length: 500 }, (_, index) => ({ image: `${index}.tif`, message: 'damaged' }));
    const result = { output: 'o', images: { total: 500 }, failures } as never;
    await queue.finish(claim, { state: 'succeeded', result });
    const found = await queue.get(job.id);
    assert.equal(found && 'image' in found.spec && found.spec.image, image);
    assert.deepEqual(found?.result, result);
    await queue.close();
  });
}

async function requestsOf(
  queue: JobQueue,
  filter: { principal?: string; sinceMs?: number; states?: ('queued' | 'cancelled' | 'failed')[] },
) {
  const seen: string[] = [];
  let after: string | undefined;
  do {
    const page = await queue.list({ pageSize: 2, after, ...filter });
    seen.push(...page.jobs.map((job) => job.requestId));
    after = page.next;
  } while (after !== undefined);
  return seen;
}

/** What becomes of a job of the dead; a queue finds it when somebody asks for work. */
async function until<T>(look: () => Promise<T>, holds: (found: T) => boolean, queue: JobQueue): Promise<T> {
  const asking = new AbortController();
  const claim = queue.claim(asking.signal);
  try {
    for (;;) {
      const found = await look();
      if (holds(found)) return found;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  } finally {
    asking.abort();
    await claim;
  }
}
