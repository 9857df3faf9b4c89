import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { EmbeddedQueue } from '../../coordinator/queue/embedded/embedded-queue.js';
import { jobSpecSchema } from '../../tiling/job/job-spec.js';
import { textOf } from '../../tiling/words.js';

const root = mkdtempSync(join(tmpdir(), 'halotile-queue-'));
after(() => rmSync(root, { recursive: true }));
const never = new AbortController().signal;
let ids = 0;

/** What the operator was told. */
const lines: string[] = [];

function open(name: string, nowMs = () => 1000): Promise<EmbeddedQueue> {
  const log = (line: string) => lines.push(line);
  return EmbeddedQueue.open({ directory: join(root, name), nowMs, newId: () => `id${++ids}`, log, retentionMs: 5000 });
}

function submission(requestId: string, options: { image?: string; priority?: number; maxAttempts?: number } = {}) {
  const { image = 'a.tif', priority = 0, maxAttempts = 2 } = options;
  const spec = jobSpecSchema.parse({ image, output: 'b.tif', operations: [{ name: 'box' }] });
  return { requestId, principal: 'p', spec, priority, maxAttempts };
}

test('a request that is repeated gives the same job, with another spec it is refused', async () => {
  const queue = await open('repeat');
  const first = await queue.submit(submission('r'));
  const second = await queue.submit(submission('r'));
  assert.deepEqual([first.existed, second.existed, second.job.id], [false, true, first.job.id]);
  await assert.rejects(queue.submit(submission('r', { image: 'other.tif' })), { tag: 'already-exists' });
  await queue.close();
});

test('higher priority first, then the oldest; a claim waits for a job', async () => {
  const queue = await open('order');
  const waiting = queue.claim(never);
  await queue.submit(submission('1'));
  assert.equal((await waiting)?.job.requestId, '1');
  for (const [id, priority] of [
    ['2', 0],
    ['3', 5],
    ['4', 5],
  ] as const) {
    await queue.submit(submission(id, { priority }));
  }
  const order = [];
  for (let i = 0; i < 3; i++) order.push((await queue.claim(never))?.job.requestId);
  assert.deepEqual(order, ['3', '4', '2']);
  assert.equal(await queue.claim(AbortSignal.abort()), undefined);
  await queue.close();
});

test('state survives the process, a torn last record is dropped, a claim of the dead goes back', async () => {
  const queue = await open('survive');
  await queue.submit(submission('1'));
  const { job } = await queue.submit(submission('2', { priority: 1 }));
  const claim = await queue.claim(never);
  assert.equal(claim?.job.id, job.id);
  await queue.close();
  appendFileSync(join(root, 'survive/queue.log'), '01234567 {"type":"job","seq');
  const again = await open('survive');
  const next = await again.claim(never);
  assert.equal(next?.job.id, job.id);
  assert.equal(next?.job.attempt, 2);
  assert.ok(next.epoch > claim!.epoch);
  // The first claim was lost: it can end nothing any more.
  await again.finish(claim!, { state: 'cancelled' });
  assert.equal((await again.get(job.id))?.state, 'claimed');
  await again.close();
  const last = await open('survive');
  const given = await last.get(job.id);
  assert.equal(given?.state, 'failed');
  assert.match(textOf(given.failure!.detail.what), /died 2 times/);
  await last.close();
});

test('a released claim does not count as an attempt', async () => {
  const queue = await open('release');
  await queue.submit(submission('1'));
  for (let i = 0; i < 5; i++) await queue.release((await queue.claim(never))!);
  assert.equal((await queue.claim(never))?.job.attempt, 1);
  await queue.close();
});

test('cancelling ends a queued job at once and stops a claimed one', async () => {
  const queue = await open('cancel');
  const { job } = await queue.submit(submission('1'));
  assert.equal((await queue.requestCancel(job.id))?.state, 'cancelled');
  await queue.submit(submission('2'));
  const claim = (await queue.claim(never))!;
  assert.equal((await queue.requestCancel(claim.job.id))?.state, 'claimed');
  assert.ok(claim.stop.aborted);
  assert.equal(await queue.countOpen('p'), 1);
  await queue.finish(claim, { state: 'cancelled' });
  assert.equal(await queue.countOpen('p'), 0);
  await queue.close();
});

test('pages are newest first and complete, old finished jobs are forgotten', async () => {
  const queue = await open('pages');
  for (let i = 0; i < 5; i++) await queue.submit(submission(`${i}`));
  const seen = [];
  let next: string | undefined;
  do {
    const page = await queue.list({ pageSize: 2, after: next });
    seen.push(...page.jobs.map((job) => job.requestId));
    next = page.next;
  } while (next !== undefined);
  assert.deepEqual(seen, ['4', '3', '2', '1', '0']);
  await queue.requestCancel((await queue.list({ pageSize: 1 })).jobs[0]!.id);
  await queue.close();
  const later = await open('pages', () => 10_000);
  assert.equal((await later.list({ pageSize: 10 })).jobs.length, 4);
  await later.close();
});

test('a queue that stays open forgets old finished jobs when another one ends', async () => {
  let nowMs = 1000;
  const queue = await open('ends', () => nowMs);
  const old = await queue.submit(submission('1'));
  await queue.finish((await queue.claim(never))!, { state: 'cancelled' });
  nowMs = 10_000;
  await queue.submit(submission('2'));
  const claim = (await queue.claim(never))!;
  assert.notEqual(await queue.get(old.job.id), undefined);
  await queue.finish(claim, { state: 'cancelled' });
  assert.equal(await queue.get(old.job.id), undefined);
  assert.equal((await queue.get(claim.job.id))?.state, 'cancelled');
  assert.equal((await queue.submit(submission('1'))).existed, false);
  await queue.close();
});

test('a second process is refused', async () => {
  const queue = await open('lock');
  await assert.rejects(open('lock'), { tag: 'partial-conflict' });
  await queue.close();
});

test("a principal's jobs take bounded room: its oldest ended ones go early, open ones are never forgotten", async () => {
  const directory = join(root, 'room');
  const limits = { maxJobs: 3, maxBytes: 10_000 };
  const options = { directory, nowMs: () => 1000, newId: () => `id${++ids}`, log: () => {}, retentionMs: 5000, limits };
  let queue = await EmbeddedQueue.open(options);
  const ended: string[] = [];
  for (let i = 0; i < 50; i++) {
    const { job } = await queue.submit(submission(`ended-${i}`));
    ended.push(job.id);
    await queue.requestCancel(job.id);
  }
  await queue.submit({ ...submission('other'), principal: 'q' });
  assert.deepEqual(
    (await queue.list({ principal: 'p', pageSize: 100 })).jobs.map(({ id }) => id),
    ended.slice(-3).reverse(),
  );
  await queue.close();
  queue = await EmbeddedQueue.open(options);
  for (let i = 0; i < 3; i++) await queue.submit(submission(`open-${i}`));
  await assert.rejects(queue.submit(submission('one more')), { tag: 'over-limit', message: /p has 3 open jobs/ });
  // The same request again is no new job.
  assert.equal((await queue.submit(submission('open-0'))).existed, true);
  await queue.submit({ ...submission('another'), principal: 'q' });
  const long = { ...submission('long', { image: `${'x'.repeat(11_000)}.tif` }), principal: 'r' };
  await queue.submit({ ...submission('short'), principal: 'r' });
  await assert.rejects(queue.submit(long), { tag: 'over-limit', message: /10000 bytes/ });
  // What could not make room stays.
  const old = (await queue.submit({ ...submission('old'), principal: 's' })).job;
  await queue.requestCancel(old.id);
  await assert.rejects(queue.submit({ ...long, principal: 's' }), {
    message: /s has 0 open jobs whose specs take 0 b/,
  });
  assert.equal((await queue.get(old.id))?.state, 'cancelled');
  await queue.close();
});

test('damage costs the jobs that its lines alone told of, is named, and is kept', async () => {
  const queue = await open('damage');
  const jobs: string[] = [];
  for (let i = 0; i < 40; i++) jobs.push((await queue.submit(submission(`${i}`))).job.id);
  await queue.requestCancel(jobs[0]!);
  await queue.requestCancel(jobs[7]!);
  await queue.close();
  const path = join(root, 'damage/queue.log');
  const bytes = readFileSync(path);
  bytes[200]! ^= 1;
  writeFileSync(path, bytes);
  lines.length = 0;
  let again = await open('damage');
  // What the first job was to do is not known any more, although its cancellation is.
  const kept = jobs.slice(1).reverse();
  assert.deepEqual(
    (await again.list({ pageSize: 100 })).jobs.map(({ id }) => id),
    kept,
  );
  assert.equal((await again.get(jobs[7]!))?.state, 'cancelled');
  assert.match(lines.join('\n'), /damaged: one line from byte 0 on .* 39 jobs are kept.*queue\.log\.damaged-1/);
  assert.deepEqual(readFileSync(`${path}.damaged-1`), bytes);
  await again.close();
  lines.length = 0;
  again = await open('damage');
  assert.equal((await again.list({ pageSize: 100 })).jobs.length, 39);
  assert.deepEqual(lines, []);
  await again.close();
});

test('a spec is written once, and a log is shortened when it has grown far beyond its jobs', async () => {
  const path = join(root, 'once/queue.log');
  const image = `${'x'.repeat(100_000)}.tif`;
  const queue = await open('once');
  const { job } = await queue.submit(submission('r', { image, maxAttempts: 10_000 }));
  const { spec } = job;
  const turn = async () => queue.release((await queue.claim(never))!);
  await turn();
  assert.ok(statSync(path).size < 110_000, `${statSync(path).size} bytes`);
  for (let i = 0; i < 1100; i++) await turn();
  const grown = statSync(path).size;
  await queue.close();
  const again = await open('once');
  assert.ok(statSync(path).size < 110_000 && grown > 400_000, `${grown} bytes became ${statSync(path).size}`);
  assert.deepEqual((await again.get(job.id))?.spec, spec);
  await again.close();
});
