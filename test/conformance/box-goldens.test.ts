import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { DType } from '../../tiling/raster/dtype.js';
import { extendBorder } from '../../worker/kernels/reference/index.js';
import { CONSTANT, imageOf, referenceBox, wasmBox } from './box-tiles.js';

type Extending = 'nearest' | 'reflect' | 'mirror' | 'constant';

interface Golden {
  readonly dtype: DType;
  readonly width: number;
  readonly height: number;
  readonly image: readonly number[];
}

interface Goldens {
  readonly fixed: readonly (Golden & { readonly radius: number; readonly means: Record<Extending, number[]> })[];
  readonly byMap: readonly (Golden & { readonly radii: number[]; readonly means: number[] })[];
  readonly padded: readonly (Golden & { readonly margin: number; readonly padded: Record<Extending, number[]> })[];
}

const fixture = new URL('../../../test/fixtures/box/goldens.json', import.meta.url);
const goldens: Goldens = JSON.parse(readFileSync(fixture, 'utf8'));
const EXTENDING = ['nearest', 'reflect', 'mirror', 'constant'] as const;

function goldenImage({ dtype, width, height, image }: Golden) {
  return imageOf({ width, height }, { dtype, channels: 1 }, (x, y) => image[y * width + x]!);
}

for (const [backend, box] of [
  ['reference', referenceBox],
  ['wasm', wasmBox],
] as const) {
  test(`${backend}: box means of fixed radius are SciPy's, for each of its borders`, () => {
    for (const golden of goldens.fixed) {
      for (const border of EXTENDING) {
        const means = box({ image: goldenImage(golden), border, radii: golden.radius });
        assert.deepEqual([...means], golden.means[border], `${golden.dtype} radius ${golden.radius} ${border}`);
      }
    }
  });

  test(`${backend}: box means by map are NumPy's`, () => {
    for (const golden of goldens.byMap) {
      const radii = Uint16Array.from(golden.radii);
      assert.deepEqual([...box({ image: goldenImage(golden), border: 'clip', radii })], golden.means);
    }
  });
}

test('border extension is numpy.pad’s, also where the image is smaller than the margin', () => {
  for (const { width, height, margin, image, padded } of goldens.padded) {
    for (const border of EXTENDING) {
      const rect = { x: -margin, y: -margin, width: width + 2 * margin, height: height + 2 * margin };
      const inside = (x: number, y: number) => x >= margin && y >= margin && x < margin + width && y < margin + height;
      const at = (x: number, y: number) => image[(y - margin) * width + x - margin]!;
      const raster = imageOf(rect, { dtype: 'uint16', channels: 2 }, (x, y, c) =>
        inside(x, y) ? at(x, y) + 1000 * c : 9999,
      );
      extendBorder({ ...raster, rect }, { width, height }, { border, constantValue: CONSTANT });
      const expected = padded[border];
      const channel = (c: number) => [...raster.samples].filter((_, i) => i % 2 === c);
      assert.deepEqual(channel(0), expected, `${width}×${height} ${border}`);
      const shifted = expected.map((value, i) =>
        border === 'constant' && !inside(i % rect.width, Math.floor(i / rect.width)) ? value : value + 1000,
      );
      assert.deepEqual(channel(1), shifted);
    }
  }
});
