import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { imageOf } from '../conformance/box-tiles.js';
import { GDAL_MISSING, gdalInfo } from '../support/gdal.js';
import { missingCommands, quietly } from '../support/installed.js';
import { halotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { type FileTag, writeTiff } from '../support/tiff-file.js';

const folder = scratchFolder();
const input = join(folder, 'in.tif');
const output = join(folder, 'out.tif');
const TIFFINFO_MISSING = missingCommands(['tiffinfo', '-h']);
const IMAGE = imageOf({ width: 600, height: 400 }, { dtype: 'uint8', channels: 1 }, (x, y) => (x * y) & 255);

async function filtered(tags: readonly FileTag[], ...operations: string[]): Promise<void> {
  writeTiff(input, IMAGE, {}, { tags });
  const chain = operations.flatMap((operation) => ['--op', operation]);
  const { code, stderr } = await halotile('process', input, '-o', output, ...chain, '--quiet');
  assert.equal(code, 0, stderr);
}

const text = (tag: number, values: string): FileTag => ({ tag, type: 2, values });
const doubles = (tag: number, values: readonly number[]): FileTag => ({ tag, type: 12, values });
const geoKeys = (rasterType: number): FileTag => ({
  tag: 34735,
  type: 3,
  values: [1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, rasterType, 3072, 0, 1, 32633],
});

for (const [name, rasterType] of [
  ['area', 1],
  ['point', 2],
] as const) {
  for (const factor of [2, 5]) {
    test(`pixel is ${name}: GDAL finds the same origin after downscaling by ${factor}`, {
      skip: GDAL_MISSING,
    }, async () => {
      const placed = [doubles(33550, [30, 30, 0]), doubles(33922, [0, 0, 0, 500000, 4000000, 0])];
      const matrix = [doubles(34264, [30, 2, 0, 500000, 3, -30, 0, 4000000, 0, 0, 0, 0, 0, 0, 0, 1])];
      for (const georeference of [placed, matrix]) {
        await filtered([geoKeys(rasterType), ...georeference], `downscale:factor=${factor}`);
        const [before, after] = [gdalInfo(input).geoTransform!, gdalInfo(output).geoTransform!];
        const wanted = before.map((value, i) => (i % 3 === 0 ? value : value * factor));
        after.forEach((value, i) => {
          assert.ok(Math.abs(value - wanted[i]!) < 1e-6, `${after} for ${wanted}`);
        });
      }
    });
  }
}

test('resolution of any number type and size is scaled as libtiff reads it', { skip: TIFFINFO_MISSING }, async () => {
  const shown = (path: string) => /Resolution: ([\d.e+-]+), ([\d.e+-]+)/.exec(quietly('tiffinfo', [path], /Warning/))!;
  const cases: readonly [FileTag['type'], readonly number[]][] = [
    [3, [72]],
    [4, [72]],
    [12, [72.5]],
    [5, [72, 1, 72, 1]],
    [5, [20000, 1]],
    [5, [4000000000, 3]],
    [5, [1, 3000000]],
  ];
  for (const [type, values] of cases) {
    await filtered(
      [
        { tag: 282, type, values },
        { tag: 283, type, values },
        { tag: 296, type: 3, values: [3] },
      ],
      'downscale:factor=2',
    );
    const first = type === 5 ? values[0]! / values[1]! : values[0]!;
    for (const side of [1, 2]) {
      const value = Number(shown(output)[side]);
      assert.ok(Math.abs(value / (first / 2) - 1) < 1e-5, `${value} for ${first / 2}`);
    }
  }
});

test('statistics go with the samples, and scale and offset with what samples mean', {
  skip: GDAL_MISSING,
}, async () => {
  const items = [
    '<Item name="STATISTICS_MAXIMUM" sample="0">255</Item>',
    '<Item name="STATISTICS_MEAN" sample="0">127</Item>',
    '<Item name="OFFSET" sample="0" role="offset">-0.1</Item>',
    '<Item name="SCALE" sample="0" role="scale">0.0001</Item>',
    '<Item name="SENSOR">OLI</Item>',
  ];
  const metadata = text(42112, `<GDALMetadata>\n  ${items.join('\n  ')}\n</GDALMetadata>\n`);
  for (const [operation, scale, offset] of [
    ['box:radius=2', 0.0001, -0.1],
    ['median:footprint=disk:2', 0.0001, -0.1],
    ['std:window=5', 0.0001, undefined],
    ['variance:window=5', undefined, undefined],
    ['threshold:value=30', undefined, undefined],
  ] as const) {
    await filtered([metadata], operation);
    const { bands, metadata: found } = gdalInfo(output);
    assert.equal(bands[0]!.scale, scale, operation);
    assert.equal(bands[0]!.offset || undefined, offset, operation);
    assert.deepEqual(bands[0]!.metadata?.[''] ?? {}, {}, operation);
    assert.equal(found['']!.SENSOR, 'OLI');
  }
});

test('descriptions that count images or levels go, sizes in them stay true, others stay', {
  skip: GDAL_MISSING,
}, async () => {
  const cases: readonly [string, string | undefined][] = [
    ['ImageJ=1.53t\nimages=1\nunit=micron\n', undefined],
    ['{"shape": [400, 600]}', undefined],
    ['shape=(400, 600)', undefined],
    ['<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"/>', undefined],
    ['a photograph of {"shape": 1}', 'a photograph of {"shape": 1}'],
    [
      'Aperio Image Library v11.2.1 \r\n600x400 [0,0 600x400] (240x240) JPEG/RGB Q=70|AppMag = 20|MPP = 0.4990',
      'Aperio Image Library v11.2.1 \r\n300x200 [0,0 600x400] (240x240) JPEG/RGB Q=70|AppMag = 10|MPP = 0.998',
    ],
  ];
  for (const [before, after] of cases) {
    await filtered([text(270, before)], 'downscale:factor=2');
    assert.equal(gdalInfo(output).metadata['']?.TIFFTAG_IMAGEDESCRIPTION, after);
  }
});

test("the size of a pixel in ImageJ's and OME's texts becomes resolution", { skip: TIFFINFO_MISSING }, async () => {
  const perPixel: readonly [string, readonly number[]][] = [
    ['ImageJ=1.53t\nunit=micron\n', [4, 1]],
    ['<OME><Image><Pixels PhysicalSizeX="0.25" PhysicalSizeY="250" PhysicalSizeYUnit="nm"/></Image></OME>', [1, 1]],
  ];
  for (const [description, values] of perPixel) {
    const tags: FileTag[] = [
      text(270, description),
      { tag: 282, type: 5, values },
      { tag: 283, type: 5, values },
      { tag: 296, type: 3, values: [1] },
    ];
    await filtered(tags, 'box:radius=1');
    assert.match(quietly('tiffinfo', [output], /Warning/), /Resolution: 40000, 40000 pixels\/cm/);
    await filtered(tags, 'downscale:factor=2');
    assert.match(quietly('tiffinfo', [output], /Warning/), /Resolution: 20000, 20000 pixels\/cm/);
  }
});

test('RPCs, XMP, and who made the image when and with what are carried', { skip: GDAL_MISSING }, async () => {
  const rpc = [0.5, 0.25, 199.5, 299.5, 47, 8, 400, 200, 300, 0.1, 0.2, 500, ...new Array<number>(80).fill(0.125)];
  const tags: FileTag[] = [
    doubles(50844, rpc),
    text(305, 'Maker 1.0'),
    text(306, '2024:01:02 03:04:05'),
    text(315, 'Somebody'),
    text(33432, '(c) Somebody'),
    { tag: 700, type: 7, values: [...Buffer.from('<x:xmpmeta xmlns:x="adobe:ns:meta/"/>')] },
  ];
  await filtered(tags, 'box:radius=1');
  const [before, after] = [gdalInfo(input).metadata, gdalInfo(output).metadata];
  assert.deepEqual(after.RPC, before.RPC);
  assert.deepEqual(after['xml:XMP'], before['xml:XMP']);
  for (const key of ['SOFTWARE', 'DATETIME', 'ARTIST', 'COPYRIGHT'])
    assert.equal(after['']![`TIFFTAG_${key}`], before['']![`TIFFTAG_${key}`]);
  await filtered(tags, 'downscale:factor=2');
  const scaled = gdalInfo(output).metadata.RPC!;
  // As gdal_translate -outsize scales them: places count from the centre of the first pixel.
  assert.deepEqual(
    [scaled.LINE_OFF, scaled.SAMP_OFF, scaled.LINE_SCALE, scaled.SAMP_SCALE].map(Number),
    [99.5, 149.5, 100, 150],
  );
  assert.equal(scaled.LAT_OFF, before.RPC!.LAT_OFF);
});

test('control points move with the pixels', { skip: GDAL_MISSING }, async () => {
  const points = [0, 0, 0, 10, 50, 0, 600, 0, 0, 11, 50, 0, 0, 400, 0, 10, 49, 0, 300, 200, 0, 10.5, 49.5, 0];
  await filtered([geoKeys(1), doubles(33922, points)], 'downscale:factor=2');
  const halves = gdalInfo(input).gcps!.gcpList.map(({ pixel, line }) => [pixel / 2, line / 2]);
  assert.deepEqual(
    gdalInfo(output).gcps!.gcpList.map(({ pixel, line }) => [pixel, line]),
    halves,
  );
});
