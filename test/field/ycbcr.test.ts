import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { openTiffSource } from '../../tiling/sources/tiff-file-source.js';
import { noise } from '../conformance/box-tiles.js';
import { GDAL_MISSING, gdalPixels } from '../support/gdal.js';
import { missingCommands, quietly } from '../support/installed.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { readPixels } from '../unit/reading-fixtures.js';
import { buildTiff, DATA_OFFSET, greyTags } from '../unit/tiff-builder.js';

const SKIP = { skip: GDAL_MISSING || missingCommands(['tiff2rgba', '-h']) };
const folder = scratchFolder();
const path = join(folder, 'in.tif');
const SIZE = { width: 53, height: 37 };

/** A file of noise as units of so many Y, one Cb and one Cr, in strips of some rows. */
function write([across, down]: readonly [number, number], rows: number, deflate: boolean): void {
  const random = noise(across + 7 * down);
  const strips = Array.from({ length: Math.ceil(SIZE.height / rows) }, (_, index) => {
    const height = Math.min(rows, SIZE.height - index * rows);
    const units = Math.ceil(SIZE.width / across) * Math.ceil(height / down);
    const bytes = Uint8Array.from({ length: units * (across * down + 2) }, () => random(256));
    return deflate ? new Uint8Array(deflateSync(bytes)) : bytes;
  });
  const lengths = strips.map(({ length }) => length);
  const offsets = lengths.map((_, index) => DATA_OFFSET + lengths.slice(0, index).reduce((sum, one) => sum + one, 0));
  const tags = greyTags(SIZE.width, SIZE.height, {
    ...{ 258: { values: [8, 8, 8] }, 259: { values: [deflate ? 8 : 1] }, 262: { values: [6] }, 277: { values: [3] } },
    ...{ 278: { values: [rows] }, 273: { values: offsets }, 279: { values: lengths } },
    530: { type: 3, values: [across, down] },
  });
  writeFileSync(path, buildTiff(tags, { data: Buffer.concat(strips) }));
}

for (const [shared, rows, deflate] of [
  [[1, 1], 37, false],
  [[2, 1], 37, false],
  [[1, 2], 8, false],
  [[2, 2], 37, false],
  [[2, 2], 8, true],
  [[4, 1], 37, true],
  [[4, 2], 8, false],
  [[4, 4], 37, false],
] as const) {
  const name = `YCbCr whose colour ${shared.join('×')} pixels share${deflate ? ', deflated' : ''}, in strips of ${rows}`;
  test(`${name}: RGB as tiff2rgba has it`, SKIP, async () => {
    write(shared, rows, deflate);
    const source = openTiffSource(path);
    const { pixels } = await readPixels(source);
    source.close();
    const rgba = join(folder, 'rgba.tif');
    quietly('tiff2rgba', ['-c', 'none', path, rgba]);
    assert.deepEqual(pixels, gdalPixels(rgba, '-b', '1', '-b', '2', '-b', '3'));
  });
}
