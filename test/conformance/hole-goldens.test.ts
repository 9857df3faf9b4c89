import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Border } from '../../tiling/operations/index.js';
import { type DType, viewSamples } from '../../tiling/raster/dtype.js';
import type { TileRaster } from '../../worker/kernels/kernel.js';
import { BACKENDS } from './backends.js';
import { type OperationCase, runTiled } from './operation-tiles.js';

interface Packed {
  readonly dtype: DType;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: string;
}

interface Golden {
  readonly source: string;
  readonly image: string;
  readonly name: string;
  readonly params: Readonly<Record<string, string | number>>;
  readonly border?: Border;
  readonly byMap?: boolean;
  readonly tolerance: number;
  readonly expected: Packed;
  /** Which pixels count of a result of another size. */
  readonly expectedValid?: Packed;
}

const file = JSON.parse(
  readFileSync(new URL('../../../test/fixtures/holes/goldens.json', import.meta.url), 'utf8'),
) as {
  readonly constant: number;
  readonly images: Readonly<Record<string, Packed>>;
  readonly valid: Packed;
  readonly nodata: Readonly<Record<string, number | null>>;
  readonly map: Packed;
  readonly cases: readonly Golden[];
};

function unpack({ dtype, width, height, channels, data }: Packed): TileRaster {
  const bytes = new Uint8Array(Buffer.from(data, 'base64'));
  const samples = viewSamples(dtype, bytes.buffer, 0, width * height * channels);
  return { rect: { x: 0, y: 0, width, height }, dtype, channels, stride: width * channels, samples };
}

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
