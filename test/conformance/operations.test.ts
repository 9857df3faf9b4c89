import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OPERATIONS } from '../../tiling/operations/index.js';
import { BACKENDS } from './backends.js';
import { noise } from './box-tiles.js';
import { faultOf } from './operation-check.js';
import { OPERATION_TABLE, pairwiseCombinations } from './operation-table.js';

test('every operation has a row in the table', () => {
  const rows = new Set(OPERATION_TABLE.map((row) => row.name));
  assert.deepEqual(
    Object.keys(OPERATIONS).filter((name) => !rows.has(name)),
    [],
  );
});

test('every operation but the user’s own module and the search for colours has kernels in WebAssembly', () => {
  const missing = Object.keys(OPERATIONS).filter((name) => BACKENDS.wasm![name] === undefined);
  assert.deepEqual(missing, ['palette', 'custom']);
});

for (const [backend, kernels] of Object.entries(BACKENDS)) {
  for (const [index, row] of OPERATION_TABLE.entries()) {
    const kernel = kernels[row.name];
    if (kernel === undefined) continue;
    test(`${backend}: ${row.name} ${JSON.stringify(row.params)} tiled equals the reference untiled`, () => {
      for (const [n, at] of pairwiseCombinations(noise(index + 1)).entries()) {
        assert.equal(faultOf(row, at, kernel, index * 1000 + n), undefined);
      }
    });
  }
}
