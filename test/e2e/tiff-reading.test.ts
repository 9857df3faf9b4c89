import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fromFile } from 'geotiff';
import { HalotileError } from '../../tiling/errors.js';
import type { Rect } from '../../tiling/geometry/rect.js';
import { type DType, SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import { openRaster } from '../../tiling/sources/open-raster.js';
import { openTiffSource } from '../../tiling/sources/tiff-file-source.js';
import { TAG } from '../../tiling/tiff/tags.js';
import { cutPixels, fixturePath, MANIFEST, readPixels, realImage } from '../unit/reading-fixtures.js';

const scratchDirectory = mkdtempSync(join(tmpdir(), 'halotile-reading-'));
after(() => rmSync(scratchDirectory, { recursive: true, force: true }));

const RECTS: readonly Rect[] = [
  { x: 0, y: 0, width: 1, height: 1 },
  { x: 3, y: 5, width: 17, height: 20 },
  { x: 15, y: 15, width: 2, height: 2 },
  { x: 36, y: 0, width: 1, height: 29 },
  { x: 0, y: 6, width: 37, height: 9 },
];

for (const fixture of MANIFEST.tiffs) {
  test(`${fixture.file} gives the pixels that its writer or GDAL has`, async () => {
    const source = openTiffSource(fixturePath(fixture.file));
    const { info, layout } = source;
    const want = { ...fixture };
    for (const key of ['width', 'height', 'channels', 'dtype', 'alpha', 'photometric'] as const) {
      if (want[key] !== undefined) assert.equal(info[key], want[key], key);
    }
    for (const key of ['codec', 'predictor', 'planar', 'littleEndian', 'striped'] as const) {
      if (want[key] !== undefined) assert.equal(layout[key], want[key], key);
    }
    if (want.nodata !== undefined)
      assert.deepEqual(
        info.nodata?.map((v) => (Number.isNaN(v) ? 'NaN' : v)),
        want.nodata,
      );
    const whole = new Uint8Array(readFileSync(fixturePath(fixture.pixels)));
    assert.deepEqual((await readPixels(source)).pixels, whole);
    const pixelBytes = info.channels * SAMPLE_BYTES[info.dtype];
    for (const rect of RECTS) {
      const { pixels } = await readPixels(source, rect);
      assert.deepEqual(pixels, cutPixels(whole, info, rect, pixelBytes), JSON.stringify(rect));
    }
    source.close();
  });
}

test('geotiff.js, where it reads a file, agrees on its first row of pixels', async () => {
  let compared = 0;
  for (const { file, width, channels, dtype } of MANIFEST.tiffs) {
    // It has no ZSTD in this version's set, no old-style LZW, converts colours, and takes differences before swapping bytes.
    if (/zstd|old-lzw|jpeg|webp|cmyk|white|stored/.test(file) || /p[23]-(uint16|float32).*-be-/.test(file)) continue;
    const tiff = await fromFile(fixturePath(file));
    const image = await tiff.getImage(0);
    const theirs = await image.readRasters({ interleave: true, window: [0, 0, width, 1] });
    const source = openTiffSource(fixturePath(file));
    const { pixels } = await readPixels(source, { x: 0, y: 0, width, height: 1 });
    const array = Object.values(theirs).slice(0, width * channels) as number[];
    assert.deepEqual([...samplesOf(pixels, dtype as DType)], array, file);
    compared++;
    source.close();
    await tiff.close();
  }
  assert.ok(compared > 50);
});

function samplesOf(bytes: Uint8Array, dtype: DType): Uint8Array | Uint16Array | Float32Array {
  if (dtype === 'uint8') return bytes;
  return dtype === 'uint16' ? new Uint16Array(bytes.buffer) : new Float32Array(bytes.buffer);
}

test('each block of an aligned walk is decoded once', async () => {
  const source = openTiffSource(fixturePath('cog.tif'));
  const { counts } = await readPixels(source);
  assert.equal(counts.blocksDecoded, source.layout.across * source.layout.down);
  source.close();
});

test('metadata is carried in little-endian order whatever the file has', () => {
  const source = openTiffSource(fixturePath('geo.tif'));
  const find = (tag: number) => source.info.carried.find((entry) => entry.tag === tag)!;
  const x = find(TAG.xResolution);
  const view = new DataView(x.bytes.buffer);
  assert.equal(view.getUint32(0, true) / view.getUint32(4, true), 300);
  assert.equal(new Uint16Array(find(TAG.geoKeyDirectory).bytes.buffer)[0], 1);
  const tiepoint = new Float64Array(find(TAG.modelTiepoint).bytes.buffer);
  assert.deepEqual([...tiepoint], [0, 0, 0, 1679616.5, 5362324.25, 0]);
  assert.equal(new TextDecoder().decode(find(TAG.imageDescription).bytes), 'a small field\0');
  source.close();
});

for (const file of MANIFEST.refused) {
  test(`${file} is refused in one sentence that names it`, async () => {
    await assert.rejects(
      openRaster(fixturePath(file), { scratchDirectory, maxBlockBytes: 1 << 20 }),
      (error) =>
        error instanceof HalotileError && error.tag === 'bad-input' && error.message.startsWith(fixturePath(file)),
    );
  });
}

for (const name of [
  'slide/CMU-1-Small-Region.svs',
  'tiff/DEM_BS28_2016_1000_1141.tif',
  'tiff/big_cog.tiff',
  'tiff/rgba8_cog_big.tiff',
  'tiff/rgba8_strip.tiff',
  'tiff/rgba8_tiled.tiff',
]) {
  const path = realImage(name);
  const gdal = hasGdal();
  const skip = path === undefined ? 'no folder of real images' : gdal ? false : 'GDAL is not installed';
  test(`${name} reads as GDAL reads it`, { skip }, async () => {
    const raw = join(scratchDirectory, 'gdal.raw');
    execFileSync('gdal_translate', ['-q', '-of', 'ENVI', '-co', 'INTERLEAVE=BIP', path!, raw], { stdio: 'ignore' });
    const source = openTiffSource(path!);
    const { pixels } = await readPixels(source);
    assert.ok(readFileSync(raw).equals(pixels));
    source.close();
  });
}

function hasGdal(): boolean {
  try {
    execFileSync('gdal_translate', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
