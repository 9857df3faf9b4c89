import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { missingCommands, quietly } from '../support/installed.js';
import { missingModules, pythonJson } from '../support/python.js';
import { halotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { type FileMetadata, type FileTag, writeTiff } from '../support/tiff-file.js';

const folder = scratchFolder();
const input = join(folder, 'in.tif');
const SIZE = { width: 700, height: 500 };
const LEVELS = [
  [500, 700],
  [250, 350],
  [125, 175],
  [63, 88],
];
const NO_TIFFFILE = missingModules('tifffile', 'imagecodecs');
const NO_OME_TYPES = missingModules('tifffile', 'ome_types', 'lxml');
const NO_TOOLS = missingCommands(['gdalinfo', '--version'], ['vipsheader', '--version']);

async function written(
  output: string,
  { dtype, channels, ...metadata }: { dtype: 'uint8' | 'uint16' | 'float32'; channels: number } & FileMetadata,
  ...flags: string[]
): Promise<string> {
  const random = noise(channels);
  writeTiff(
    input,
    imageOf(SIZE, { dtype, channels }, () => random(255)),
    {},
    metadata,
  );
  const path = join(folder, output);
  const blocks = ['--block', '128', '--tile', '256'];
  const chain = ['--op', 'box:radius=1', '--quiet'];
  const { code, stderr } = await halotile('process', input, '-o', path, ...chain, ...blocks, ...flags);
  assert.equal(code, 0, stderr);
  return path;
}

const SERIES = `
import json, sys, tifffile
import numpy as np
ome, plain = (tifffile.TiffFile(path) for path in sys.argv[1:3])
(series,) = ome.series
json.dump({
  'kind': series.kind, 'axes': series.axes, 'pages': len(ome.pages),
  'levels': [level.shape for level in series.levels],
  'same': [bool(np.array_equal(level.asarray(), page.asarray())) for level, page in zip(series.levels, plain.pages)],
}, sys.stdout)`;

for (const [name, image, axes] of [
  ['RGB', { dtype: 'uint8', channels: 3 }, 'YXS'],
  ['RGBA', { dtype: 'uint8', channels: 4, alpha: 'unassociated' }, 'YXS'],
  ['grey of 16 bits', { dtype: 'uint16', channels: 1 }, 'YX'],
  ['five channels of float32', { dtype: 'float32', channels: 5 }, 'YXS'],
] as const) {
  for (const codec of ['deflate', 'none']) {
    test(`tifffile reads one pyramid with the samples of the TIFF: ${name}, ${codec}`, {
      skip: NO_TIFFFILE,
    }, async () => {
      const ome = await written('out.ome.tif', image, '--compression', codec);
      const plain = await written('plain.tif', image, '--compression', codec);
      const { channels } = image;
      assert.deepEqual(pythonJson(SERIES, ome, plain), {
        ...{ kind: 'ome', axes, pages: 1 },
        levels: LEVELS.map((size) => (channels === 1 ? size : [...size, channels])),
        same: LEVELS.map(() => true),
      });
    });
  }
}

const VALIDATED = `
import json, sys, tifffile
from ome_types import from_xml
image, = from_xml(tifffile.TiffFile(sys.argv[1]).ome_metadata, validate=True).images
pixels = image.pixels
json.dump({
  'name': image.name, 'description': image.description, 'type': pixels.type.value,
  'size': [pixels.size_x, pixels.size_y, pixels.size_z, pixels.size_c, pixels.size_t],
  'physical': [pixels.physical_size_x, pixels.physical_size_x_unit.value, pixels.physical_size_y],
  'samples': [channel.samples_per_pixel for channel in pixels.channels],
}, sys.stdout)`;

test('the description is valid OME-XML that says what is in the file', { skip: NO_OME_TYPES }, async () => {
  const tags: FileTag[] = [
    { tag: 270, type: 2, values: 'section 3 <b> & "c"\rof \u0001 4' },
    { tag: 282, type: 5, values: [20_000, 1] },
    { tag: 283, type: 5, values: [40_000, 1] },
    { tag: 296, type: 3, values: [3] },
  ];
  const path = await written('slide.ome.tiff', { dtype: 'uint8', channels: 3, tags }, '--compression', 'jpeg');
  assert.deepEqual(pythonJson(VALIDATED, path), {
    ...{ name: 'slide', description: 'section 3 <b> & "c"\rof  4', type: 'uint8' },
    ...{ size: [700, 500, 1, 3, 1], physical: [0.5, 'µm', 0.25], samples: [3] },
  });
  const aperio = 'Aperio Image Library v11\r\n700x500 [0,0 700x500] (240x240) JPEG/RGB Q=70|AppMag = 20|MPP = 0.25';
  const slide = await written('aperio.ome.tif', {
    ...{ dtype: 'uint8', channels: 3 },
    tags: [{ tag: 270, type: 2, values: aperio }],
  });
  assert.deepEqual((pythonJson(VALIDATED, slide) as { physical: unknown }).physical, [0.25, 'µm', 0.25]);
});

test('GDAL and libvips find the overviews, and so does inspect', { skip: NO_TOOLS }, async () => {
  const path = await written('tools.ome.tif', { dtype: 'uint8', channels: 3 });
  const { bands } = JSON.parse(quietly('gdalinfo', ['-json', path])) as {
    bands: { overviews: { size: number[] }[] }[];
  };
  const sizes = LEVELS.slice(1).map(([height, width]) => [width, height]);
  assert.deepEqual(
    bands[0]!.overviews.map(({ size }) => size),
    sizes,
  );
  assert.equal(quietly('vipsheader', ['-f', 'n-subifds', path]).trim(), '3');
  assert.equal(quietly('vipsheader', ['-f', 'width', `${path}[subifd=1]`]).trim(), '175');
  const { stdout } = await halotile('inspect', '--json', path);
  const { directories } = (JSON.parse(stdout) as { tiff: { directories: { role: string; width: number }[] } }).tiff;
  assert.deepEqual(
    directories.map(({ role, width }) => [role, width]),
    [['main', 700], ...sizes.map(([width]) => ['overview', width])],
  );
});

test('a mask is refused before any work', { skip: missingCommands(['gdal_translate', '--version']) }, async () => {
  await written('four.tif', { dtype: 'uint8', channels: 4 });
  const masked = join(folder, 'masked.tif');
  const config = ['--config', 'GDAL_TIFF_INTERNAL_MASK', 'YES'];
  quietly('gdal_translate', ['-q', ...config, '-b', '1', '-b', '2', '-b', '3', '-mask', '4', input, masked]);
  const before = readdirSync(folder);
  const output = join(folder, 'masked.ome.tif');
  const { code, stderr } = await halotile('process', masked, '-o', output, '--op', 'box:radius=1');
  assert.equal(code, 2);
  assert.match(stderr, /an OME-TIFF cannot hold a mask.*--mask ignore/);
  assert.deepEqual(readdirSync(folder), before);
});
