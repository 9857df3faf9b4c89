import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { GDAL_MISSING, gdalPixels } from '../support/gdal.js';
import { halotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { type FileLayout, writeTiff } from '../support/tiff-file.js';

const folder = scratchFolder();
const SIZE = { width: 80, height: 60 };
const BYTE_COUNTS: readonly number[] = [279, 325];

const LAYOUTS: Readonly<Record<string, FileLayout>> = {
  'one uncompressed strip': { rowsPerStrip: 60 },
  'uncompressed strips': { rowsPerStrip: 16 },
  'uncompressed tiles': { tile: 32 },
  'uncompressed planes': { rowsPerStrip: 60, planar: true },
  'one deflated strip': { rowsPerStrip: 60, deflate: true },
  'deflated strips': { rowsPerStrip: 16, deflate: true, predictor: true },
};

/** Sets every length to 0, or gives the tag a private number, so that it is missing. */
function withoutLengths(path: string, how: 'zero' | 'missing'): void {
  const bytes = readFileSync(path);
  const directory = bytes.readUInt32LE(4);
  for (let i = 0; i < bytes.readUInt16LE(directory); i++) {
    const at = directory + 2 + 12 * i;
    if (!BYTE_COUNTS.includes(bytes.readUInt16LE(at))) continue;
    const count = bytes.readUInt32LE(at + 4);
    const values = count === 1 ? at + 8 : bytes.readUInt32LE(at + 8);
    if (how === 'zero') bytes.fill(0, values, values + 4 * count);
    else bytes.writeUInt16LE(281, at);
  }
  writeFileSync(path, bytes);
}

for (const [name, layout] of Object.entries(LAYOUTS)) {
  for (const how of ['zero', 'missing'] as const) {
    test(`${name} whose lengths are ${how} are read as GDAL reads them`, { skip: GDAL_MISSING }, async () => {
      const input = join(folder, 'in.tif');
      const output = join(folder, 'out.tif');
      const random = noise(1);
      const image = imageOf(SIZE, { dtype: 'uint8', channels: 3 }, () => 1 + random(255));
      writeTiff(input, image, layout);
      withoutLengths(input, how);
      const { code, stderr } = await halotile('process', input, '-o', output, '--op', 'box:radius=0', '--quiet');
      assert.equal(code, 0, stderr);
      assert.deepEqual(gdalPixels(output), new Uint8Array(image.samples.buffer));
    });
  }
}
