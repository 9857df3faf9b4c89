import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Rect, rectOf } from '../../tiling/geometry/rect.js';
import { allocateSamples } from '../../tiling/raster/dtype.js';
import { RasterReader } from '../../tiling/sources/raster-reader.js';
import { openTiffSource } from '../../tiling/sources/tiff-file-source.js';
import type { TileRaster } from '../../worker/kernels/kernel.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';

const SIZE = { width: 2000, height: 96 };
const path = join(scratchFolder(), 'strips.tif');
const samples = allocateSamples('uint8', SIZE.width * SIZE.height);
for (let i = 0; i < samples.length; i++) samples[i] = (i * 31 + (i >> 8)) & 255;
const image: TileRaster = { rect: rectOf(SIZE), dtype: 'uint8', channels: 1, stride: SIZE.width, samples };
writeTiff(path, image, { rowsPerStrip: 32 });

/** Reads a rect, holds its samples, and returns how often each of its bytes was read. */
async function timesRead(rect: Rect): Promise<number> {
  const source = openTiffSource(path);
  const into = new Uint8Array(rect.width * rect.height);
  const { bytesRead } = await new RasterReader(source, null, () => 0).read(rect, into, rect.width);
  source.close();
  for (let y = 0; y < rect.height; y++) {
    const start = (rect.y + y) * SIZE.width + rect.x;
    const row = into.subarray(y * rect.width, (y + 1) * rect.width);
    assert.deepEqual(row, samples.subarray(start, start + rect.width));
  }
  return bytesRead / into.length;
}

test('of uncompressed strips little more is read than the columns of the rect', async () => {
  for (const width of [1, 300, 1200, 1600, 1700, 1999, 2000]) {
    for (const [y, height] of [
      [0, 96],
      [5, 1],
      [20, 50],
    ] as const) {
      const times = await timesRead({ x: SIZE.width - width, y, width, height });
      assert.ok(times >= 1 && times <= 1.2, `${width} columns, ${height} rows: ${times}`);
    }
  }
  // What lies between long rows is cheaper to read than to pass over.
  assert.ok((await timesRead({ x: 100, y: 0, width: 1800, height: 32 })) > 1);
});
