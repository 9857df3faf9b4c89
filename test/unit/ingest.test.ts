import assert from 'node:assert/strict';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import sharp from 'sharp';
import { HalotileError } from '../../tiling/errors.js';
import { assertUnchanged, fingerprintOf } from '../../tiling/sources/fingerprint.js';
import { openRaster } from '../../tiling/sources/open-raster.js';
import { TAG } from '../../tiling/tiff/tags.js';
import { fixturePath, MANIFEST, readPixels, realImage } from './reading-fixtures.js';

const folder = mkdtempSync(join(tmpdir(), 'halotile-ingest-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const options = { scratchDirectory: join(folder, 'scratch'), maxBlockBytes: 1 << 20 };

for (const picture of MANIFEST.pictures) {
  test(`${picture.file} keeps every sample`, async () => {
    const source = await openRaster(fixturePath(picture.file), options);
    for (const key of ['width', 'height', 'channels', 'dtype'] as const) assert.equal(source.info[key], picture[key]);
    assert.equal(source.info.alpha, picture.alpha ?? 'none');
    assert.deepEqual((await readPixels(source)).pixels, new Uint8Array(readFileSync(fixturePath(picture.pixels))));
    source.close();
  });
}

test('metadata beside the pixels is carried, and the orientation is not applied', async () => {
  const source = await openRaster(fixturePath('picture-rgb.jpg'), options);
  const find = (tag: number) => source.info.carried.find((entry) => entry.tag === tag)!;
  assert.deepEqual([...find(TAG.orientation).bytes], [6, 0]);
  assert.equal(find(TAG.imageDescription).bytes.length, 'a picture'.length + 1);
  const resolution = new DataView(find(TAG.xResolution).bytes.slice().buffer);
  assert.equal(resolution.getUint32(0, true) / resolution.getUint32(4, true), 240);
  assert.equal(find(TAG.resolutionUnit).bytes[0], 3);
  assert.equal(find(TAG.iccProfile).bytes.length, 128);
  source.close();
});

test('content decides, not the name', async () => {
  const path = join(folder, 'really-a-png.tif');
  copyFileSync(fixturePath('picture-uint8-3.png'), path);
  const source = await openRaster(path, options);
  assert.equal(source.info.channels, 3);
  source.close();
});

test('a scratch file is used again for the same input, and not for a changed one', async () => {
  const path = join(folder, 'again.png');
  const scratchDirectory = join(folder, 'again');
  copyFileSync(fixturePath('picture-uint8-1.png'), path);
  const open = async () => {
    const source = await openRaster(path, { ...options, scratchDirectory });
    source.close();
    return source.name;
  };
  const first = await open();
  const before = fingerprintOf(first);
  assert.equal(await open(), first);
  assert.deepEqual(fingerprintOf(first), before);
  utimesSync(path, 1, 1);
  assert.notEqual(await open(), first);
  assert.equal(readdirSync(scratchDirectory).length, 2);
});

test('whatever else is wanted of a picture, its scratch file is another one', async () => {
  const path = join(folder, 'inks.jpg');
  const raw = { width: 24, height: 16, channels: 3 } as const;
  const samples = Uint8Array.from({ length: 24 * 16 * 3 }, (_, i) => (i * 7) % 251);
  await sharp(samples, { raw }).toColourspace('cmyk').withMetadata({ orientation: 6 }).jpeg().toFile(path);
  const read = async (scratchDirectory: string, wanted: Parameters<typeof openRaster>[2]) => {
    const source = await openRaster(path, { ...options, scratchDirectory }, wanted);
    const { pixels } = await readPixels(source);
    source.close();
    return pixels;
  };
  for (const [index, wanted] of [
    { orient: 'apply' },
    { orient: 'apply', colour: 'rgb' },
    { colour: 'rgb' },
    {},
  ].entries() as Iterable<[number, Parameters<typeof openRaster>[2]]>) {
    const alone = await read(join(folder, `inks-${index}`), wanted);
    assert.deepEqual(await read(join(folder, 'inks'), wanted), alone, JSON.stringify(wanted));
  }
});

test('truncated pictures are refused and leave no scratch file', async () => {
  for (const file of ['picture-uint16-3.png', 'picture-rgb.jpg', 'picture-rgba.webp']) {
    const path = join(folder, `cut-${file}`);
    const scratchDirectory = join(folder, `cut-scratch-${file}`);
    mkdirSync(scratchDirectory);
    const whole = readFileSync(fixturePath(file));
    for (const share of [0.02, 0.3, 0.6, 0.9]) {
      writeFileSync(path, whole.subarray(0, Math.floor(whole.length * share)));
      await assert.rejects(
        openRaster(path, { ...options, scratchDirectory }),
        (error) => error instanceof HalotileError && error.tag === 'bad-input',
        `${file} ${share}`,
      );
    }
    assert.deepEqual(readdirSync(scratchDirectory), []);
  }
});

test('a compressed TIFF in one large strip goes through scratch, uncompressed ones never do', async () => {
  const whole = new Uint8Array(readFileSync(fixturePath('uint8-3.raw')));
  const source = await openRaster(fixturePath('tifffile-subifds.tif'), { ...options, maxBlockBytes: 100 });
  assert.notEqual(source.name, fixturePath('tifffile-subifds.tif'));
  assert.deepEqual((await readPixels(source)).pixels, whole);
  source.close();
  const raw = await openRaster(fixturePath('cmyk.tif'), { ...options, maxBlockBytes: 100 });
  assert.equal(raw.name, fixturePath('cmyk.tif'));
  raw.close();
  await assert.rejects(
    openRaster(fixturePath('nodata-nan.tif'), { ...options, maxBlockBytes: 100 }),
    (error) => error instanceof HalotileError && /TILED=YES/.test(error.message),
  );
});

test('compressed blocks too large for memory go through libvips, sample for sample', async () => {
  const large = MANIFEST.tiffs.filter(
    ({ file, dtype }) => /^strips-(deflate|lzw)|^tiled-(deflate|lzw).*chunky/.test(file) && dtype !== 'float32',
  );
  assert.ok(large.length > 20);
  for (const { file, pixels } of large) {
    const source = await openRaster(fixturePath(file), { ...options, maxBlockBytes: 50 });
    assert.notEqual(source.name, fixturePath(file));
    assert.deepEqual((await readPixels(source)).pixels, new Uint8Array(readFileSync(fixturePath(pixels))), file);
    source.close();
  }
});

test('striped compressed files wider than the cache are spilled into tiles, sample for sample', async () => {
  const wide = MANIFEST.tiffs.filter(({ codec, striped }) => striped === true && codec !== 'none');
  assert.ok(wide.length > 20);
  for (const { file, pixels } of wide) {
    const source = await openRaster(fixturePath(file), { ...options, cacheBytes: 100 });
    assert.notEqual(source.name, fixturePath(file));
    assert.equal(source.layout.striped, false);
    assert.deepEqual((await readPixels(source)).pixels, new Uint8Array(readFileSync(fixturePath(pixels))), file);
    source.close();
  }
});

test('a file that changes is noticed', () => {
  const path = join(folder, 'changing.tif');
  copyFileSync(fixturePath('cmyk.tif'), path);
  const fingerprint = fingerprintOf(path);
  assertUnchanged({ path, fingerprint });
  truncateSync(path, 100);
  assert.throws(
    () => assertUnchanged({ path, fingerprint }),
    (error) => error instanceof HalotileError && error.tag === 'input-changed' && /size/.test(error.message),
  );
});

test('files that are no image, or are not there, are refused', async () => {
  const path = join(folder, 'text.txt');
  for (const content of ['', 'II', 'hello, I am no image at all']) {
    writeFileSync(path, content);
    await assert.rejects(
      openRaster(path, options),
      (error) => error instanceof HalotileError && error.tag === 'bad-input',
    );
  }
  for (const place of [join(folder, 'nothing.png'), folder]) {
    await assert.rejects(
      openRaster(place, options),
      (error) => error instanceof HalotileError && error.tag === 'bad-input',
    );
  }
});

for (const name of ['sprites/orc.png', 'photo/photo-2725x2225.jpg']) {
  const path = realImage(name);
  test(`${name} keeps every sample`, { skip: path === undefined ? 'no folder of real images' : false }, async () => {
    const source = await openRaster(path!, options);
    const { data } = await sharp(path!, { ignoreIcc: true }).raw().toBuffer({ resolveWithObject: true });
    assert.ok(data.equals((await readPixels(source)).pixels));
    source.close();
  });
}
