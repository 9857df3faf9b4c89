import assert from 'node:assert/strict';
import { test } from 'node:test';
import { granted, SchedulerBench } from '../support/scheduler-bench.js';

test('a worker gets neighbouring tiles, another one tiles far away', () => {
  const bench = new SchedulerBench();
  bench.open('j', [100]);
  const first = bench.join(1, 2).map((grant) => grant.tile);
  const second = bench.join(2, 2).map((grant) => grant.tile);
  assert.deepEqual(first, [0, 1]);
  assert.equal(second[1], second[0]! + 1);
  assert.ok(second[0]! > 10);
});

test('no tile is left idle because another worker claimed it', () => {
  const bench = new SchedulerBench();
  bench.open('j', [64]);
  bench.join(1, 1);
  const tiles = bench.join(2, 63).map((grant) => grant.tile);
  assert.deepEqual(
    [...tiles, 0].sort((a, b) => a - b),
    Array.from({ length: 64 }, (_, i) => i),
  );
});

test('a stage starts when the one before it is committed', () => {
  const bench = new SchedulerBench();
  bench.open('j', [2, 1]);
  const [a, b] = bench.join(1, 4);
  assert.equal(granted(bench.result(a!)).length, 0);
  const [next] = granted(bench.result(b!));
  assert.equal(next?.stage, 1);
});

test('a late tile runs twice near the end and the slower attempt is cancelled', () => {
  const bench = new SchedulerBench();
  bench.open('j', [4]);
  const slow = bench.join(1, 1)[0]!;
  bench.start(slow);
  let fast = bench.join(2, 1)[0];
  for (let i = 0; i < 3; i++) {
    bench.start(fast!);
    bench.nowMs += 60;
    fast = granted(bench.result(fast!))[0];
  }
  // 180 ms after its grant the slow tile is over twice the mean.
  assert.deepEqual([fast?.tile, fast?.worker, fast?.attempt], [slow.tile, 2, 2]);
  const commands = bench.result(fast!);
  assert.deepEqual(commands[1], { type: 'cancel', worker: 1, lease: slow.lease, overdue: false });
  assert.equal(bench.scheduler.leases, 0);
});

test('higher priority first, then fair shares', () => {
  const bench = new SchedulerBench();
  bench.open('low', [100]);
  bench.open('a', [100], { priority: 1 });
  bench.open('b', [100], { priority: 1 });
  const jobs = bench.join(1, 10).map((grant) => grant.job);
  assert.equal(jobs.filter((job) => job === 'a').length, 5);
  assert.equal(jobs.filter((job) => job === 'b').length, 5);
});

test('memory bounds what a worker holds, but never to nothing', () => {
  const bench = new SchedulerBench();
  bench.open('j', [10], { taskBytes: 40 });
  assert.equal(bench.join(1, 8, { memoryBytes: 100 }).length, 2);
  assert.equal(bench.join(2, 8, { memoryBytes: 10 }).length, 1);
});

test('without a worker the job waits and says so', () => {
  const bench = new SchedulerBench();
  bench.open('j', [1]);
  assert.deepEqual(bench.said, [{ type: 'job-waiting', job: 'j' }]);
  bench.join(1, 1);
  assert.ok(bench.said.some((said) => said.type === 'job-running'));
  bench.send({ type: 'worker-draining', worker: 1 });
  assert.equal(bench.said.filter((said) => said.type === 'job-waiting').length, 2);
});

test('a draining worker gets nothing more and gives back what it has not begun', () => {
  const bench = new SchedulerBench();
  bench.open('j', [10]);
  const grants = bench.join(1, 3, { slots: 1 });
  bench.start(grants[0]!);
  bench.send({ type: 'worker-draining', worker: 1 });
  for (const { lease } of grants.slice(1)) bench.send({ type: 'task-returned', worker: 1, lease });
  assert.equal(granted(bench.result(grants[0]!)).length, 0);
  const tiles = bench.join(2, 10).map((grant) => grant.tile);
  assert.deepEqual(
    tiles.sort((a, b) => a - b),
    [1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
});

test('closing a job cancels its attempts', () => {
  const bench = new SchedulerBench();
  bench.open('j', [10]);
  const grants = bench.join(1, 3);
  const commands = bench.send({ type: 'job-closed', job: 'j' });
  assert.equal(commands.filter((command) => command.type === 'cancel').length, 3);
  const [verdict] = bench.result(grants[0]!);
  assert.ok(verdict?.type === 'verdict' && verdict.verdict === 'unwanted');
});
