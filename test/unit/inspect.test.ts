import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInspect } from '../../cli/commands/inspect.js';
import { HalotileError } from '../../tiling/errors.js';
import { inspectFile } from '../../tiling/sources/inspect.js';
import { fixturePath, MANIFEST } from './reading-fixtures.js';

test('geo keys are told by name, resolution with its unit', async () => {
  const inspection = await inspectFile(fixturePath('geo.tif'));
  assert.equal(inspection.tiff?.geoKeys?.ProjectedCSTypeGeoKey ?? inspection.tiff?.geoKeys?.ProjectedCRSGeoKey, 2193);
  assert.deepEqual(inspection.resolution, { x: 300, y: 300, unit: 'inch' });
  assert.equal(inspection.description, 'a small field');
  assert.equal(inspection.tiff?.littleEndian, false);
});

test('overviews and masks are told apart', async () => {
  const { tiff } = await inspectFile(fixturePath('overviews.tif'));
  const roles = tiff!.directories.map(({ role, width }) => `${role} ${width}`);
  assert.deepEqual(roles.toSorted(), [
    'main 90',
    'mask 90',
    'mask-overview 23',
    'mask-overview 45',
    'overview 23',
    'overview 45',
  ]);
});

test("GDAL's COG is one, a file with overviews behind its data is none, and the reason is given", async () => {
  assert.equal((await inspectFile(fixturePath('cog.tif'))).tiff?.cog.cog, true);
  const { cog } = (await inspectFile(fixturePath('overviews.tif'))).tiff!;
  assert.equal(cog.cog, false);
  assert.match(cog.reason, /directory|data/);
});

test('blocks that were never written are counted', async () => {
  const { tiff } = await inspectFile(fixturePath('sparse.tif'));
  assert.ok(tiff!.sparseBlocks > 0 && tiff!.sparseBlocks < tiff!.blocks);
});

test('text has one fact a line, JSON is one object', async () => {
  const text = await runInspect(fixturePath('tiled-deflate-p2-uint8-1-be-big-chunky.tif'.replace('p2', 'p1')), {
    json: false,
  });
  assert.match(text, /^kind +BigTIFF, big endian$/m);
  assert.match(text, /^layout +6 tiles of 16×16$/m);
  assert.match(text, /^codec +deflate$/m);
  const parsed = JSON.parse(await runInspect(fixturePath('picture-uint16-4.png'), { json: true }));
  assert.equal(parsed.kind, 'png');
  assert.equal(parsed.dtype, 'uint16');
});

test('every fixture that can be read can be inspected, the others are refused', async () => {
  for (const { file } of [...MANIFEST.tiffs, ...MANIFEST.pictures]) {
    assert.match(await runInspect(fixturePath(file), { json: false }), /^size +\d+×\d+$/m, file);
  }
  for (const file of MANIFEST.refused) {
    await assert.rejects(runInspect(fixturePath(file), { json: true }), HalotileError, file);
  }
});
