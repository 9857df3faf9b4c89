import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobEvent } from '../../coordinator/queue/job-news.js';
import { JobEvents } from '../../coordinator/service/job-events.js';

test('of a job that is over nothing is remembered once those who watched it know', async () => {
  const events = new JobEvents(() => 1000);
  const gone = new AbortController();
  events.queueChanged('job', 'queued');
  const watch = events.watch('job', 0, gone.signal);
  const next = async () => (await watch.next()).value as JobEvent;
  assert.equal((await next()).note, 'queued');
  events.enter('job', 'running', 'planned');
  events.ended('job', 'succeeded');
  assert.equal(events.size, 1);
  assert.equal((await next()).note, 'planned');
  assert.equal((await next()).note, 'succeeded');
  await watch.return(undefined);
  assert.equal(events.size, 0);
  // Who comes later is told once, and leaves nothing behind.
  const late = events.watch('job', 0, gone.signal);
  assert.equal(((await late.next()).value as JobEvent).change, 'queue');
  await late.return(undefined);
  assert.equal(events.size, 0);
});

test('a job that is watched before anything is said of it is told of like any other', async () => {
  const events = new JobEvents(() => 1000);
  const watch = events.watch('job', 0, new AbortController().signal);
  await watch.next();
  const next = watch.next();
  events.queueChanged('job', 'attempt 1 starts');
  assert.equal(((await next).value as JobEvent).note, 'attempt 1 starts');
  events.close();
  assert.equal((await watch.next()).done, true);
  assert.equal(events.size, 1);
});
