import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import sharp from 'sharp';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { GDAL_MISSING, gdalPixels } from '../support/gdal.js';
import { PlaceServer } from '../support/place-server.js';
import { halotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';

const folder = scratchFolder();
const server = await PlaceServer.start();
after(() => server.close());
const SIZE = { width: 700, height: 500 };
const random = noise(9);
const image = imageOf(SIZE, { dtype: 'uint8', channels: 3 }, () => random(256));
writeTiff(join(folder, 'tiles.tif'), image, { tile: 64 });
writeTiff(join(folder, 'strips.tif'), image);
writeTiff(
  join(folder, 'map.tif'),
  imageOf(SIZE, { dtype: 'uint8', channels: 1 }, (x, y) => (x + y) % 9),
  { tile: 64 },
);
await sharp(image.samples as Uint8Array, { raw: { ...SIZE, channels: 3 } }).toFile(join(folder, 'picture.png'));
const NAMES = ['tiles.tif', 'strips.tif', 'map.tif', 'picture.png'];

beforeEach(() => {
  for (const name of NAMES) server.files.set(`/d/${name}`, { bytes: readFileSync(join(folder, name)), etag: '"1"' });
  server.fault = () => false;
  server.requests = 0;
});

const at = (name: string) => `${server.url}/d/${name}`;
const here = (name: string) => join(folder, name);
const GRID = ['--tile', '128', '--block', '64', '--quiet'];

test('images and maps at URLs give the file that those of the disk give', async () => {
  const there = join(folder, 'there.tif');
  const near = join(folder, 'near.tif');
  for (const name of ['tiles.tif', 'strips.tif', 'picture.png']) {
    for (const [places, output] of [
      [at, there],
      [here, near],
    ] as const) {
      const { code, stderr } = await halotile('blur', places(name), '--map', places('map.tif'), '-o', output, ...GRID);
      assert.equal(code, 0, stderr);
    }
    assert.deepEqual(readFileSync(there), readFileSync(near), name);
  }
});

test('GDAL reads the same pixels over HTTP', { skip: GDAL_MISSING }, async () => {
  const copy = join(folder, 'copy.tif');
  const { code, stderr } = await halotile('process', at('tiles.tif'), '-o', copy, '--op', 'box:radius=0', ...GRID);
  assert.equal(code, 0, stderr);
  assert.deepEqual(gdalPixels(copy), gdalPixels(here('tiles.tif')));
});

test('a job file and a manifest name URLs; what the server refuses for a while is asked for again', async () => {
  server.fault = (_, response, count) => {
    if (count % 3 !== 2) return false;
    response.writeHead(503).end();
    return true;
  };
  const job = join(folder, 'job.yaml');
  const out = join(folder, 'many');
  writeFileSync(
    join(folder, 'list.csv'),
    `image,map\n${at('tiles.tif')},map.tif\n${at('strips.tif')},${at('map.tif')}\n`,
  );
  writeFileSync(
    job,
    JSON.stringify({
      images: ['list.csv', at('picture.png')],
      map: at('map.tif'),
      output: `${out}/{name}.tif`,
      operations: [{ name: 'box' }],
    }),
  );
  const { code, stderr } = await halotile('run', job, '--quiet');
  assert.equal(code, 0, stderr);
  const [first, ...others] = ['tiles', 'strips', 'picture'].map((name) => readFileSync(join(out, `${name}.tif`)));
  for (const other of others) assert.equal(other.length, first!.length);
});

test('an image that changes under a job fails it, in one sentence that names it', async () => {
  server.fault = (_, __, count) => {
    if (count > 4) server.files.get('/d/tiles.tif')!.etag = '"2"';
    return false;
  };
  const output = join(folder, 'changed.tif');
  const { code, stderr } = await halotile('process', at('tiles.tif'), '-o', output, '--op', 'box:radius=2', ...GRID);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^halotile: http:\/\/[^\n]*tiles\.tif: the object changed while it was read \([^\n]*ETag[^\n]*\n$/,
  );
});

test('what is not there, and a server without ranges, are told before work starts', async () => {
  const run = (url: string) =>
    halotile('process', url, '-o', join(folder, 'no.tif'), '--op', 'box:radius=2', '--quiet');
  const missing = await run(at('none.tif'));
  assert.deepEqual(
    [missing.code, missing.stderr],
    [2, `halotile: ${at('none.tif')}: the server has no such object (404)\n`],
  );
  server.fault = (_, response) => {
    response.writeHead(200).end(server.files.get('/d/tiles.tif')!.bytes);
    return true;
  };
  const whole = await run(at('tiles.tif'));
  assert.equal(whole.code, 2);
  assert.match(whole.stderr, /tiles\.tif: the server sends no ranges, only whole files; download it first/);
});
