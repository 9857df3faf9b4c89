import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Grant, granted, LIMITS, SchedulerBench } from '../support/scheduler-bench.js';

const refused = (bench: SchedulerBench, owner: string, of?: Grant) => bench.send({ type: 'result-refused', owner, of });

/** Says that a worker lives, and lets time pass. */
function pass(bench: SchedulerBench, ms: number, ...workers: number[]): readonly Grant[] {
  const grants: Grant[] = [];
  for (let left = ms; left > 0; left -= 500) {
    bench.nowMs += Math.min(500, left);
    for (const worker of workers) bench.send({ type: 'worker-heard', worker });
    grants.push(...granted(bench.send({ type: 'tick' })));
  }
  return grants;
}

test('a lease that is not begun though there is a slot goes to somebody else', () => {
  const bench = new SchedulerBench();
  bench.open('j', [3]);
  const idle = bench.join(1, 4, { slots: 3 });
  assert.equal(idle.length, 3);
  bench.join(2, 3);
  assert.deepEqual(pass(bench, LIMITS.startLimitMs - 500, 1, 2), []);
  const taken = pass(bench, 500, 1, 2);
  assert.deepEqual(
    taken.map(({ worker, tile }) => [worker, tile]),
    [0, 1, 2].map((tile) => [2, tile]),
  );
  const cancelled = bench.said.flatMap((said) => (said.type === 'cancel' ? [said.lease] : []));
  assert.deepEqual(
    cancelled,
    idle.map(({ lease }) => lease),
  );
  for (const grant of taken) bench.result(bench.start(grant) && grant);
  // A result that comes after all changes nothing.
  assert.deepEqual(
    bench.result(idle[0]!).map((said) => said.type === 'verdict' && said.verdict),
    ['duplicate'],
  );
  assert.equal(bench.scheduler.leases, 0);
});

test('who let a lease lie gets one at a time until it begins one', () => {
  const bench = new SchedulerBench();
  bench.open('j', [10]);
  assert.equal(bench.join(1, 4, { slots: 2 }).length, 4);
  const [one, ...others] = pass(bench, LIMITS.startLimitMs, 1);
  assert.deepEqual(others, []);
  assert.equal(granted(bench.send({ type: 'task-started', worker: 1, lease: one!.lease })).length, 3);
});

test('a lease that waits behind others of its worker waits as long as they may run', () => {
  const bench = new SchedulerBench();
  bench.open('j', [4]);
  const [first] = bench.join(1, 2, { slots: 1 });
  bench.start(first!);
  assert.deepEqual(pass(bench, LIMITS.attemptLimitMs - 500, 1), []);
  assert.equal(bench.scheduler.leases, 2);
});

test('a worker that is busy elsewhere by turns keeps what it begins in time', () => {
  const bench = new SchedulerBench();
  bench.open('j', [6]);
  const grants = bench.join(1, 2, { slots: 1 });
  for (let done = 0; done < 6; done++) {
    pass(bench, LIMITS.startLimitMs - 500, 1);
    const grant = grants.shift()!;
    bench.start(grant);
    grants.push(...granted(bench.result(grant)));
  }
  assert.ok(!bench.said.some(({ type }) => type === 'cancel'));
});

test('a refused result ends its lease, and its tile is tried elsewhere without a failure of its own', () => {
  const bench = new SchedulerBench();
  bench.open('j', [1]);
  const [lied] = bench.join(1, 1);
  bench.start(lied!);
  for (let time = 0; time < LIMITS.maxFailures + 2; time++) {
    // Nobody else is there: it gets the tile again until it is sent away.
    const again = granted(refused(bench, 'other', lied));
    if (time === 0)
      assert.deepEqual(
        again.map(({ worker }) => worker),
        [1],
      );
  }
  assert.ok(!bench.said.some(({ type }) => type === 'job-failed'));
});

test('after a few refused results all workers of an owner go, and their tiles go elsewhere', () => {
  const bench = new SchedulerBench();
  bench.open('j', [4]);
  const [first] = bench.join(1, 1, { owner: 'mallory' });
  bench.join(2, 1, { owner: 'mallory' });
  bench.join(3, 4, { owner: 'alice' });
  bench.start(first!);
  refused(bench, 'mallory', first);
  refused(bench, 'mallory');
  assert.ok(!bench.said.some(({ type }) => type === 'worker-banned'));
  const last = refused(bench, 'mallory');
  const banned = last.flatMap((said) => (said.type === 'worker-banned' ? [said.worker] : []));
  assert.deepEqual(banned, [1, 2]);
  assert.equal(bench.scheduler.workers, 1);
  assert.ok(bench.scheduler.isBanned('mallory', bench.nowMs));
  assert.ok(!bench.scheduler.isBanned('alice', bench.nowMs));
  const held = bench.said.filter((said) => said.type === 'grant' && said.worker === 3);
  assert.deepEqual(new Set(held.map((said) => said.type === 'grant' && said.tile)), new Set([0, 1, 2, 3]));
  bench.nowMs += LIMITS.banMs;
  assert.ok(!bench.scheduler.isBanned('mallory', bench.nowMs));
  // Faults of long ago are forgotten.
  refused(bench, 'alice');
  bench.nowMs += LIMITS.banMs;
  for (let time = 1; time < LIMITS.maxFaults; time++) refused(bench, 'alice');
  assert.ok(!bench.scheduler.isBanned('alice', bench.nowMs));
});

test('a lease is remembered after its end, by tile and by worker, for as long as its job is open', () => {
  const bench = new SchedulerBench();
  bench.open('j', [2]);
  const [first] = bench.join(1, 1);
  bench.send({ type: 'worker-left', worker: 1 });
  const [second] = bench.join(2, 1);
  const [third] = bench.join(3, 1);
  const was = ({ tile, lease }: Grant, instance: string) =>
    bench.scheduler.wasGranted({ job: 'j', stage: 0, tile, lease }, instance);
  assert.equal(first!.tile, second!.tile);
  for (const [grant, instance] of [
    [first!, 'i1'],
    [second!, 'i2'],
    [third!, 'i3'],
  ] as const) {
    assert.ok(was(grant, instance));
    assert.ok(!was({ ...grant, lease: grant.lease + 7 }, instance));
    assert.ok(!was({ ...grant, tile: 1 - grant.tile }, instance));
    assert.ok(!was({ ...grant, tile: 99 }, instance));
  }
  assert.ok(!was(first!, 'i2') && !was(second!, 'i3') && !was(third!, 'i9'));
  assert.ok(!bench.scheduler.wasGranted({ job: 'k', stage: 0, tile: 0, lease: 1 }, 'i1'));
  assert.ok(!bench.scheduler.wasGranted({ job: 'j', stage: 5, tile: 0, lease: 1 }, 'i1'));
  bench.result(second!);
  assert.ok(was(first!, 'i1') && was(second!, 'i2'));
  bench.send({ type: 'job-closed', job: 'j' });
  assert.ok(!was(first!, 'i1'));
});
