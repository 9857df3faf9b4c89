import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import zlib from 'node:zlib';
import sharp from 'sharp';
import type { JobSpecInput } from '../../tiling/job/job-spec.js';
import { bytesOf } from '../../tiling/raster/dtype.js';
import type { TileRaster } from '../../worker/kernels/kernel.js';
import { type BlurCase, expectedLevel0, writeCase } from '../support/blur-case.js';
import { assertCogLayout } from '../support/cog-check.js';
import { runEngine } from '../support/engine.js';
import { writeEnvi } from '../support/envi-file.js';
import { missingCommands, quietly } from '../support/installed.js';
import { readLevels } from '../support/output-levels.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';
import { imageOf } from './box-tiles.js';

const folder = scratchFolder();
const noGdal = missingCommands(['gdalinfo', '--version']);
const noVips = missingCommands(['vips', '--version'], ['vipsheader', '--version']);
const noTiffinfo = missingCommands(['which', 'tiffinfo']);
const VALIDATOR = 'osgeo_utils.samples.validate_cloud_optimized_geotiff';
const noValidator = missingCommands(['/usr/bin/python3', '-c', `import ${VALIDATOR}`]);
const noRioCogeo = missingCommands(['rio', 'cogeo', '--help']);

/** What `gdalinfo -json -checksum` says, as far as it is looked at. */
interface GdalInfo {
  readonly size: readonly number[];
  readonly bands: readonly {
    readonly type: string;
    readonly checksum: number;
    readonly colorInterpretation: string;
    readonly noDataValue?: number | string;
    readonly overviews?: readonly { readonly size: readonly number[]; readonly checksum: number }[];
  }[];
  readonly metadata: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly coordinateSystem?: { readonly wkt: string };
  readonly geoTransform?: readonly number[];
}

function gdalInfo(path: string): GdalInfo {
  return JSON.parse(quietly('gdalinfo', ['-json', '-checksum', path])) as GdalInfo;
}

/** GDAL's checksums of pixels that reach it without any TIFF. */
function checksums(raster: TileRaster): number[] {
  const path = join(folder, 'pixels.raw');
  writeEnvi(path, raster);
  return gdalInfo(path).bands.map(({ checksum }) => checksum);
}

const BASE = { size: { width: 203, height: 131 }, mapDtype: 'uint8', border: 'clip', seed: 8 } as const;
const CASES: Readonly<Record<string, { blur: BlurCase; codec: 'none' | 'deflate' | 'zstd' | 'jpeg' | 'webp' }>> = {
  'rgb, none': { blur: { ...BASE, dtype: 'uint8', channels: 3 }, codec: 'none' },
  'rgb, deflate': { blur: { ...BASE, dtype: 'uint8', channels: 3 }, codec: 'deflate' },
  'rgba, deflate': { blur: { ...BASE, dtype: 'uint8', channels: 4, weighted: true }, codec: 'deflate' },
  'grey 16 bits, deflate': { blur: { ...BASE, dtype: 'uint16', channels: 1 }, codec: 'deflate' },
  'two channels of 16 bits, none': { blur: { ...BASE, dtype: 'uint16', channels: 2 }, codec: 'none' },
  'float32, deflate': { blur: { ...BASE, dtype: 'float32', channels: 1 }, codec: 'deflate' },
  'three channels of float32, none': { blur: { ...BASE, dtype: 'float32', channels: 3 }, codec: 'none' },
  'rgb, zstd': { blur: { ...BASE, dtype: 'uint8', channels: 3 }, codec: 'zstd' },
  'grey, jpeg': { blur: { ...BASE, dtype: 'uint8', channels: 1 }, codec: 'jpeg' },
  'rgb, jpeg': { blur: { ...BASE, dtype: 'uint8', channels: 3 }, codec: 'jpeg' },
  'rgb, webp': { blur: { ...BASE, dtype: 'uint8', channels: 3 }, codec: 'webp' },
  'rgba, webp': { blur: { ...BASE, dtype: 'uint8', channels: 4, weighted: true }, codec: 'webp' },
  'one pixel': { blur: { ...BASE, size: { width: 1, height: 1 }, dtype: 'uint8', channels: 3 }, codec: 'deflate' },
  'one row': { blur: { ...BASE, size: { width: 211, height: 1 }, dtype: 'uint8', channels: 3 }, codec: 'deflate' },
};

for (const [name, { blur, codec }] of Object.entries(CASES)) {
  const noZstd = codec === 'zstd' && !('zstdCompressSync' in zlib);
  test(`other programs read the output: ${name}`, {
    skip: noZstd && 'this Node has no ZSTD compression',
  }, async (t) => {
    const written = { ...writeCase(blur, folder), compression: { codec }, block: 32, tile: 64 } satisfies JobSpecInput;
    await runEngine(written);
    const path = written.output;
    const levels = await readLevels(path);
    const lossless = codec !== 'jpeg' && codec !== 'webp';

    await t.test('every block lies where a COG has it', () => assertCogLayout(path));

    await t.test('GDAL', { skip: noGdal }, () => {
      const info = gdalInfo(path);
      // Floats are only bounded: there, what this library decodes stands for what went in.
      const expected = lossless && blur.dtype !== 'float32' ? expectedLevel0(blur) : levels[0]!;
      assert.deepEqual(
        info.bands.map(({ checksum }) => checksum),
        checksums(expected),
      );
      assert.equal(
        info.bands[0]!.type,
        { uint8: 'Byte', uint16: 'UInt16', uint32: 'UInt32', float32: 'Float32' }[blur.dtype],
      );
      const overviews = levels.slice(1);
      const perBand = overviews.map(checksums);
      info.bands.forEach((band, c) => {
        assert.deepEqual(
          (band.overviews ?? []).map(({ size, checksum }) => ({ size, checksum })),
          overviews.map(({ rect }, i) => ({ size: [rect.width, rect.height], checksum: perBand[i]![c] })),
        );
      });
      if (blur.weighted) assert.equal(info.bands.at(-1)!.colorInterpretation, 'Alpha');
    });

    await t.test('libvips', { skip: noVips }, () => {
      for (const [page, level] of levels.entries()) {
        const raw = join(folder, 'vips.raw');
        quietly('vips', ['rawsave', `${path}[page=${page}]`, raw]);
        const theirs = readFileSync(raw);
        assert.equal(theirs.length, level.samples.byteLength, `page ${page}`);
        assert.ok(theirs.equals(bytesOf(level.samples)), `page ${page}`);
      }
    });

    await t.test('libtiff', { skip: noTiffinfo }, () => {
      const printed = quietly('tiffinfo', ['-D', path]);
      assert.equal(printed.match(/Image Width/g)!.length, levels.length);
    });

    await t.test("GDAL's check of cloud-optimised files", { skip: noValidator }, () => {
      const printed = quietly('/usr/bin/python3', ['-m', VALIDATOR, '--full-check=yes', path]);
      assert.match(printed, /is a valid cloud optimized GeoTIFF/);
      assert.doesNotMatch(printed, /warning/i);
    });
  });
}

const SCALE = [0.5, 0.5, 0];
const TIEPOINT = [0, 0, 0, 448_000.25, 5_411_000.75, 0];
/** A projected system in metres, pixel is area: UTM zone 33 north. */
const GEO_KEYS = [1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32633];
let profile: Buffer = Buffer.alloc(0);

before(async () => {
  const pixel = { create: { width: 1, height: 1, channels: 3, background: 'red' } } as const;
  const picture = await sharp(pixel).withIccProfile('p3').png().toBuffer();
  profile = (await sharp(picture).metadata()).icc!;
});

/** Runs a job on an image that says everything which travels through. */
async function jobWithMetadata(): Promise<string> {
  const image = join(folder, 'described.tif');
  const map = join(folder, 'described-map.tif');
  const output = join(folder, 'described-out.tif');
  const size = { width: 90, height: 70 };
  const pixels = imageOf(size, { dtype: 'uint8', channels: 3 }, (x, y) => (x * y) & 127);
  writeTiff(
    image,
    pixels,
    { bigEndian: true },
    {
      nodata: 200,
      tags: [
        { tag: 270, type: 2, values: 'a field, seen from above' },
        { tag: 274, type: 3, values: [6] },
        { tag: 282, type: 5, values: [300, 1] },
        { tag: 283, type: 5, values: [1500, 10] },
        { tag: 296, type: 3, values: [2] },
        { tag: 33550, type: 12, values: SCALE },
        { tag: 33922, type: 12, values: TIEPOINT },
        { tag: 34675, type: 7, values: [...profile] },
        { tag: 34735, type: 3, values: GEO_KEYS },
      ],
    },
  );
  writeTiff(
    map,
    imageOf(size, { dtype: 'uint8', channels: 1 }, () => 2),
  );
  await runEngine({ image, map, output, operations: [{ name: 'box' }], block: 32, tile: 32 });
  return output;
}

test('what the input says beside its pixels is in the output', async (t) => {
  const path = await jobWithMetadata();
  assertCogLayout(path);

  await t.test('to GDAL', { skip: noGdal }, () => {
    const { metadata, coordinateSystem, geoTransform, bands } = gdalInfo(path);
    const tags = metadata['']!;
    assert.equal(tags.TIFFTAG_IMAGEDESCRIPTION, 'a field, seen from above');
    assert.equal(tags.TIFFTAG_XRESOLUTION, '300');
    assert.equal(tags.TIFFTAG_YRESOLUTION, '150');
    assert.equal(tags.TIFFTAG_RESOLUTIONUNIT, '2 (pixels/inch)');
    assert.match(coordinateSystem!.wkt, /"EPSG",32633/);
    assert.deepEqual(geoTransform, [TIEPOINT[3], 0.5, 0, TIEPOINT[4], 0, -0.5]);
    assert.deepEqual(
      bands.map(({ noDataValue }) => noDataValue),
      [200, 200, 200],
    );
    const profiles = quietly('gdalinfo', ['-json', '-mdd', 'COLOR_PROFILE', path]);
    const stated = (JSON.parse(profiles) as GdalInfo).metadata.COLOR_PROFILE!.SOURCE_ICC_PROFILE!;
    assert.ok(Buffer.from(stated, 'base64').equals(profile));
  });

  await t.test('to libvips', { skip: noVips }, () => {
    const header = quietly('vipsheader', ['-a', path], /Unknown field with tag/);
    assert.match(header, /^orientation: 6$/m);
    assert.match(header, /^xres: 11\.8/m);
    assert.match(header, /^icc-profile-data: \d+ bytes/m);
  });

  await t.test('to libtiff', { skip: noTiffinfo }, () => {
    // tiffinfo alone knows neither GeoTIFF's nor GDAL's tags.
    const printed = quietly('tiffinfo', ['-D', path], /Unknown field with tag (33550|33922|34735|42113)/);
    assert.match(printed, /Orientation: row 0 rhs, col 0 top/);
    assert.match(printed, /Resolution: 300, 150 pixels\/inch/);
    assert.match(printed, /ICC Profile: <present>/);
  });

  await t.test("to GDAL's check of cloud-optimised files", { skip: noValidator }, () => {
    assert.match(quietly('/usr/bin/python3', ['-m', VALIDATOR, '--full-check=yes', path]), /is a valid/);
  });

  await t.test("to rio-cogeo's check", { skip: noRioCogeo }, () => {
    assert.match(quietly('rio', ['cogeo', 'validate', '--strict', path]), /is a valid cloud optimized GeoTIFF/);
  });
});
