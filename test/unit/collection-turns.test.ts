import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryRoom } from '../../coordinator/collection/memory-room.js';
import { TaskTurns } from '../../coordinator/collection/task-turns.js';
import type { Plan } from '../../tiling/plan/plan.js';

test('tasks of the earliest image go first, those of later ones where it leaves room', async () => {
  const turns = new TaskTurns(() => 2);
  const started: string[] = [];
  const finish: (() => void)[] = [];
  const task = (place: number, name: string) =>
    turns.run(place, () => {
      started.push(name);
      return new Promise<void>((resolve) => finish.push(resolve));
    });
  const all = [task(1, '1a'), task(0, '0a'), task(1, '1b'), task(2, '2a'), task(0, '0b')];
  assert.deepEqual(started, ['1a', '0a']);
  for (const expected of [['0b'], ['1b'], ['2a']]) {
    const before = started.length;
    finish.shift()!();
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(started.slice(before), expected);
  }
  for (const end of finish) end();
  await Promise.all(all);
});

test('images under way share the memory of threads and add their caches', async () => {
  const plan = (totalBytes: number, blockCacheBytes: number) => ({ memory: { totalBytes, blockCacheBytes } }) as Plan;
  const room = new MemoryRoom(100);
  const [large, small, other] = [plan(90, 30), plan(70, 10), plan(80, 20)] as const;
  const inside: Plan[] = [];
  const enter = (each: Plan) => room.enter(each).then(() => inside.push(each));
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  void enter(large);
  void enter(small);
  void enter(other);
  await turn();
  assert.deepEqual(inside, [large, small]);
  room.leave(small);
  await turn();
  assert.deepEqual(inside, [large, small]);
  room.leave(large);
  await turn();
  assert.deepEqual(inside, [large, small, other]);
});
