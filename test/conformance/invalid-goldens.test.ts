import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { BACKENDS } from './backends.js';
import { type OperationCase, runTiled } from './operation-tiles.js';
import { type Golden, type PackedRaster, unpack } from './packed-golden.js';

const file = JSON.parse(
  readFileSync(new URL('../../../test/fixtures/invalid/goldens.json', import.meta.url), 'utf8'),
) as {
  readonly constant: number;
  readonly images: Readonly<Record<string, PackedRaster>>;
  readonly valid: PackedRaster;
  readonly nodata: Readonly<Record<string, number | null>>;
  readonly map: PackedRaster;
  readonly cases: readonly Golden[];
};

const valid = unpack(file.valid).samples as Uint8Array;
const map = unpack(file.map).samples as Float32Array;

function caseOf({ image, name, params, border, byMap }: Golden): OperationCase {
  const plain = unpack(file.images[image]!);
  const nodata = file.nodata[image];
  return {
    image: { ...plain, valid },
    name,
    params,
    constant: file.constant,
    ...(border && { border }),
    ...(byMap && { map }),
    ...(nodata === null ? { alpha: 'unassociated' } : { nodata: new Array(plain.channels).fill(nodata) }),
  };
}

for (const name of new Set(file.cases.map((golden) => golden.name))) {
  const cases = file.cases.filter((golden) => golden.name === name);
  const sources = [...new Set(cases.map((golden) => golden.source))].join('; ');
  for (const [backend, kernels] of Object.entries(BACKENDS)) {
    test(`${backend}: ${name} with nodata, a mask and alpha equals ${sources} (${cases.length} cases)`, () => {
      for (const golden of cases) {
        const expected = unpack(golden.expected).samples;
        for (const tile of [
          { width: 64, height: 64 },
          { width: 9, height: 6 },
        ]) {
          const result = runTiled(caseOf(golden), tile, kernels[name]!);
          const { samples } = result;
          let worst = 0;
          samples.forEach((sample, i) => {
            worst = Math.max(worst, Math.abs(sample - expected[i]!));
          });
          const what = `${golden.image} ${golden.border ?? ''} ${JSON.stringify(golden.params)}`;
          if (golden.expectedValid) assert.deepEqual(result.valid, unpack(golden.expectedValid).samples, what);
          assert.ok(worst <= golden.tolerance, `${what}: worst difference ${worst}, allowed ${golden.tolerance}`);
        }
      }
    });
  }
}
