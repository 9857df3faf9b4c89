import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { DType } from '../../tiling/raster/dtype.js';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { readLevels } from '../support/output-levels.js';
import { halotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';

const folder = scratchFolder();
const SIZE = { width: 300, height: 200 };
const image = join(folder, 'image.tif');
const random = noise(3);
writeTiff(
  image,
  imageOf(SIZE, { dtype: 'uint8', channels: 1 }, () => random(256)),
);

/** Types and nodata values that maps come with: gdal_proximity's, a fill value, 0, and one in the middle. */
const MAPS: readonly { dtype: DType; nodata: number }[] = [
  { dtype: 'uint8', nodata: 255 },
  { dtype: 'uint8', nodata: 0 },
  { dtype: 'uint16', nodata: 65535 },
  { dtype: 'uint16', nodata: 7 },
  { dtype: 'float32', nodata: 65535 },
  { dtype: 'float32', nodata: -9999 },
];

function writeMap(path: string, { dtype, nodata }: { dtype: DType; nodata: number }, missing: number, says: boolean) {
  const values = imageOf(SIZE, { dtype, channels: 1 }, (x, y) => (x === 150 && y === 101 ? missing : 1 + (x % 5)));
  writeTiff(path, values, {}, says ? { nodata } : {});
}

for (const each of MAPS) {
  for (const kernel of ['box', 'gaussian']) {
    test(`${kernel}: nodata ${each.nodata} of a ${each.dtype} map is no radius`, async () => {
      const map = join(folder, 'map.tif');
      const output = join(folder, 'out.tif');
      const blur = (...flags: string[]) =>
        halotile('blur', image, '--map', map, '-o', output, '--kernel', kernel, '--quiet', ...flags);
      writeMap(map, each, each.nodata, true);
      const refused = await blur();
      assert.equal(refused.code, 2, refused.stderr);
      assert.match(refused.stderr, new RegExp(`pixel 150,101: the sample ${each.nodata} is the map's nodata value`));
      const { code, stderr } = await blur('--map-invalid', 'clamp');
      assert.equal(code, 0, stderr);
      const clamped = (await readLevels(output))[0]!;
      // Where 0 says the same and is declared as nothing, the pixels are the same.
      writeMap(map, each, 0, false);
      assert.equal((await blur()).code, 0);
      assert.deepEqual(clamped.samples, (await readLevels(output))[0]!.samples);
    });
  }
}

test('maps of a dataset: their nodata is no radius either', async () => {
  const frames = join(folder, 'frames', 'knight');
  mkdirSync(frames, { recursive: true });
  writeTiff(
    join(frames, 'a.tif'),
    imageOf(SIZE, { dtype: 'uint8', channels: 3 }, (x) => x & 255),
  );
  const maps = join(folder, 'maps');
  mkdirSync(maps);
  writeMap(join(maps, 'a.tif'), { dtype: 'uint8', nodata: 255 }, 255, true);
  const job = join(folder, 'job.json');
  const images = [{ image: join(frames, 'a.tif'), map: join(maps, 'a.tif') }];
  writeFileSync(job, JSON.stringify({ images, output: join(folder, 'palettes'), operations: [{ name: 'box' }] }));
  const { code, stderr } = await halotile('run', job, '--quiet');
  assert.notEqual(code, 0);
  assert.match(stderr, /pixel 150,101: the sample 255 is the map's nodata value/);
});
