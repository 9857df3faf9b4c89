import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SchedulerCommand } from '../../coordinator/scheduler/events.js';
import { type Grant, granted, LIMITS, SchedulerBench } from '../support/scheduler-bench.js';

test('where tiles fail alone, a divisible one at its first death, the job goes on without them', () => {
  const bench = new SchedulerBench();
  bench.send({
    ...{ type: 'job-opened', job: 'j', priority: 0, needs: [], taskBytes: 1 },
    stageTiles: [0],
    failsAlone: true,
  });
  bench.send({ type: 'tiles-added', job: 'j', stage: 0, tiles: [0], divisible: true });
  bench.send({ type: 'tiles-added', job: 'j', stage: 0, tiles: [1, 2, 3000] });
  const failed = () => bench.said.flatMap((said) => (said.type === 'tile-failed' ? [said.tile] : []));
  for (let worker = 1; worker <= 3; worker++) {
    const [first] = bench.join(worker, 1);
    bench.start(first!);
    bench.send({ type: 'worker-left', worker });
    assert.deepEqual(failed(), [0]);
  }
  // Tile 1 was taken after tile 0 was given up and has killed two workers by now; the third death ends it.
  const grants = bench.join(4, 1);
  assert.deepEqual(
    grants.map(({ tile }) => tile),
    [1],
  );
  bench.start(grants[0]!);
  bench.send({ type: 'worker-left', worker: 4 });
  assert.deepEqual(failed(), [0, 1]);
  assert.equal(bench.result(grants[0]!)[0]?.type === 'verdict' && bench.result(grants[0]!).length, 1);
  const [next] = bench.join(5, 1);
  const refused = bench.send({
    ...{ type: 'task-failed', worker: 5, lease: next!.lease, retryable: false, crashed: false },
    failure: { tag: 'bad-input', detail: { what: 'no' } },
  });
  assert.deepEqual(failed(), [0, 1, 2]);
  const [last] = granted(refused);
  assert.equal(last?.tile, 3000);
  const [verdict] = bench.result(last!);
  assert.ok(verdict?.type === 'verdict' && verdict.verdict === 'commit');
  assert.equal(bench.scheduler.leases, 0);
});

test("a tile that fails is tried elsewhere, and three failures are the job's", () => {
  const bench = new SchedulerBench();
  bench.open('j', [1]);
  const failure = { tag: 'tile-failed', detail: { what: 'disk' } } as const;
  const fail = ({ worker, lease }: Grant) =>
    bench.send({ type: 'task-failed', worker, lease, failure, retryable: true, crashed: false });
  const [first] = bench.join(1, 1);
  bench.join(2, 1);
  const [second] = granted(fail(first!));
  assert.equal(second?.worker, 2);
  assert.equal(second?.attempt, 2);
  // Both have failed it now; one of them must try again.
  const [third] = granted(fail(second!));
  const last = fail(third!);
  assert.deepEqual(last, [{ type: 'job-failed', job: 'j', failure }]);
  assert.equal(bench.scheduler.leases, 0);
});

test('bad input is not tried again', () => {
  const bench = new SchedulerBench();
  bench.open('j', [5]);
  const [first] = bench.join(1, 2);
  const failure = { tag: 'bad-input', detail: { what: 'NaN' } } as const;
  const commands = bench.send({
    ...{ type: 'task-failed', worker: 1, lease: first!.lease, failure, retryable: false, crashed: false },
  } as const);
  assert.ok(commands.some((command) => command.type === 'job-failed'));
  assert.equal(commands.filter((command) => command.type === 'cancel').length, 1);
});

test('silence beyond a lease returns the tiles; the late result still counts, once', () => {
  const bench = new SchedulerBench();
  bench.open('j', [1]);
  const [first] = bench.join(1, 1);
  bench.start(first!);
  bench.join(2, 1);
  bench.nowMs = 900;
  bench.send({ type: 'worker-heard', worker: 2 });
  bench.nowMs = 1000;
  const commands = bench.send({ type: 'tick' });
  assert.ok(commands.some((command) => command.type === 'worker-expired' && command.worker === 1));
  const [second] = granted(commands);
  assert.equal(second?.worker, 2);
  const verdicts = [bench.result(first!), bench.result(second!), bench.result(second!, 8)].map((said) => said[0]);
  assert.deepEqual(
    verdicts.map((verdict) => verdict?.type === 'verdict' && verdict.verdict),
    ['commit', 'duplicate', 'unequal'],
  );
});

test('a tile that kills three workers is poison; its neighbours and other jobs go on', () => {
  const bench = new SchedulerBench();
  bench.open('bad', [4]);
  bench.open('good', [4]);
  let next = 0;
  let deaths = 0;
  let failed: SchedulerCommand | undefined;
  const running = new Map<number, Grant[]>();
  const note = (commands: readonly SchedulerCommand[]) => {
    for (const command of commands) {
      if (command.type === 'grant') running.get(command.worker)!.push(command);
      if (command.type === 'job-failed') failed = command;
      if (command.type === 'cancel') {
        running.set(
          command.worker,
          running.get(command.worker)!.filter((grant) => grant.lease !== command.lease),
        );
      }
    }
  };
  const spawn = () => {
    const id = ++next;
    running.set(id, []);
    note(bench.join(id, 4));
  };
  spawn();
  spawn();
  for (let round = 0; round < 100 && [...running.values()].some((list) => list.length > 0); round++) {
    for (const [id, list] of [...running]) {
      for (const grant of list) bench.start(grant);
      if (list.some((grant) => grant.job === 'bad' && grant.tile === 2)) {
        deaths++;
        running.delete(id);
        note(bench.send({ type: 'worker-left', worker: id }));
        spawn();
      } else if (list.length > 0) {
        const grant = list.shift()!;
        note(bench.result(grant));
      }
    }
  }
  assert.equal(deaths, 3);
  assert.ok(failed?.type === 'job-failed');
  assert.equal(failed.failure.tag, 'tile-poisoned');
  assert.deepEqual(failed.failure.detail.tile, { stage: 0, index: 2 });
  assert.equal(bench.said.filter((said) => said.type === 'verdict' && said.job === 'good').length, 4);
});

test('a worker that dials again takes its blame back', () => {
  const bench = new SchedulerBench();
  bench.open('j', [1]);
  for (let id = 1; id < 10; id++) {
    const [grant] = bench.join(id, 1, { instance: 'same' });
    bench.start(grant!);
    bench.send({ type: 'worker-left', worker: id });
  }
  assert.ok(!bench.said.some((said) => said.type === 'job-failed'));
});

test('an attempt over its time is cancelled and counts as a kill', () => {
  const bench = new SchedulerBench();
  bench.open('j', [1]);
  let [grant] = bench.join(1, 1);
  for (let death = 1; death <= 3; death++) {
    bench.start(grant!);
    bench.nowMs += LIMITS.attemptLimitMs;
    bench.send({ type: 'worker-heard', worker: 1 });
    const commands = bench.send({ type: 'tick' });
    assert.deepEqual(commands[0], { type: 'cancel', worker: 1, lease: grant!.lease, overdue: true });
    if (death === 3) assert.ok(commands.some((command) => command.type === 'job-failed'));
    else [grant] = granted(commands);
  }
});
