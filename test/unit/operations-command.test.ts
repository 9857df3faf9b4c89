import assert from 'node:assert/strict';
import test from 'node:test';
import { describeOperation, listOperations } from '../../cli/commands/operations.js';
import { jobSpecSchema } from '../../tiling/job/job-spec.js';
import { OPERATIONS } from '../../tiling/operations/index.js';
import { resolveOperations } from '../../tiling/plan/resolve-operations.js';

test('the list names every operation', () => {
  const listed = listOperations()
    .split('\n')
    .map((line) => line.split(/\s/)[0]);
  assert.deepEqual(listed, Object.keys(OPERATIONS));
});

test('the page of an operation names every parameter that its schema takes', () => {
  for (const [name, descriptor] of Object.entries(OPERATIONS)) {
    const page = describeOperation(name);
    for (const key of Object.keys(descriptor.params.shape)) assert.match(page, new RegExp(`^  ${key} +\\S`, 'm'), name);
  }
});

test('types, ranges, defaults and needs are told as the schema checks them', () => {
  assert.match(describeOperation('gaussian'), /truncate +number, 0\.5 to 16; default 4\n/);
  assert.match(describeOperation('gaussian'), /border .*; default reflect, by map clip\n/);
  assert.match(describeOperation('gamma'), /gamma +number, above 0; required\n/);
  assert.doesNotMatch(describeOperation('gamma'), /border/);
  assert.throws(() => describeOperation('blurr'), /there is no operation 'blurr'; expected box, /);
});

test('an unknown parameter is refused with the names of those that exist', () => {
  const spec = jobSpecSchema.parse({
    image: 'a.tif',
    output: 'b.tif',
    operations: [{ name: 'std', params: { rd: 3 } }],
  });
  assert.throws(
    () => resolveOperations(spec.operations, { map: false }),
    /operation 1 'std': .*'rd'; expected footprint, window, ddof, dtype; see 'halotile operations std'/,
  );
});
