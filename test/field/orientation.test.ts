import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { gdalInfo, gdalPixels } from '../support/gdal.js';
import { missingCommands, quietly } from '../support/installed.js';
import { halotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { type FileLayout, type FileTag, writeTiff } from '../support/tiff-file.js';

const folder = scratchFolder();
const inputs = join(folder, 'in');
mkdirSync(inputs);
const MISSING = missingCommands(['gdalinfo', '--version'], ['vips', '--version'], ['tiffinfo', '-h']);
/** More than a scratch file's block each way, and a multiple of nothing. */
const SIZE = { width: 701, height: 533 };
const orientationTag = (value: number): FileTag => ({ tag: 274, type: 3, values: [value] });
const made = (seed: number, dtype: 'uint8' | 'uint16' | 'float32', channels: number, size = SIZE) => {
  const random = noise(seed);
  return imageOf(size, { dtype, channels }, () => random(dtype === 'uint8' ? 256 : 65536));
};

/** An image of each orientation, in files of several kinds. */
const KINDS: readonly (readonly [orientation: number, dtype: 'uint8' | 'uint16' | 'float32', n: number, FileLayout])[] =
  [
    [1, 'uint8', 3, {}],
    [2, 'uint8', 3, { deflate: true, predictor: true }],
    [3, 'uint16', 1, { tile: 64, deflate: true }],
    [4, 'float32', 1, { tile: 256 }],
    [5, 'uint16', 3, { planar: true, deflate: true }],
    [6, 'float32', 3, { rowsPerStrip: 40, bigEndian: true }],
    [7, 'uint8', 1, { rowsPerStrip: 533, deflate: true }],
    [8, 'uint16', 4, { tile: 128, deflate: true, bigEndian: true }],
  ];

test('--orient apply turns as libvips and ImageMagick do', { skip: MISSING }, async () => {
  const names = KINDS.map(([orientation, dtype, channels, layout]) => {
    const name = `${orientation}.tif`;
    const tags = [orientationTag(orientation), { tag: 282, type: 5, values: [300, 1] } as const];
    const image = made(orientation, dtype, channels);
    writeTiff(join(inputs, name), image, layout, {
      tags: [...tags, { tag: 283, type: 5, values: [150, 1] }, { tag: 296, type: 3, values: [2] }],
    });
    return name;
  });
  const raw = { ...SIZE, channels: 3 } as const;
  const camera = sharp(new Uint8Array(made(9, 'uint8', 3).samples.buffer), { raw });
  await camera.clone().jpeg().withMetadata({ orientation: 8 }).toFile(join(inputs, 'camera.jpg'));
  await camera.clone().png().withMetadata({ orientation: 5 }).toFile(join(inputs, 'camera.png'));
  const out = join(folder, 'out', '{name}-{ext}.tif');
  const flags = ['--op', 'box:radius=0', '--orient', 'apply', '--quiet'];
  const { code, stderr } = await halotile('process', inputs, '-o', out, ...flags);
  assert.equal(code, 0, stderr);
  const wanted = join(folder, 'wanted.tif');
  for (const name of [...names, 'camera.jpg', 'camera.png']) {
    const output = join(folder, 'out', `${name.replace('.', '-')}.tif`);
    quietly('vips', ['autorot', join(inputs, name), wanted], /WARNING/);
    assert.deepEqual(gdalPixels(output), gdalPixels(wanted), name);
    const stated = quietly('tiffinfo', [output], /Unknown field|Warning/);
    assert.doesNotMatch(stated, /Orientation: row (?!0 top, col 0 lhs)/, name);
    if (name === '6.tif') assert.match(stated, /Resolution: 150, 300/);
  }
  if (missingCommands(['convert', '-version']) !== false) return;
  const magick = join(folder, 'magick.tif');
  // It exits with 1 for tags that it warns of; what it wrote is what counts.
  const { stderr: said } = spawnSync('convert', [join(inputs, '7.tif'), '-auto-orient', magick], { encoding: 'utf8' });
  assert.deepEqual(gdalPixels(join(folder, 'out', '7-tif.tif')), gdalPixels(magick), said);
});

test('map and mask of a turned image are those of the upright one', { skip: MISSING }, async () => {
  const at = (name: string) => join(folder, name);
  const both = at('both.tif');
  const random = noise(11);
  writeTiff(
    both,
    imageOf({ width: 150, height: 90 }, { dtype: 'uint8', channels: 2 }, (x) => random(256) & (x | 15)),
  );
  quietly('vips', ['rot', both, at('lying.tif'), 'd270'], /WARNING/);
  const mask = ['-b', '1', '-mask', '2', '-q', '--config', 'GDAL_TIFF_INTERNAL_MASK', 'YES'];
  quietly('gdal_translate', [...mask, both, at('upright.tif')], /^Warning/);
  quietly('gdal_translate', [...mask, at('lying.tif'), at('turned.tif')], /^Warning/);
  quietly('tiffset', ['-s', '274', '6', at('turned.tif')], /Warning/);
  writeTiff(
    at('map.tif'),
    imageOf({ width: 150, height: 90 }, { dtype: 'uint8', channels: 1 }, (x, y) => (x + y) & 7),
  );
  for (const name of ['upright', 'turned']) {
    const flags = ['--map', at('map.tif'), '-o', at(`${name}-out.tif`), '--orient', 'apply', '--quiet'];
    const { code, stderr } = await halotile('blur', at(`${name}.tif`), ...flags);
    assert.equal(code, 0, stderr);
  }
  assert.deepEqual(gdalPixels(at('turned-out.tif')), gdalPixels(at('upright-out.tif')));
  const maskOf = (name: string) => gdalPixels(at(name), '-b', 'mask');
  assert.deepEqual(maskOf('turned-out.tif'), maskOf('upright.tif'));
  assert.deepEqual(gdalInfo(at('turned-out.tif')).bands[0]!.mask!.flags, ['PER_DATASET']);
});

test('XMP says upright too, and a georeferenced image is refused', { skip: MISSING }, async () => {
  const path = join(folder, 'placed.tif');
  const output = join(folder, 'placed-out.tif');
  const xmp = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="3"/></x:xmpmeta>';
  const image = made(12, 'uint8', 1, { width: 40, height: 30 });
  const write = (...more: FileTag[]) =>
    writeTiff(path, image, {}, { tags: [orientationTag(3), { tag: 700, type: 7, values: xmp }, ...more] });
  const turn = () => halotile('process', path, '-o', output, '--op', 'box:radius=0', '--orient', 'apply', '--quiet');
  write();
  assert.equal((await turn()).code, 0);
  assert.match(JSON.stringify(gdalInfo(output).metadata), /tiff:Orientation=[\\"]+1/);
  write({ tag: 33550, type: 12, values: [1, 1, 0] }, { tag: 33922, type: 12, values: [0, 0, 0, 5, 6, 0] });
  const { code, stderr } = await turn();
  assert.equal(code, 2);
  assert.match(
    stderr,
    /placed\.tif: orientation 3 of a georeferenced image; expected orientation 1.*--orient as-stored/,
  );
});
