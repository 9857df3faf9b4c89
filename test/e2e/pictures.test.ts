import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { GDAL_MISSING, gdalInfo, gdalPixels } from '../support/gdal.js';
import { halotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { type FileMetadata, writeTiff } from '../support/tiff-file.js';

const folder = scratchFolder();
const SIZE = { width: 150, height: 90 };

function makeImage(
  name: string,
  dtype: 'uint8' | 'uint16' | 'float32',
  channels: number,
  metadata: FileMetadata = {},
): string {
  const random = noise(channels);
  const top = dtype === 'uint8' ? 256 : 65536;
  const path = join(folder, name);
  writeTiff(
    path,
    imageOf(SIZE, { dtype, channels }, () => random(top)),
    {},
    metadata,
  );
  return path;
}

async function made(input: string, output: string, ...flags: string[]): Promise<string> {
  const path = join(folder, output);
  const { code, stderr } = await halotile('process', input, '-o', path, '--op', 'box:radius=2', '--quiet', ...flags);
  assert.equal(code, 0, stderr);
  assert.ok(!existsSync(`${path}.partial`));
  return path;
}

for (const [dtype, channels] of [
  ['uint8', 1],
  ['uint8', 2],
  ['uint8', 3],
  ['uint8', 4],
  ['uint16', 1],
  ['uint16', 3],
  ['uint16', 4],
] as const) {
  test(`a PNG of ${channels} channels of ${dtype} holds the samples of the TIFF`, { skip: GDAL_MISSING }, async () => {
    const alpha = channels % 2 === 0 ? ({ alpha: 'unassociated' } as const) : {};
    const input = makeImage('in.tif', dtype, channels, alpha);
    const [tiff, png] = [await made(input, 'out.tif'), await made(input, 'out.png')];
    assert.deepEqual(gdalPixels(png), gdalPixels(tiff));
    assert.equal(gdalInfo(png).bands.length, channels);
  });
}

test('JPEG and WebP are near the samples, by their quality', { skip: GDAL_MISSING }, async () => {
  const path = join(folder, 'smooth.tif');
  writeTiff(
    path,
    imageOf(SIZE, { dtype: 'uint8', channels: 3 }, (x, y, c) => (x + y * (c + 1)) & 255),
  );
  const exact = gdalPixels(await made(path, 'smooth-out.tif'));
  for (const ending of ['jpg', 'jpeg', 'webp']) {
    const pixels = gdalPixels(await made(path, `smooth.${ending}`, '--codec-quality', '95'));
    const error = pixels.reduce((sum, sample, i) => sum + Math.abs(sample - exact[i]!), 0) / pixels.length;
    assert.ok(error < 4, `${ending}: ${error}`);
  }
});

test('a grey WebP has three channels alike', { skip: GDAL_MISSING }, async () => {
  const input = makeImage('grey.tif', 'uint8', 1);
  const pixels = gdalPixels(await made(input, 'grey.webp', '--codec-quality', '100'));
  assert.equal(pixels.length, SIZE.width * SIZE.height * 3);
  const far = pixels.reduce((most, sample, i) => Math.max(most, Math.abs(sample - pixels[i - (i % 3)]!)), 0);
  assert.ok(far <= 2, `${far}`);
});

test('what a picture cannot hold is refused before any work, with what can be done', async () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    [makeImage('float.tif', 'float32', 1), 'a.png', /PNG cannot hold 1 channels of float32.*--dtype uint16/],
    [makeImage('deep.tif', 'uint16', 3), 'a.jpg', /JPEG cannot hold 3 channels of uint16/],
    [makeImage('four.tif', 'uint8', 4), 'a.png', /PNG cannot hold a last channel that is no alpha/],
    [makeImage('void.tif', 'uint8', 1, { nodata: 7 }), 'a.png', /PNG cannot hold the nodata value 7.*--nodata none/],
    [makeImage('wide.tif', 'uint8', 3), 'a.gif', /names its format: end its name in \.tif, \.ome\.tif, .*\.webp/],
  ];
  for (const [input, name, words] of cases) {
    const output = join(folder, 'refused', name);
    mkdirSync(join(folder, 'refused'), { recursive: true });
    const { code, stderr } = await halotile('process', input, '-o', output, '--op', 'box:radius=2', '--quiet');
    assert.equal(code, 2, stderr);
    assert.match(stderr, words);
    assert.deepEqual(readdirSync(join(folder, 'refused')), []);
  }
});

test('many images become pictures, and what is unchanged is not made again', { skip: GDAL_MISSING }, async () => {
  const many = join(folder, 'many');
  mkdirSync(many);
  for (const name of ['a', 'b']) makeImage(`many/${name}.tif`, 'uint8', 3);
  const run = () => halotile('process', many, '-o', join(folder, 'pictures/{name}.png'), '--op', 'box:radius=2');
  const first = await run();
  assert.equal(first.code, 0, first.stderr);
  const time = () => statSync(join(folder, 'pictures/a.png')).mtimeMs;
  const before = time();
  assert.deepEqual(
    gdalPixels(join(folder, 'pictures/b.png')),
    gdalPixels(await made(join(many, 'b.tif'), 'b-alone.tif')),
  );
  assert.equal((await run()).code, 0);
  assert.equal(time(), before);
});
