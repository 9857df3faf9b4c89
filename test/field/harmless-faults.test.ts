import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { openTiffSource } from '../../tiling/sources/tiff-file-source.js';
import { noise } from '../conformance/box-tiles.js';
import { GDAL_MISSING, gdalPixels } from '../support/gdal.js';
import { halotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { readPixels } from '../unit/reading-fixtures.js';
import { type BuiltTag, buildTiff, DATA_OFFSET, greyTags } from '../unit/tiff-builder.js';

const folder = scratchFolder();
const path = join(folder, 'in.tif');
const SKIP = { skip: GDAL_MISSING };
const SIDE = 40;
const random = noise(1);
const GREY = Uint8Array.from({ length: SIDE * SIDE }, () => random(256));
const RGB = Uint8Array.from({ length: 3 * SIDE * SIDE }, () => random(256));

type Changes = Parameters<typeof greyTags>[2];
const grey = (changes: Changes, built: Parameters<typeof buildTiff>[1] = {}) =>
  buildTiff(greyTags(SIDE, SIDE, changes), { data: GREY, ...built });
const colours = (bits: number[]): Uint8Array => {
  const changes = { 258: { values: bits }, 262: { values: [2] }, 277: { values: [3] }, 279: { values: [RGB.length] } };
  return buildTiff(greyTags(SIDE, SIDE, changes), { data: RGB });
};
const BEHIND = { type: 2, values: [65, 66, 67, 68, 69, 0], claimedOffset: 70_000 } as const;

/** Strips of 16 rows of which the last is as high as the others, filled with what is no pixel. */
function paddedStrips(deflate: boolean): Uint8Array {
  const rows = 16;
  const strips = [0, 1, 2].map((index) => {
    const strip = new Uint8Array(rows * SIDE).fill(0xaa);
    strip.set(GREY.subarray(index * rows * SIDE, (index + 1) * rows * SIDE));
    return deflate ? new Uint8Array(deflateSync(strip)) : strip;
  });
  const lengths = strips.map(({ length }) => length);
  const offsets = strips.map(
    (_, index) => DATA_OFFSET + lengths.slice(0, index).reduce((sum, length) => sum + length, 0),
  );
  const places: Changes = {
    259: { values: [deflate ? 8 : 1] },
    278: { values: [rows] },
    273: { values: offsets },
    279: { values: lengths },
  };
  return buildTiff(greyTags(SIDE, SIDE, places), { data: Buffer.concat(strips) });
}

/** Files with a fault that changes no pixel, and what is said of it where anything is. */
const FAULTS: Readonly<Record<string, { file: Uint8Array; warns?: RegExp }>> = {
  'a next directory past the end': {
    file: grey({}, { next: 99_999 }),
    warns: /directory at byte 99999 lies past the end/,
  },
  'a chain of directories that goes round': { file: grey({}, { next: 'self' }), warns: /directories go round/ },
  'a next directory that is none': { file: grey({}, { next: 3 }), warns: /further image directory at byte 3 is none/ },
  'a strip that is said to be longer than the file': { file: grey({ 279: { values: [60_000] } }) },
  'no room for a next directory': { file: grey({}).slice(0, -4) },
  'a private tag past the end': { file: grey({ 65000: BEHIND }), warns: /tag 65000 lies past the end .* left out/ },
  'a description past the end': { file: grey({ 270: BEHIND }), warns: /imageDescription .* lies past the end/ },
  'bits of one channel for three': { file: colours([8]) },
  'bits of four channels for three': { file: colours([8, 8, 8, 8]) },
  'a padded last strip': { file: paddedStrips(false) },
  'a padded last strip, compressed': { file: paddedStrips(true) },
  'a block without a place': { file: grey({ 273: { values: [0] }, 279: { values: [0] } }) },
};

for (const [name, { file, warns }] of Object.entries(FAULTS)) {
  test(`${name}: the pixels are GDAL's${warns ? ', with a warning' : ''}`, SKIP, async () => {
    writeFileSync(path, file);
    const source = openTiffSource(path);
    const { pixels } = await readPixels(source);
    source.close();
    assert.deepEqual(pixels, gdalPixels(path));
    assert.equal(source.warnings.length, warns ? 1 : 0);
    if (warns) assert.match(source.warnings[0]!, warns);
  });
}

test('a command says what is wrong with its input and goes on', async () => {
  writeFileSync(path, grey({ 65000: BEHIND }));
  const { code, stderr } = await halotile(
    'process',
    path,
    '-o',
    join(folder, 'o.tif'),
    '--op',
    'box:radius=1',
    '--quiet',
  );
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^halotile: .*in\.tif: tag 65000 lies past the end of the file and is left out\n$/);
  assert.match((await halotile('inspect', path)).stdout, /^warning +.*tag 65000/m);
});

test('what pixels follow from is no harmless fault', () => {
  const tags: Readonly<Record<string, Record<number, Partial<BuiltTag>>>> = {
    nodata: { 42113: BEHIND },
    'bits per sample': { 258: { type: 3, values: [8, 8, 8], claimedOffset: 70_000 } },
  };
  for (const changes of Object.values(tags)) {
    writeFileSync(path, grey(changes));
    assert.throws(() => openTiffSource(path), /past the end/);
  }
});

test('a job over many images says what is odd about each', async () => {
  const [many, out] = [join(folder, 'many'), join(folder, 'out')];
  for (const made of [many, out]) mkdirSync(made);
  for (const name of ['a', 'b']) writeFileSync(join(many, `${name}.tif`), grey({ 65000: BEHIND }));
  // One that replaces a file is a job by itself; small images run together on one thread.
  writeFileSync(join(out, 'a.tif'), 'before');
  const flags = ['--op', 'box:radius=0', '--quiet', '--threads', '1'];
  const { code, stderr } = await halotile('process', many, '-o', join(out, '{name}.tif'), ...flags);
  assert.equal(code, 0, stderr);
  const lines = stderr.trimEnd().split('\n').sort();
  assert.equal(lines.length, 2, stderr);
  for (const [i, name] of ['a', 'b'].entries()) {
    assert.match(lines[i]!, new RegExp(`^halotile: .*${name}\\.tif: tag 65000 lies past the end of the file`));
  }
});
