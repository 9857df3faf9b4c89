import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SchedulerCommand } from '../../coordinator/scheduler/events.js';
import { textOf } from '../../tiling/words.js';
import { granted, SchedulerBench } from '../support/scheduler-bench.js';

const verdicts = (commands: readonly SchedulerCommand[]) =>
  commands.flatMap((command) => (command.type === 'verdict' ? [command.verdict] : []));
const compared = (bench: SchedulerBench) =>
  bench.said.flatMap((said) => (said.type === 'compared' ? [[said.outcome, said.wrong.join()]] : []));

test('a doubted result counts when another worker has the same', () => {
  const bench = new SchedulerBench();
  bench.open('j', [1]);
  const [first] = bench.join(1, 2);
  bench.join(2, 2);
  bench.start(first!);
  const held = bench.result(first!, 7, true);
  assert.deepEqual(verdicts(held), ['held']);
  const [second, ...more] = granted(held);
  assert.deepEqual([second?.worker, second?.tile, more.length], [2, 0, 0]);
  // The same worker once more proves nothing.
  assert.deepEqual(verdicts(bench.result(first!, 7)), ['held']);
  assert.deepEqual(verdicts(bench.result(second!, 7)), ['commit']);
  assert.deepEqual(compared(bench), [['equal', '']]);
  assert.equal(bench.scheduler.leases, 0);
});

for (const [name, crcs, wrong] of [
  ['first', [1, 7, 7], 'i1'],
  ['second', [7, 1, 7], 'i2'],
] as const) {
  test(`where the ${name} of three workers is alone, it is sent away`, () => {
    const bench = new SchedulerBench();
    bench.open('j', [1]);
    let [grant] = bench.join(1, 1);
    bench.join(2, 1);
    bench.join(3, 1);
    const said = crcs.map((crc) => {
      const commands = bench.result(bench.start(grant!) && grant!, crc, true);
      [grant] = granted(commands);
      return verdicts(commands)[0];
    });
    assert.deepEqual(said, ['held', 'held', 'commit']);
    assert.deepEqual(compared(bench), [
      ['different', ''],
      ['equal', wrong],
    ]);
    assert.ok(bench.scheduler.isBanned(wrong, bench.nowMs));
    assert.equal(bench.scheduler.workers, 2);
  });
}

test('nobody waits for a second worker that is not there, and two that differ end the job by name', () => {
  const alone = new SchedulerBench();
  alone.open('j', [1]);
  const [only] = alone.join(1, 1);
  assert.deepEqual(verdicts(alone.result(only!, 7, true)), ['commit']);
  assert.deepEqual(compared(alone), [['nobody-else', '']]);

  const left = new SchedulerBench();
  left.open('j', [1]);
  const [before] = left.join(1, 1);
  left.join(2, 1);
  left.result(before!, 7, true);
  const [again] = granted(left.send({ type: 'worker-left', worker: 2 }));
  assert.equal(again?.worker, 1);
  assert.deepEqual(verdicts(left.result(again!, 7)), ['commit']);

  const two = new SchedulerBench();
  two.open('j', [1]);
  const [first] = two.join(1, 1);
  two.join(2, 1);
  const [second] = granted(two.result(first!, 7, true));
  const failed = two.result(second!, 8).find((command) => command.type === 'job-failed');
  assert.ok(
    failed?.type === 'job-failed' && /2 workers computed different pixels/.test(textOf(failed.failure.detail.what)),
  );
  assert.equal(two.scheduler.leases, 0);
});
