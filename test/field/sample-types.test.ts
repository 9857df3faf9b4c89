import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTiffSource } from '../../tiling/sources/tiff-file-source.js';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { gdalInfo, gdalPixels } from '../support/gdal.js';
import { missingCommands, quietly } from '../support/installed.js';
import { missingModules, pythonJson } from '../support/python.js';
import { halotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';
import { readPixels } from '../unit/reading-fixtures.js';
import { buildTiff, greyTags } from '../unit/tiff-builder.js';

const folder = scratchFolder();
const SKIP = { skip: missingCommands(['gdal_translate', '--version'], ['tiffinfo', '-h']) };
const SIZE = { width: 37, height: 29 };
const stored = join(folder, 'stored.tif');

/** Writes three channels of noise from 0 to `most` as GDAL stores them by these options. */
function store(most: number, ...options: string[]): void {
  const original = join(folder, 'original.tif');
  const random = noise(most);
  const offset = options.some((option) => option === 'Int16' || option === 'Int32') ? most / 2 : 0;
  writeTiff(
    original,
    imageOf(SIZE, { dtype: 'float32', channels: 3 }, () => random(most + 1) - offset),
  );
  quietly('gdal_translate', ['-q', ...options, original, stored], /^Warning/);
}

async function pixelsOf(path: string): Promise<Uint8Array> {
  const source = openTiffSource(path);
  try {
    return (await readPixels(source)).pixels;
  } finally {
    source.close();
  }
}

const LAYOUTS: readonly (readonly string[])[] = [
  [],
  ['ENDIANNESS=BIG', 'INTERLEAVE=BAND'],
  ['COMPRESS=DEFLATE', 'PREDICTOR=2', 'TILED=YES', 'BLOCKXSIZE=16', 'BLOCKYSIZE=16'],
  ['COMPRESS=LZW', 'PREDICTOR=2', 'ENDIANNESS=BIG'],
  ['COMPRESS=ZSTD', 'PREDICTOR=3', 'INTERLEAVE=BAND', 'ENDIANNESS=BIG'],
  ['COMPRESS=DEFLATE', 'PREDICTOR=3', 'TILED=YES', 'BLOCKXSIZE=16', 'BLOCKYSIZE=16'],
  ['COMPRESS=PACKBITS'],
];
const asOptions = (settings: readonly string[]) => settings.flatMap((setting) => ['-co', setting]);

for (const [name, most, type] of [
  ['int16', 65_535, ['-ot', 'Int16']],
  ['float64', 1e6, ['-ot', 'Float64']],
  ['int32', 2 ** 30, ['-ot', 'Int32']],
  ['float16', 2048, ['-ot', 'Float32', '-co', 'NBITS=16']],
  ['uint8', 255, ['-ot', 'Byte']],
] as const) {
  test(`${name} samples are those that GDAL reads, whatever the layout`, SKIP, async () => {
    for (const layout of LAYOUTS) {
      if (layout.includes('PREDICTOR=3') && !name.startsWith('float')) continue;
      // GDAL 3.6 writes such halves as other numbers.
      if (name === 'float16' && layout.includes('PREDICTOR=3') && layout.includes('ENDIANNESS=BIG')) continue;
      store(most, ...type, ...asOptions(layout));
      const wanted = gdalPixels(stored, '-ot', name === 'uint8' ? 'Byte' : 'Float32');
      assert.deepEqual(await pixelsOf(stored), wanted, layout.join(' '));
    }
  });
}

test('integers of few bits: greys of 1, 2 and 4 reach from black to white, others are as they are', SKIP, async () => {
  for (const bits of [1, 2, 4, 5, 12]) {
    for (const layout of [
      [],
      ['COMPRESS=LZW', 'INTERLEAVE=BAND'],
      ['COMPRESS=DEFLATE', 'TILED=YES', 'BLOCKXSIZE=16', 'BLOCKYSIZE=16'],
    ]) {
      store(2 ** bits - 1, '-ot', bits < 8 ? 'Byte' : 'UInt16', ...asOptions([`NBITS=${bits}`, ...layout]));
      const factor = bits < 5 ? 255 / (2 ** bits - 1) : 1;
      assert.deepEqual(
        await pixelsOf(stored),
        gdalPixels(stored).map((byte) => byte * factor),
        `${bits} ${layout.join(' ')}`,
      );
    }
  }
});

test('indices become their colours', SKIP, async () => {
  const random = noise(9);
  for (const bits of [1, 2, 4, 8]) {
    const colours = 2 ** bits;
    const rowBytes = Math.ceil((SIZE.width * bits) / 8);
    const data = Uint8Array.from({ length: rowBytes * SIZE.height }, () => random(256));
    const palette = Array.from({ length: 3 * colours }, () => random(256) * 257);
    const tags = greyTags(SIZE.width, SIZE.height, {
      ...{ 258: { values: [bits] }, 262: { values: [3] }, 279: { values: [data.length] } },
      320: { type: 3, values: palette },
    });
    writeFileSync(stored, buildTiff(tags, { data }));
    assert.deepEqual(await pixelsOf(stored), gdalPixels(stored, '-expand', 'rgb'), `${bits} bits`);
  }
});

test('bits that are stored lowest first are turned round', SKIP, async () => {
  for (const [codec, options] of [
    ['none', ['-ot', 'Byte']],
    ['zip', ['-ot', 'UInt16']],
    ['lzw', ['-ot', 'Byte', '-co', 'NBITS=1']],
  ] as const) {
    store(options.length > 2 ? 1 : 255, ...options);
    const turned = join(folder, 'turned.tif');
    quietly('tiffcp', ['-f', 'lsb2msb', '-c', codec, stored, turned]);
    const factor = options.length > 2 ? 255 : 1;
    assert.deepEqual(
      await pixelsOf(turned),
      gdalPixels(turned).map((byte) => byte * factor),
      codec,
    );
  }
});

test('LERC, packed once more or not, is what GDAL reads', SKIP, async () => {
  for (const [packing, type, channels, ...more] of [
    ['LERC', 'Float32', 3],
    ['LERC_DEFLATE', 'Float64', 1, 'MAX_Z_ERROR=0.5'],
    ['LERC_ZSTD', 'Int32', 3, 'INTERLEAVE=BAND', 'TILED=YES', 'BLOCKXSIZE=16', 'BLOCKYSIZE=16'],
    ['LERC', 'UInt16', 3, 'TILED=YES', 'BLOCKXSIZE=16', 'BLOCKYSIZE=16', 'ENDIANNESS=BIG'],
  ] as const) {
    const bands = Array.from({ length: channels }, (_, band) => ['-b', `${band + 1}`]).flat();
    store(200, '-ot', type, ...bands, ...asOptions([`COMPRESS=${packing}`, ...more]));
    const wanted = gdalPixels(stored, '-ot', type === 'UInt16' ? type : 'Float32');
    assert.deepEqual(await pixelsOf(stored), wanted, `${packing} ${type}`);
  }
});

test('fax pages are read through libvips, and every command knows them', SKIP, async () => {
  const fax = join(folder, 'fax.tif');
  store(1, '-ot', 'Byte', '-b', '1');
  quietly('gdal_translate', ['-q', '-co', 'NBITS=1', '-co', 'COMPRESS=CCITTFAX4', stored, fax]);
  const output = join(folder, 'fax-out.tif');
  const { code, stderr } = await halotile('process', fax, '-o', output, '--op', 'box:radius=0', '--quiet');
  assert.equal(code, 0, stderr);
  assert.deepEqual(
    gdalPixels(output),
    gdalPixels(fax, '-ot', 'Byte').map((bit) => bit * 255),
  );
  assert.match((await halotile('inspect', fax)).stdout, /37×29/);
  const many = await halotile('process', fax, '-o', join(folder, '{stem}-2.tif'), '--op', 'box:radius=0', '--quiet');
  assert.equal(many.code, 0, many.stderr);
});

test('an elevation model of int16 is filtered as float32, its nodata stays', SKIP, async () => {
  store(65_535, '-ot', 'Int16', '-b', '1', '-a_nodata', '-32768');
  const output = join(folder, 'out.tif');
  const { code, stderr } = await halotile('process', stored, '-o', output, '--op', 'box:radius=0', '--quiet');
  assert.equal(code, 0, stderr);
  assert.deepEqual(gdalPixels(output), gdalPixels(stored, '-ot', 'Float32'));
  assert.equal(gdalInfo(output).bands[0]!.noDataValue, -32768);
});

test('labels keep their numbers where an operation takes labels, and are values to all others', SKIP, async () => {
  // What NumPy and SciPy write: numbers that float32 does not hold.
  const labels = imageOf({ width: 9, height: 5 }, { dtype: 'uint32', channels: 1 }, (i) => 2 ** 24 + 1 + (i % 3));
  const written = join(folder, 'labels-uint32.tif');
  writeTiff(written, labels);
  const types = ['UInt32', 'Int32', 'Float64'];
  const tables: string[] = [];
  for (const type of types) {
    quietly('gdal_translate', ['-q', '-ot', type, written, stored], /^Warning/);
    const table = join(folder, `${type}.csv`);
    const measured = await halotile('measure', stored, '-o', table, '--quiet');
    if (type === 'Float64') {
      assert.equal(measured.code, 2);
      assert.match(measured.stderr, /labels of 1 channels of float32.*expected one channel of whole numbers/);
      continue;
    }
    assert.equal(measured.code, 0, measured.stderr);
    tables.push(readFileSync(table, 'utf8'));
    const output = join(folder, 'box.tif');
    const boxed = await halotile('process', stored, '-o', output, '--op', 'box:radius=0', '--quiet');
    assert.equal(boxed.code, 0, boxed.stderr);
    assert.match(boxed.stderr, /integers of 32 bits are read as float32, which rounds those beyond 16777216/);
    assert.deepEqual(gdalPixels(output), gdalPixels(stored, '-ot', 'Float32'));
  }
  assert.match(tables[0]!, /^16777217,15,/m);
  assert.equal(tables[0], tables[1]);
});

test('a label below 0 is named with its pixel', SKIP, async () => {
  store(100, '-ot', 'Int32', '-b', '1');
  const { code, stderr } = await halotile('measure', stored, '-o', join(folder, 'none.csv'), '--quiet');
  assert.equal(code, 2);
  assert.match(
    stderr,
    /stored\.tif: a label of -\d+, \d+ right of and \d+ below the corner of block 0; expected 0 to 4294967295/,
  );
});

test('complex samples are refused in words', SKIP, () => {
  store(100, '-ot', 'CFloat32');
  assert.throws(() => openTiffSource(stored), /complex floating point/);
});

const STORED = `
import json, sys, numpy as np, tifffile
folder = sys.argv[1]
random = np.random.default_rng(14)
for name in ['int8', 'int16', 'int32', 'int64', 'uint32', 'uint64', 'float16', 'float64']:
    low, high = (-120, 120) if name == 'int8' else (-30000, 30000) if name.startswith('i') else (0, 2**24)
    samples = random.normal(0, 300, (61, 53)) if name.startswith('f') else random.integers(low, high, (61, 53))
    tifffile.imwrite(f'{folder}/{name}.tif', samples.astype(name), compression='zlib', byteorder='>' if 'u' in name else '<')
json.dump(None, sys.stdout)`;

/** The largest error in a window by its largest absolute sample, against SciPy in float64, by operation and type. */
const FILTERED = `
import json, sys, glob, os, numpy as np, tifffile, scipy.ndimage as nd
folder, filtered = sys.argv[1:]
filters = dict(
    box=lambda a: nd.uniform_filter(a, 5, mode='reflect'),
    median=lambda a: nd.median_filter(a, size=3, mode='reflect'),
    max=lambda a: nd.grey_dilation(a, size=(3, 3), mode='reflect'),
    gaussian=lambda a: nd.gaussian_filter(a, 1.5, mode='reflect', truncate=4))
worst = {}
for name, filter in filters.items():
    for path in glob.glob(f'{folder}/*.tif'):
        stored = tifffile.imread(path).astype(np.float64)
        largest = nd.maximum_filter(np.abs(stored), 13, mode='reflect')
        result = tifffile.imread(os.path.join(filtered, name, os.path.basename(path)))
        assert result.dtype == np.float32, (name, path, result.dtype)
        worst[f'{name} of {os.path.basename(path)[:-4]}'] = float((np.abs(result - filter(stored)) / largest).max())
json.dump(worst, sys.stdout)`;

test('every type that is read as float32 is filtered as SciPy filters its numbers', {
  skip: missingModules('tifffile', 'scipy'),
}, async () => {
  const [types, filtered] = [join(folder, 'types'), join(folder, 'filtered')];
  mkdirSync(types);
  pythonJson(STORED, types);
  const operations = {
    ...{ box: 'box:radius=2', median: 'median:footprint=rect:3x3', max: 'max:footprint=rect:3x3' },
    gaussian: 'gaussian:sigma=1.5',
  };
  for (const [name, op] of Object.entries(operations)) {
    const { code, stderr } = await halotile(
      'process',
      types,
      '-o',
      join(filtered, name, '{name}.tif'),
      '--op',
      op,
      '--quiet',
      '--no-overviews',
    );
    assert.equal(code, 0, stderr);
  }
  const worst = pythonJson(FILTERED, types, filtered) as Record<string, number>;
  assert.equal(Object.keys(worst).length, 8 * 4);
  for (const [what, error] of Object.entries(worst))
    assert.ok(error <= (/^(?:median|max)/.test(what) ? 2 ** -24 : 2 ** -20), `${what}: ${error}`);
});
