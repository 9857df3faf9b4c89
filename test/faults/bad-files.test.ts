import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import type { JobSpecInput } from '../../tiling/job/job-spec.js';
import { imageOf } from '../conformance/box-tiles.js';
import { runEngine } from '../support/engine.js';
import { refusals, SIZE, writeImage } from '../support/refusal.js';
import { halotile } from '../support/run-halotile.js';
import { writeTiff } from '../support/tiff-file.js';
import { type BuiltTag, buildTiff, greyTags } from '../unit/tiff-builder.js';

const { folder, image, map, output, refused, refusedFile } = refusals();

function tagsWith(changes: Readonly<Record<number, Partial<BuiltTag>>>): BuiltTag[] {
  return greyTags(SIZE.width, SIZE.height, changes);
}

const PIXELS = new Uint8Array(SIZE.width * SIZE.height);

const MAPS: Readonly<Record<string, { write: (path: string) => void; says: RegExp[] }>> = {
  'of another size': {
    write: (path) =>
      writeTiff(
        path,
        imageOf({ width: 199, height: 150 }, { dtype: 'uint8', channels: 1 }, () => 1),
      ),
    says: [/199×150/, /200×150/, /same size/],
  },
  'of three channels': {
    write: (path) => writeImage(path),
    says: [/3 channels/, /one channel/, /extract/],
  },
  'with a NaN': {
    write: (path) =>
      writeTiff(
        path,
        imageOf(SIZE, { dtype: 'float32', channels: 1 }, (x, y) => (x === 77 && y === 31 ? Number.NaN : 1)),
      ),
    says: [/pixel 77,31/, /NaN/, /--map-invalid clamp/],
  },
  'with a negative value': {
    write: (path) =>
      writeTiff(
        path,
        imageOf(SIZE, { dtype: 'float32', channels: 1 }, (x, y) => (x === 3 && y === 149 ? -0.5 : 1)),
      ),
    says: [/pixel 3,149/, /-0\.5/, /--map-invalid clamp/],
  },
};

for (const [name, { write, says }] of Object.entries(MAPS)) {
  test(`a map ${name} is refused`, async () => {
    const path = join(folder, 'bad-map.tif');
    write(path);
    await refusedFile('map', path, ...says);
  });
}

for (const kernel of ['box', 'gaussian']) {
  test(`a map's value that no window of a ${kernel} is as wide as is refused with its pixel`, async () => {
    const path = join(folder, 'wide-map.tif');
    writeTiff(
      path,
      imageOf(SIZE, { dtype: 'float32', channels: 1 }, (x, y) => (x === 3 && y === 149 ? 65536 : 1)),
    );
    const { stderr } = await refused(2, 'blur', image, '--map', path, '-o', output, '--kernel', kernel);
    // Named with its file, as it is before any tile.
    assert.match(
      stderr,
      /wide-map\.tif: map pixel 3,149.*means 65536, as a radius or sigma; expected at most 65535.*--max-radius/,
    );
  });
}

test('map values that an offset makes negative are refused with their pixel, or clamped', async () => {
  const { stderr } = await refused(2, 'blur', image, '--map', map, '-o', output, '--offset', '-3');
  assert.match(stderr, /map\.tif: map pixel 0,0/);
  const clamped = await halotile('blur', image, '--map', map, '-o', output, '--offset=-3', '--map-invalid', 'clamp');
  assert.equal(clamped.code, 0, clamped.stderr);
  rmSync(output);
});

const IMAGES: Readonly<Record<string, { write: (path: string) => void; says: RegExp[] }>> = {
  'that does not exist': { write: () => {}, says: [/cannot be opened|no such file/i] },
  'that is empty': { write: (path) => writeFileSync(path, ''), says: [/empty/] },
  'that is text': {
    write: (path) => writeFileSync(path, 'no picture, only words\n'),
    says: [/no image/, /TIFF, PNG/],
  },
  'whose pixels lie past its end': {
    write: (path) => writeFileSync(path, buildTiff(tagsWith({ 273: { values: [4_000_000] } }), { data: PIXELS })),
    says: [/past the end/, /4000000/],
  },
  'whose tag lies past its end': {
    write: (path) => {
      const tags = tagsWith({ 258: { type: 3, values: [8, 8, 8], claimedOffset: 9_999_999 } });
      writeFileSync(path, buildTiff(tags, { data: PIXELS }));
    },
    says: [/past the end/],
  },
  'that unpacks to a thousand times its bytes and more': {
    write: (path) => {
      const data = deflateSync(PIXELS, { level: 9 }).subarray(0, 20);
      const tags = tagsWith({ 259: { values: [8] }, 279: { values: [data.length] } });
      writeFileSync(path, buildTiff(tags, { data }));
    },
    says: [/30000/, /exhaust memory/],
  },
  'that unpacks to more pixels than it has': {
    write: (path) => {
      const data = deflateSync(new Uint8Array(1 << 22), { level: 9 });
      const tags = tagsWith({ 259: { values: [8] }, 279: { values: [data.length] } });
      writeFileSync(path, buildTiff(tags, { data }));
    },
    says: [/block 0/],
  },
  'of complex samples': {
    write: (path) => writeFileSync(path, buildTiff(tagsWith({ 339: { values: [6] } }), { data: PIXELS })),
    says: [/complex/i, /339/],
  },
  'of 24-bit samples': {
    write: (path) => writeFileSync(path, buildTiff(tagsWith({ 258: { values: [24] } }), { data: PIXELS })),
    says: [/24-bit unsigned integer/, /gdal_translate/],
  },
  'under an unknown compression': {
    write: (path) => writeFileSync(path, buildTiff(tagsWith({ 259: { values: [34661] } }), { data: PIXELS })),
    says: [/JBIG compression \(34661, tag 259\)/, /gdal_translate/],
  },
};

for (const [name, { write, says }] of Object.entries(IMAGES)) {
  test(`an image ${name} is refused`, async () => {
    const path = join(folder, 'bad-image.tif');
    rmSync(path, { recursive: true, force: true });
    write(path);
    await refusedFile('image', path, ...says);
  });
}

test('a folder of images has no single file as its output', async () => {
  const images = join(folder, 'images');
  mkdirSync(images);
  const { stderr } = await refused(2, 'blur', images, '--map', map, '-o', output);
  assert.match(stderr, /output of many images is a folder/);
});

test('an image cut at any boundary of its structure is refused', async (t) => {
  const whole = join(folder, 'whole.tif');
  writeImage(whole, { tile: 64, deflate: true });
  const bytes = readFileSync(whole);
  const directory = bytes.readUInt32LE(4);
  const cuts: Readonly<Record<string, number>> = {
    'in the signature': 3,
    'in the header': 6,
    'after the header': 8,
    'in the first block': 40,
    'before the directory': directory,
    'in the directory': directory + 2 + 12 * 5 + 3,
    'before the values behind the directory': directory + 2 + 12 * bytes.readUInt16LE(directory) + 4,
    'one byte before its end': bytes.length - 1,
  };
  for (const [name, length] of Object.entries(cuts)) {
    await t.test(name, async () => {
      const path = join(folder, 'cut.tif');
      copyFileSync(whole, path);
      truncateSync(path, length);
      await refusedFile('image', path);
    });
  }
  await t.test('in a block of a file whose directory comes first', async () => {
    // What a broken-off copy of a file with its directory in front looks like.
    const path = join(folder, 'cut-data.tif');
    const spec = { image, map, output: path, operations: [{ name: 'box' }], block: 64 } satisfies JobSpecInput;
    await runEngine(spec);
    truncateSync(path, readFileSync(path).length - 100);
    await refusedFile('image', path, /block \d+ at byte \d+/, /copy it again/);
  });
});

test('a block that is damaged inside fails the job, which leaves nothing', async () => {
  const path = join(folder, 'damaged.tif');
  writeImage(path, { tile: 64, deflate: true });
  const bytes = readFileSync(path);
  bytes.fill(0xff, 60, 90);
  writeFileSync(path, bytes);
  await refusedFile('image', path, /block 0/);
});
