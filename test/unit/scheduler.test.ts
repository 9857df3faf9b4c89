import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SchedulerCommand, SchedulerEvent, SchedulerLimits } from '../../coordinator/scheduler/events.js';
import { Scheduler } from '../../coordinator/scheduler/scheduler.js';

const LIMITS: SchedulerLimits = {
  leaseMs: 1000,
  attemptLimitMs: 10_000,
  maxKills: 3,
  maxFailures: 3,
  lateFactor: 2,
  minLateMs: 100,
};

type Grant = Extract<SchedulerCommand, { type: 'grant' }>;

/** A scheduler with a clock that the test moves, and everything it said. */
class Bench {
  readonly scheduler = new Scheduler(LIMITS);
  now = 0;
  readonly said: SchedulerCommand[] = [];

  send(event: SchedulerEvent): readonly SchedulerCommand[] {
    const commands = this.scheduler.step(event, this.now);
    this.said.push(...commands);
    return commands;
  }

  grants(event: SchedulerEvent): Grant[] {
    return this.send(event).filter((command) => command.type === 'grant');
  }

  open(job: string, stageTiles: number[], options: { priority?: number; needs?: string[]; taskBytes?: number } = {}) {
    this.send({ type: 'job-opened', job, priority: 0, needs: [], taskBytes: 1, ...options, stageTiles });
    stageTiles.forEach((count, stage) => {
      this.send({ type: 'tiles-added', job, stage, tiles: Array.from({ length: count }, (_, i) => i) });
    });
  }

  join(
    worker: number,
    leases: number,
    options: { instance?: string; slots?: number; memoryBytes?: number } = {},
  ): Grant[] {
    const { instance = `i${worker}`, slots = leases, memoryBytes = 1e9 } = options;
    this.send({ type: 'worker-joined', worker, instance, slots, memoryBytes, labels: [] });
    return this.grants({ type: 'worker-capacity', worker, leases });
  }

  start({ worker, lease }: Grant): Grant {
    this.send({ type: 'task-started', worker, lease });
    return { type: 'grant', worker, lease } as Grant;
  }

  result(grant: Grant, pixelCrc = 7): readonly SchedulerCommand[] {
    const { job, stage, tile, lease } = grant;
    return this.send({ type: 'result', job, stage, tile, pixelCrc, lease });
  }
}

function granted(commands: readonly SchedulerCommand[]): Grant[] {
  return commands.filter((command) => command.type === 'grant');
}

test('a worker gets neighbouring tiles, another one tiles far away', () => {
  const bench = new Bench();
  bench.open('j', [100]);
  const first = bench.join(1, 2).map((grant) => grant.tile);
  const second = bench.join(2, 2).map((grant) => grant.tile);
  assert.deepEqual(first, [0, 1]);
  assert.equal(second[1], second[0]! + 1);
  assert.ok(second[0]! > 10);
});

test('where tiles fail alone, a divisible one at its first death, the job goes on without them', () => {
  const bench = new Bench();
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

test('no tile is left idle because another worker claimed it', () => {
  const bench = new Bench();
  bench.open('j', [64]);
  bench.join(1, 1);
  const tiles = bench.join(2, 63).map((grant) => grant.tile);
  assert.deepEqual(
    [...tiles, 0].sort((a, b) => a - b),
    Array.from({ length: 64 }, (_, i) => i),
  );
});

test('a stage starts when the one before it is committed', () => {
  const bench = new Bench();
  bench.open('j', [2, 1]);
  const [a, b] = bench.join(1, 4);
  assert.equal(granted(bench.result(a!)).length, 0);
  const [next] = granted(bench.result(b!));
  assert.equal(next?.stage, 1);
});

test("a tile that fails is tried elsewhere, and three failures are the job's", () => {
  const bench = new Bench();
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
  const bench = new Bench();
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
  const bench = new Bench();
  bench.open('j', [1]);
  const [first] = bench.join(1, 1);
  bench.start(first!);
  bench.join(2, 1);
  bench.now = 900;
  bench.send({ type: 'worker-heard', worker: 2 });
  bench.now = 1000;
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
  const bench = new Bench();
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
  assert.match(failed.failure.detail.where!, /tile 2 of stage 0/);
  assert.equal(bench.said.filter((said) => said.type === 'verdict' && said.job === 'good').length, 4);
});

test('a worker that dials again takes its blame back', () => {
  const bench = new Bench();
  bench.open('j', [1]);
  for (let id = 1; id < 10; id++) {
    const [grant] = bench.join(id, 1, { instance: 'same' });
    bench.start(grant!);
    bench.send({ type: 'worker-left', worker: id });
  }
  assert.ok(!bench.said.some((said) => said.type === 'job-failed'));
});

test('an attempt over its time is cancelled and counts as a kill', () => {
  const bench = new Bench();
  bench.open('j', [1]);
  let [grant] = bench.join(1, 1);
  for (let death = 1; death <= 3; death++) {
    bench.start(grant!);
    bench.now += LIMITS.attemptLimitMs;
    bench.send({ type: 'worker-heard', worker: 1 });
    const commands = bench.send({ type: 'tick' });
    assert.deepEqual(commands[0], { type: 'cancel', worker: 1, lease: grant!.lease, overdue: true });
    if (death === 3) assert.ok(commands.some((command) => command.type === 'job-failed'));
    else [grant] = granted(commands);
  }
});

test('a late tile runs twice near the end and the slower attempt is cancelled', () => {
  const bench = new Bench();
  bench.open('j', [4]);
  const slow = bench.join(1, 1)[0]!;
  bench.start(slow);
  let fast = bench.join(2, 1)[0];
  for (let i = 0; i < 3; i++) {
    bench.start(fast!);
    bench.now += 60;
    fast = granted(bench.result(fast!))[0];
  }
  // 180 ms after its grant the slow tile is over twice the mean.
  assert.deepEqual([fast?.tile, fast?.worker, fast?.attempt], [slow.tile, 2, 2]);
  const commands = bench.result(fast!);
  assert.deepEqual(commands[1], { type: 'cancel', worker: 1, lease: slow.lease, overdue: false });
  assert.equal(bench.scheduler.leases, 0);
});

test('higher priority first, then fair shares', () => {
  const bench = new Bench();
  bench.open('low', [100]);
  bench.open('a', [100], { priority: 1 });
  bench.open('b', [100], { priority: 1 });
  const jobs = bench.join(1, 10).map((grant) => grant.job);
  assert.equal(jobs.filter((job) => job === 'a').length, 5);
  assert.equal(jobs.filter((job) => job === 'b').length, 5);
});

test('memory bounds what a worker holds, but never to nothing', () => {
  const bench = new Bench();
  bench.open('j', [10], { taskBytes: 40 });
  assert.equal(bench.join(1, 8, { memoryBytes: 100 }).length, 2);
  assert.equal(bench.join(2, 8, { memoryBytes: 10 }).length, 1);
});

test('without a worker the job waits and says so', () => {
  const bench = new Bench();
  bench.open('j', [1]);
  assert.deepEqual(bench.said, [{ type: 'job-waiting', job: 'j' }]);
  bench.join(1, 1);
  assert.ok(bench.said.some((said) => said.type === 'job-running'));
  bench.send({ type: 'worker-draining', worker: 1 });
  assert.equal(bench.said.filter((said) => said.type === 'job-waiting').length, 2);
});

test('a draining worker gets nothing more and gives back what it has not begun', () => {
  const bench = new Bench();
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
  const bench = new Bench();
  bench.open('j', [10]);
  const grants = bench.join(1, 3);
  const commands = bench.send({ type: 'job-closed', job: 'j' });
  assert.equal(commands.filter((command) => command.type === 'cancel').length, 3);
  const [verdict] = bench.result(grants[0]!);
  assert.ok(verdict?.type === 'verdict' && verdict.verdict === 'unwanted');
});

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
    const bench = new Bench();
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
          ...{ type: 'worker-joined', worker, instance: `i${worker % 5}`, slots },
          ...{ memoryBytes: 1 + random(8), labels: [] },
        } as const),
      );
      note(bench.send({ type: 'worker-capacity', worker, leases: slots + random(3) }));
    };
    const pick = () => [...held.values()][random(held.size)];
    for (let event = 0; event < 600; event++) {
      bench.now += random(40);
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
