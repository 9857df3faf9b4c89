import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { gdalPixels } from '../support/gdal.js';
import { missingCommands, quietly } from '../support/installed.js';
import { missingModules, pythonJson } from '../support/python.js';
import { halotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';
import { fixturePath } from '../unit/reading-fixtures.js';

const folder = scratchFolder();
const output = join(folder, 'out.tif');
const MISSING = missingCommands(['tiffinfo', '-h'], ['gdalinfo', '--version'], ['vips', '--version']);
const SIZE = { width: 64, height: 48 };
const page = (seed: number, size = SIZE, channels = 1) => {
  const random = noise(seed);
  return imageOf(size, { dtype: 'uint8', channels }, () => random(256));
};

/** The identity over one page. */
async function takePage(path: string, ...flags: string[]) {
  return halotile('process', path, '-o', output, '--op', 'box:radius=0', '--quiet', ...flags);
}

test('--page takes the image that GDAL has under the same number', { skip: MISSING }, async () => {
  const parts = [page(1), page(2, SIZE, 3), page(3, { width: 50, height: 30 })].map((image, index) => {
    const path = join(folder, `${index}.tif`);
    writeTiff(path, image, index === 1 ? { rowsPerStrip: 48, deflate: true } : {});
    return path;
  });
  const pages = join(folder, 'pages.tif');
  quietly('tiffcp', [...parts, pages], /Warning/);
  for (const number of [1, 2, 3]) {
    const { code, stderr } = await takePage(pages, '--page', `${number}`);
    assert.equal(code, 0, stderr);
    assert.deepEqual(gdalPixels(output), gdalPixels(`GTIFF_DIR:${number}:${pages}`), `page ${number}`);
  }
  assert.match((await takePage(pages)).stderr, /holds 3 images \(pages 1, 2, 3\).*give --page N/);
  assert.match((await takePage(pages, '--page', '4')).stderr, /there is no page 4; expected a page from 1 to 3/);
  const { stdout } = await halotile('inspect', pages);
  assert.match(stdout, /^page +--page 2, 64×48\npage +--page 3, 50×30$/m);
});

test('images within another are pages behind the others', { skip: MISSING }, async () => {
  const file = fixturePath('tifffile-subifds.tif');
  const { stdout } = await halotile('inspect', '--json', file);
  const { tiff } = JSON.parse(stdout) as { tiff: { directories: { role: string; page: number }[] } };
  const sub = tiff.directories.find(({ role }) => role === 'overview')!;
  const { code, stderr } = await takePage(file, '--page', `${sub.page}`);
  assert.equal(code, 0, stderr);
  const raw = join(folder, 'sub.raw');
  quietly('vips', ['rawsave', `${file}[subifd=0]`, raw], /warning/i);
  assert.deepEqual(gdalPixels(output), new Uint8Array(readFileSync(raw)));
});

test('planes that lie behind one directory are pages', { skip: MISSING }, async () => {
  const planes = 3;
  const tall = page(4, { width: SIZE.width, height: SIZE.height * planes });
  const path = join(folder, 'stack.tif');
  const description = `ImageJ=1.53t\nimages=${planes}\nslices=${planes}\n`;
  writeTiff(path, tall, { rowsPerStrip: tall.rect.height }, { tags: [{ tag: 270, type: 2, values: description }] });
  cutToFirst(path, SIZE);
  const bytes = new Uint8Array(tall.samples.buffer);
  const plane = SIZE.width * SIZE.height;
  for (const number of [1, 3]) {
    const { code, stderr } = await takePage(path, '--page', `${number}`);
    assert.equal(code, 0, stderr);
    assert.deepEqual(gdalPixels(output), bytes.subarray((number - 1) * plane, number * plane), `plane ${number}`);
  }
  assert.match((await takePage(path)).stderr, /holds 3 images \(pages 1 to 3\)/);
});

test('of an animation --page takes one picture', { skip: MISSING }, async () => {
  const path = join(folder, 'walk.webp');
  const tall = page(5, { width: SIZE.width, height: SIZE.height * 2 }, 3);
  const raw = { width: SIZE.width, height: SIZE.height * 2, channels: 3, pageHeight: SIZE.height } as const;
  await sharp(new Uint8Array(tall.samples.buffer), { raw }).webp({ lossless: true, exact: true }).toFile(path);
  assert.match((await takePage(path)).stderr, /holds 2 pictures; expected --page N, from 1 to 2/);
  const { code, stderr } = await takePage(path, '--page', '2');
  assert.equal(code, 0, stderr);
  const colours = gdalPixels(output).filter((_, i, { length }) => length === 3 * SIZE.width * SIZE.height || i % 4 < 3);
  assert.deepEqual(colours, new Uint8Array(tall.samples.buffer).slice(colours.length));
});

test('--page all and ranges make an output of each page', { skip: MISSING }, async () => {
  const parts = [page(6), page(7), page(8)].map((image, index) => {
    const path = join(folder, `all-${index}.tif`);
    writeTiff(path, image);
    return path;
  });
  const pages = join(folder, 'all.tif');
  quietly('tiffcp', [...parts, pages], /Warning/);
  const take = (range: string, out: string) =>
    halotile('process', pages, '-o', join(folder, out), '--op', 'box:radius=0', '--quiet', '--page', range);
  const all = await take('all', 'pages/');
  assert.equal(all.code, 0, all.stderr);
  const some = await take('1,3', 'some/{page}-{name}.tif');
  assert.equal(some.code, 0, some.stderr);
  for (const [index, part] of parts.entries()) {
    assert.deepEqual(gdalPixels(join(folder, 'pages', `all-${index + 1}.tif`)), gdalPixels(part));
    if (index !== 1) assert.deepEqual(gdalPixels(join(folder, 'some', `${index + 1}-all.tif`)), gdalPixels(part));
  }
  const job = join(folder, 'job.json');
  const named = { image: pages, page: 2, output: join(folder, 'second.tif') };
  const spec = { images: [named], output: join(folder, 'named'), operations: [{ name: 'box', params: { radius: 0 } }] };
  writeFileSync(job, JSON.stringify(spec));
  const run = await halotile('run', job, '--quiet');
  assert.equal(run.code, 0, run.stderr);
  assert.deepEqual(gdalPixels(named.output), gdalPixels(parts[1]!));
  assert.match((await take('2-4', 'more/')).stderr, /pages 2-4; expected ascending numbers from 1 to 3/);
  assert.match((await take('two', 'more/')).stderr, /pages are `all`, or numbers and ranges/);
});

/** Makes the directory speak of the first rows alone: what follows is a plane that no directory names. */
function cutToFirst(path: string, { width, height }: typeof SIZE): void {
  const bytes = readFileSync(path);
  const directory = bytes.readUInt32LE(4);
  const values: Readonly<Record<number, number>> = { 257: height, 278: height, 279: width * height };
  for (let i = 0; i < bytes.readUInt16LE(directory); i++) {
    const at = directory + 2 + 12 * i;
    const value = values[bytes.readUInt16LE(at)];
    if (value === undefined) continue;
    if (bytes.readUInt16LE(at + 2) === 3) bytes.writeUInt16LE(value, at + 8);
    else bytes.writeUInt32LE(value, at + 8);
  }
  writeFileSync(path, bytes);
}

const CHANNELS = `
import json, sys, tifffile
import numpy as np
folder = sys.argv[1]
rng = np.random.default_rng(1)
a = rng.integers(0, 65535, (5, 61, 93), dtype=np.uint16)
common = dict(photometric='minisblack')
tifffile.imwrite(f'{folder}/c.ome.tif', a, metadata={'axes': 'CYX'}, **common)
tiles = dict(tile=(32, 32), compression='zlib', predictor=True)
tifffile.imwrite(f'{folder}/ct.ome.tif', a, metadata={'axes': 'CYX'}, **tiles, **common)
tifffile.imwrite(f'{folder}/cij.tif', a, imagej=True, metadata={'axes': 'CYX'})
tifffile.imwrite(f'{folder}/z.ome.tif', a, metadata={'axes': 'ZYX'}, **common)
np.moveaxis(a, 0, -1).tofile(f'{folder}/channels.raw')
json.dump(None, sys.stdout)`;

test('images that are channels of one are read as its channels, z-planes are pages', {
  skip: missingModules('tifffile') || MISSING,
}, async () => {
  pythonJson(CHANNELS, folder);
  const wanted = new Uint8Array(readFileSync(join(folder, 'channels.raw')));
  for (const name of ['c.ome.tif', 'ct.ome.tif', 'cij.tif']) {
    const { code, stderr } = await takePage(join(folder, name));
    assert.equal(code, 0, stderr);
    assert.deepEqual(gdalPixels(output), wanted, name);
  }
  assert.match((await takePage(join(folder, 'z.ome.tif'))).stderr, /holds 5 images .*--page N/);
  // One of them alone, where that is asked for.
  const { code } = await takePage(join(folder, 'ct.ome.tif'), '--page', '2');
  assert.equal(code, 0);
  assert.deepEqual(gdalPixels(output), gdalPixels(`GTIFF_DIR:2:${join(folder, 'ct.ome.tif')}`));
});

const ANIMATED = `
import json, sys
from pathlib import Path
from PIL import Image
folder = Path(sys.argv[1])
(folder / 'walk').mkdir()
frames = [Image.effect_noise((32, 24), 90 + i).convert('RGB') for i in range(3)]
frames[0].save(folder / 'walk' / 'frames.png', save_all=True, append_images=frames[1:])
frames[0].save(folder / 'walk' / 'poster.png', save_all=True, append_images=frames[1:], default_image=True)
frames[0].save(folder / 'still.png')
json.dump(list(frames[0].tobytes()), sys.stdout)`;

test('an animated PNG is no still picture: --page 1 is its first one, frames and all else name what takes it apart', {
  skip: missingModules('PIL') || MISSING,
}, async () => {
  const first = Uint8Array.from(pythonJson(ANIMATED, folder) as number[]);
  for (const name of ['frames.png', 'poster.png']) {
    const path = join(folder, 'walk', name);
    assert.match((await takePage(path)).stderr, /holds 3 pictures; expected --page N, from 1 to 3/, name);
    const { code, stderr } = await takePage(path, '--page', '1');
    assert.equal(code, 0, stderr);
    assert.deepEqual(gdalPixels(output), first, name);
    assert.match((await takePage(path, '--page', '2')).stderr, /picture 2 of an animated PNG.*ffmpeg -f apng/);
    assert.match((await halotile('inspect', path)).stdout, /^pages +--page 1 to 3/m);
    for (const chain of [[], ['operations: [{ name: gamma, params: { gamma: 2 } }]']]) {
      const job = join(folder, 'walk.yaml');
      writeFileSync(job, [`frames: [${path}]`, `output: ${join(folder, 'palettes')}`, ...chain].join('\n'));
      const frames = await halotile('run', job, '--quiet');
      assert.equal(frames.code, 2);
      assert.match(frames.stderr, new RegExp(`${name}: the file holds 3 pictures; .*ffmpeg -f apng`));
    }
  }
  assert.equal((await takePage(join(folder, 'still.png'))).code, 0);
});
