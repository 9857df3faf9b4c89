import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SchedulerCommand } from '../../coordinator/scheduler/events.js';
import { type Grant, SchedulerBench } from '../support/scheduler-bench.js';

/** A small reproducible generator: mulberry32. */
function generator(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % bound;
  };
}

test('whatever happens, every tile is committed exactly once and no lease is left', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = generator(seed);
    const bench = new SchedulerBench();
    const stages = [1 + random(40), 1 + random(10), 1 + random(3)];
    bench.open('j', stages);
    const others = 1 + random(20);
    bench.open('k', [others], { priority: random(2) });
    const total = stages.reduce((sum, count) => sum + count, others);
    const held = new Map<number, Grant>();
    const late: Grant[] = [];
    const alive = new Set<number>();
    const commits = new Map<string, number>();
    let nextWorker = 1;
    const note = (commands: readonly SchedulerCommand[]) => {
      for (const command of commands) {
        if (command.type === 'grant') {
          assert.ok(alive.has(command.worker), 'grants go to connected workers');
          assert.ok(!held.has(command.lease));
          held.set(command.lease, command);
        } else if (command.type === 'cancel') {
          late.push(held.get(command.lease)!);
          held.delete(command.lease);
        } else if (command.type === 'worker-expired') {
          alive.delete(command.worker);
          for (const grant of [...held.values()]) {
            if (grant.worker !== command.worker) continue;
            late.push(grant);
            held.delete(grant.lease);
          }
        } else if (command.type === 'verdict' && command.verdict === 'commit') {
          const name = `${command.job}/${command.stage}/${command.tile}`;
          assert.equal(commits.get(name), undefined, `${name} is committed once`);
          commits.set(name, command.stage);
        }
        assert.notEqual(command.type, 'job-failed');
      }
    };
    const join = () => {
      const worker = nextWorker++;
      alive.add(worker);
      const slots = 1 + random(3);
      note(
        bench.send({
          ...{ type: 'worker-joined', worker, instance: `i${worker % 5}`, owner: `o${worker % 5}`, slots },
          ...{ memoryBytes: 1 + random(8), labels: [] },
        } as const),
      );
      note(bench.send({ type: 'worker-capacity', worker, leases: slots + random(3) }));
    };
    const pick = () => [...held.values()][random(held.size)];
    for (let event = 0; event < 600; event++) {
      bench.nowMs += random(40);
      const grant = held.size > 0 ? pick() : undefined;
      const kind = random(20);
      if (alive.size === 0 || kind === 0) join();
      else if (kind === 1) {
        const worker = [...alive][random(alive.size)]!;
        alive.delete(worker);
        for (const lost of [...held.values()]) {
          if (lost.worker !== worker) continue;
          late.push(lost);
          held.delete(lost.lease);
        }
        note(bench.send({ type: 'worker-left', worker }));
      } else if (kind === 2) note(bench.send({ type: 'tick' }));
      else if (kind === 3 && late.length > 0) note(bench.result(late[random(late.length)]!));
      else if (kind === 4 && grant !== undefined) {
        held.delete(grant.lease);
        note(bench.send({ type: 'task-returned', worker: grant.worker, lease: grant.lease }));
      } else if (kind === 5) {
        note(bench.send({ type: 'worker-draining', worker: [...alive][random(alive.size)]! }));
      } else if (kind < 12) {
        for (const worker of alive) if (random(4) > 0) note(bench.send({ type: 'worker-heard', worker }));
      } else if (grant !== undefined) {
        held.delete(grant.lease);
        note(bench.result(grant));
      }
    }
    // Then the cluster calms down: fresh workers finish what is left.
    while (commits.size < total) {
      if (held.size === 0) join();
      const grant = pick();
      if (grant === undefined) continue;
      held.delete(grant.lease);
      note(bench.result(grant));
    }
    assert.equal(bench.scheduler.leases, 0, `no lease is left (seed ${seed})`);
  }
});
