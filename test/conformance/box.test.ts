import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BORDERS } from '../../tiling/operations/index.js';
import { INTEGER_MAX } from '../../tiling/raster/dtype.js';
import { imageOf, noise, referenceBox, wasmBox } from './box-tiles.js';

const SIZES = [
  { width: 1, height: 1 },
  { width: 1, height: 23 },
  { width: 29, height: 1 },
  { width: 31, height: 17 },
  { width: 53, height: 41 },
];

for (const dtype of ['uint8', 'uint16'] as const) {
  const top = INTEGER_MAX[dtype];
  test(`${dtype}: random images by random and extreme maps equal the definition`, () => {
    const random = noise(1);
    for (const size of SIZES) {
      for (const channels of [1, 2, 3, 4]) {
        for (const border of BORDERS) {
          const pixels = size.width * size.height;
          const image = imageOf(size, { dtype, channels }, () => random(top + 1));
          const maps = [
            Uint16Array.from({ length: pixels }, () => random(9)),
            Uint16Array.from({ length: pixels }, (_, i) => (i % 7 < 5 ? 4 : random(3))),
            Uint16Array.from({ length: pixels }, (_, i) => (i % 2) * 13),
            2,
            0,
          ];
          for (const [i, radii] of maps.entries()) {
            const name = `${size.width}×${size.height}×${channels} ${border} map ${i}`;
            assert.deepEqual(wasmBox({ image, border, radii }), referenceBox({ image, border, radii }), name);
          }
        }
      }
    }
  });
}
