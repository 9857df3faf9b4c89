import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { cellCount, cellRect, gridOf } from '../../tiling/geometry/grid.js';
import { RasterCrc } from '../../tiling/raster/raster-crc.js';

test('terms of any tiling, in any order, give the CRC-32 of the whole image', () => {
  const image = { width: 37, height: 23 };
  const pixelBytes = 3;
  const pixels = Uint8Array.from({ length: 37 * 23 * 3 }, (_, i) => (i * 7919) >>> 3);
  const rowBytes = image.width * pixelBytes;
  for (const side of [1, 4, 5, 16, 64]) {
    const raster = new RasterCrc(image, pixelBytes);
    const grid = gridOf(image, { width: side, height: side });
    let terms = 0;
    for (let tile = cellCount(grid) - 1; tile >= 0; tile--) {
      const rect = cellRect(grid, tile);
      const start = rect.y * rowBytes + rect.x * pixelBytes;
      terms ^= raster.term(rect, pixels.subarray(start), rowBytes).term;
    }
    assert.equal(raster.finish(terms), crc32(pixels));
  }
});

test('the plain CRC of a rect is the CRC of its rows', () => {
  const pixels = Uint8Array.from({ length: 100 }, (_, i) => i * 31);
  const raster = new RasterCrc({ width: 10, height: 10 }, 1);
  const { crc } = raster.term({ x: 2, y: 3, width: 4, height: 2 }, pixels.subarray(32), 10);
  assert.equal(crc, crc32(Uint8Array.from([...pixels.subarray(32, 36), ...pixels.subarray(42, 46)])));
});
