import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { makeDemoScene } from '../../cli/demo/scene.js';
import type { JobSpecInput } from '../../tiling/job/job-spec.js';
import { bytesOf } from '../../tiling/raster/dtype.js';
import { REFERENCE_PIXELS } from '../../worker/kernels/reference/index.js';
import { runEngine } from '../support/engine.js';
import { GDAL_MISSING, gdalPixels } from '../support/gdal.js';
import { readLevels } from '../support/output-levels.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { realImage } from '../unit/reading-fixtures.js';

const folder = scratchFolder();
const BLOCK = 512;
const AS_IT_IS: JobSpecInput['operations'] = [{ name: 'box', params: { radius: 0 } }];
const GAUSSIAN: JobSpecInput['operations'] = [{ name: 'gaussian', params: { sigma: 2 } }];
const BOX: JobSpecInput['operations'] = [{ name: 'box', params: { radius: 8 } }];

/** Bytes of all blocks of an image by zlib's level 1 with its search for strings. */
async function bytesByStrings(path: string): Promise<number> {
  const [raster] = await readLevels(path);
  const { width, height } = raster!.rect;
  const into = new Uint8Array((BLOCK * BLOCK * bytesOf(raster!.samples).length) / (width * height));
  let bytes = 0;
  for (let y = 0; y < height; y += BLOCK) {
    for (let x = 0; x < width; x += BLOCK) {
      const rect = { x, y, width: Math.min(BLOCK, width - x), height: Math.min(BLOCK, height - y) };
      REFERENCE_PIXELS.cutBlock(raster!, { rect, block: { width: BLOCK, height: BLOCK }, predictor: 2 }, into);
      bytes += deflateSync(into, { level: 1 }).length;
    }
  }
  return bytes;
}

async function holdSize(image: string, name: string, operations: JobSpecInput['operations']): Promise<void> {
  const output = join(folder, `${name}.tif`);
  const spec = { image, operations, block: BLOCK, overviews: false };
  await runEngine({ ...spec, output, compression: { codec: 'deflate' } });
  const bytes = statSync(output).size;
  const byStrings = await bytesByStrings(output);
  assert.ok(bytes <= 1.1 * byStrings, `${name}: ${bytes} bytes, by zlib ${byStrings}`);
  if (GDAL_MISSING !== false) return;
  const plain = join(folder, `${name} plain.tif`);
  await runEngine({ ...spec, output: plain, compression: { codec: 'none' } });
  assert.deepEqual(gdalPixels(output), gdalPixels(plain), name);
}

test('the demo scene takes at most a tenth more than by zlib level 1', async () => {
  const scene = await makeDemoScene({
    directory: join(folder, 'scene'),
    size: { width: 2000, height: 2000 },
    seed: 1,
    threads: 2,
  });
  for (const [name, operations] of Object.entries({ 'scene as it is': AS_IT_IS, 'scene blurred': BOX })) {
    await holdSize(scene.image, name, operations);
  }
});

const REAL = { photo: 'photo/photo-2725x2225.jpg', slide: 'slide/CMU-1-Small-Region.svs', sprites: 'sprites/orc.png' };
const skip = realImage(REAL.photo) === undefined && 'no folder of real images';
for (const [name, file] of Object.entries(REAL)) {
  test(`so does a real image, filtered or not: ${name}`, { skip }, async () => {
    await holdSize(realImage(file)!, `${name} as it is`, AS_IT_IS);
    await holdSize(realImage(file)!, `${name} by a Gaussian`, GAUSSIAN);
    await holdSize(realImage(file)!, `${name} by a box`, BOX);
  });
}
