import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCollection } from '../../library/calls.js';
import { bytesOf } from '../../tiling/raster/dtype.js';
import { GDAL_MISSING, gdalPixels } from '../support/gdal.js';
import { missingCommands, quietly } from '../support/installed.js';
import { readLevels } from '../support/output-levels.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { fixturePath, MANIFEST, realImage } from '../unit/reading-fixtures.js';

const folder = scratchFolder();
const outputOf = (file: string) => join(folder, 'out', `${file.replaceAll(/[/.]/g, '-')}.tif`);

/** The identity over each file; what is said of those that cannot be read, by file. */
async function filterAll(files: readonly string[], pathOf: (file: string) => string): Promise<Map<string, string>> {
  const faults = new Map<string, string>();
  const result = await runCollection(
    {
      images: files.map((file) => ({ image: pathOf(file), output: outputOf(file) })),
      output: join(folder, 'out'),
      operations: [{ name: 'box', params: { radius: 0 } }],
      compression: { codec: 'none' },
      overviews: false,
      onError: 'skip',
    },
    { onFault: ({ image, message }) => faults.set(image, message) },
  );
  assert.equal(result.images.total, files.length);
  return faults;
}

test('every file of the fixtures keeps its pixels at radius 0, or is refused in one sentence', async () => {
  const read = [...MANIFEST.tiffs, ...MANIFEST.pictures];
  const faults = await filterAll([...read.map(({ file }) => file), ...MANIFEST.refused], fixturePath);
  assert.deepEqual([...faults.keys()].sort(), MANIFEST.refused.map(fixturePath).sort());
  for (const [path, message] of faults) {
    assert.match(message, /^[^\n]+$/);
    assert.ok(message.includes(path), message);
  }
  for (const { file, pixels } of read) {
    const [level] = await readLevels(outputOf(file));
    assert.deepEqual(bytesOf(level!.samples), new Uint8Array(readFileSync(fixturePath(pixels))), file);
  }
});

const REAL = [
  'tiff/DEM_BS28_2016_1000_1141.tif',
  'tiff/big_cog.tiff',
  'tiff/rgba8_cog_big.tiff',
  'tiff/rgba8_strip.tiff',
  'tiff/rgba8_tiled.tiff',
];
const PICTURES = ['slide/CMU-1-Small-Region.svs', 'photo/photo-2725x2225.jpg', 'sprites/light.png', 'sprites/orc.png'];
const skip =
  realImage(REAL[0]!) === undefined
    ? 'no folder of real images'
    : GDAL_MISSING || missingCommands(['vips', '--version']);

test('real images keep the pixels that GDAL and libvips have', { skip }, async () => {
  assert.deepEqual(await filterAll([...REAL, ...PICTURES], (file) => realImage(file)!), new Map());
  for (const file of REAL) assert.deepEqual(gdalPixels(outputOf(file)), gdalPixels(realImage(file)!), file);
  for (const file of PICTURES) {
    const raw = join(folder, 'picture.raw');
    quietly('vips', ['rawsave', realImage(file)!, raw], /warning/i);
    assert.deepEqual(gdalPixels(outputOf(file)), new Uint8Array(readFileSync(raw)), file);
  }
});
