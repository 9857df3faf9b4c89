import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SpanQuota } from '../../tiling/tracing.js';

test('of many spans a burst is told and then so many a second, each with how many were left out before it', () => {
  const quota = new SpanQuota({ burst: 3, perSecond: 10 });
  const taken = (nowMs: number, times: number) => Array.from({ length: times }, () => quota.take(nowMs));
  assert.deepEqual(taken(0, 5), [0, 0, 0, undefined, undefined]);
  assert.deepEqual(taken(50, 1), [undefined]);
  assert.deepEqual(taken(100, 2), [3, undefined]);
  assert.deepEqual(taken(200, 1), [1]);
  // Rest fills it up to a burst and no further.
  assert.deepEqual(taken(60_000, 4), [0, 0, 0, undefined]);
});
