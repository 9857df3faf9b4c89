import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkShape } from '../../coordinator/cluster/expected-result.js';
import { readResult } from '../../proto/convert/task-result.js';
import { halotile } from '../../proto/gen/messages.js';
import type { Task } from '../../tiling/work/task.js';

const making = { chain: null, size: null, wholePixels: 1 };
const frames = ['a', 'b'].map((name, index) => ({ index, path: name, output: `out/${name}`, sample: false }));
const remap: Task = {
  ...{ kind: 'remap', stage: 0, index: 3, attempt: 1 },
  data: { ...making, frames, palette: [[0, 0, 0]], target: null, dither: 'none', space: 'rgb' },
};
const count: Task = { ...remap, kind: 'count', data: { ...making, frames, spill: 'spill' } };

function check(task: Task, said: halotile.v1.ITaskCommit): void {
  const commit = new halotile.v1.TaskCommit({ kind: task.kind, stage: 0, task: 3, attempt: 1, ...said });
  checkShape(commit, readResult(commit, null), { task, job: { key: 'k', inputs: [] } });
}

const file = (output: number, carried = true) => ({ output, length: 1, crc: 1, carried });

test('a result has exactly the files of its task', () => {
  check(remap, { files: [file(1), file(0, false)] });
  for (const files of [[file(0)], [file(0), file(0)], [file(0), file(1), file(2)], [file(0), file(1), file(1)]]) {
    assert.throws(() => check(remap, { files }), { tag: 'bad-input', message: /at position \d/ });
  }
});

test('spilled bytes are optional, and those that do not travel are no file of the result', () => {
  check(count, {});
  check(count, { files: [file(1)] });
  assert.throws(() => check(count, { files: [file(1, false)] }), { message: /at position 1/ });
});

test('a task without a sink has no blocks, and no result brings bytes without end', () => {
  const block = { levels: [0], indexes: [0], offsets: [0], lengths: [1], crcs: [1], part: 'part-x-1' };
  assert.throws(() => check(count, block), { message: /its 1 blocks are not those of the task; expected none/ });
  assert.throws(() => check(count, { part: '../../x' }), { message: /names the part file/ });
  assert.throws(() => check(count, { pieces: [{ length: 2 ** 30, crc: 0 }] }), {
    message: /it brings 1073741824 bytes/,
  });
  const pieces = Array.from({ length: 100_000 }, () => ({ length: 0, crc: 0 }));
  assert.throws(() => check(count, { pieces }), { message: /in 100000 pieces/ });
  assert.throws(() => check(count, { kind: 'remap' }), { message: /a result of kind 'remap'/ });
});
