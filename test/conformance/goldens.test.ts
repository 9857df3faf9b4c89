import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { OPERATIONS } from '../../tiling/operations/index.js';
import { OPERATION_FIXTURES, type OperationCase, runTiled } from './operation-tiles.js';
import { type Golden, type PackedRaster, unpack } from './packed-golden.js';

const file = JSON.parse(readFileSync(new URL('goldens.json', OPERATION_FIXTURES), 'utf8')) as {
  readonly constant: number;
  readonly images: Readonly<Record<string, PackedRaster>>;
  readonly map: PackedRaster;
  readonly cases: readonly Golden[];
};

const map = unpack(file.map).samples as Float32Array;

function caseOf(golden: Golden): OperationCase {
  const { name, params, border } = golden;
  const image = unpack(file.images[golden.image]!);
  return { image, name, params, constant: file.constant, ...(border && { border }), ...(golden.byMap && { map }) };
}

for (const name of new Set(file.cases.map((golden) => golden.name))) {
  const cases = file.cases.filter((golden) => golden.name === name);
  const sources = [...new Set(cases.map((golden) => golden.source))].join(', ');
  test(`${name} equals ${sources} (${cases.length} cases)`, () => {
    for (const golden of cases) {
      // Bands of five rows, where an operation runs in such.
      const height = OPERATIONS[name]!.bands === undefined ? 64 : 5;
      const whole = runTiled(caseOf(golden), { width: 64, height });
      const expected = unpack(golden.expected).samples;
      assert.equal(whole.samples.length, expected.length);
      let worst = 0;
      whole.samples.forEach((sample, i) => {
        worst = Math.max(worst, Math.abs(sample - expected[i]!));
      });
      const what = `${golden.source} ${golden.image} ${golden.border ?? ''} ${JSON.stringify(golden.params)}`;
      assert.ok(worst <= golden.tolerance, `${what}: worst difference ${worst}, allowed ${golden.tolerance}`);
    }
  });
}

test('every operation has a golden of an independent implementation', () => {
  const covered = new Set(file.cases.map((golden) => golden.name));
  // The box mean is the same sum as `mean`; users' kernels are held to other operations. Both have suites.
  const own = ['box', 'custom'];
  const missing = Object.keys(OPERATIONS).filter((name) => !own.includes(name) && !covered.has(name));
  assert.deepEqual(missing, []);
});
