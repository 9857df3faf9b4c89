import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { leadingNumber, wholeNumber } from '../../tiling/tiff/nodata.js';
import { imageOf } from '../conformance/box-tiles.js';
import { GDAL_MISSING, gdalInfo, gdalPixels } from '../support/gdal.js';
import { halotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';

const folder = scratchFolder();
const SIZE = { width: 40, height: 40 };

/** Texts that name a number, and one sample that they mean. */
const TEXTS: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  '-nan': Number.NaN,
  'nan(0x123)': Number.NaN,
  '-1.#IND': Number.NaN,
  '1.#QNAN': Number.NaN,
  '-1.#QNAN00': Number.NaN,
  '1.#SNAN': Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
  '1.#INF': Number.POSITIVE_INFINITY,
  '-1.#INF': Number.NEGATIVE_INFINITY,
  '-9999': -9999,
  ' -9999 ': -9999,
  '-9999 -9999 -9999': -9999,
  '-9999,0': -9999,
  '0,5': 0.5,
  '-.5': -0.5,
  '5.': 5,
  '12abc': 12,
  '1e3x': 1000,
  '1e+': 1,
  '0x10': 16,
  '-0x270F': -9999,
  '0x1p4': 16,
  '0X.8': 0.5,
  '-3.40282346638529e+38': Math.fround(-3.4028234663852886e38),
};

function voidImage(path: string, text: string, sample: number): void {
  const invalid = (x: number, y: number) => x >= 18 && x < 22 && y >= 18 && y < 22;
  const image = imageOf(SIZE, { dtype: 'float32', channels: 1 }, (x, y) => (invalid(x, y) ? sample : 100));
  writeTiff(path, image, {}, { tags: [{ tag: 42113, type: 2, values: text }] });
}

for (const [text, sample] of Object.entries(TEXTS)) {
  test(`a nodata text of '${text}' leaves its samples out, as GDAL reads it`, { skip: GDAL_MISSING }, async () => {
    const input = join(folder, 'in.tif');
    const output = join(folder, 'out.tif');
    voidImage(input, text, sample);
    const { code, stderr } = await halotile('process', input, '-o', output, '--op', 'box:radius=2', '--quiet');
    assert.equal(code, 0, stderr);
    assert.deepEqual(gdalInfo(output).bands[0]!.noDataValue, gdalInfo(input).bands[0]!.noDataValue);
    assert.deepEqual(gdalPixels(output), gdalPixels(input), 'no void reaches its neighbours');
  });
}

test('a text that begins with no number names no sample', () => {
  for (const text of ['', 'none', 'N/A', '-', '--5', 'in', '.', 'e5'])
    assert.equal(leadingNumber(text), undefined, text);
});

test('an option is a number as a whole', () => {
  for (const text of ['', '5x', '1 2', '-9999 -9999', 'nanx', '0x']) assert.equal(wholeNumber(text), undefined, text);
  for (const [text, value] of Object.entries({ ' 5 ': 5, '0x10': 16, '-1e3': -1000, '-nan': Number.NaN }))
    assert.equal(wholeNumber(text), value, text);
});

test('--nodata takes infinities and NaN, in the spellings that files have', async () => {
  const input = join(folder, 'in.tif');
  const output = join(folder, 'out.tif');
  for (const [text, sample] of [
    ['inf', Number.POSITIVE_INFINITY],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['nan', Number.NaN],
    ['-1.#IND', Number.NaN],
    ['1.#INF', Number.POSITIVE_INFINITY],
  ] as const) {
    voidImage(input, 'none', sample);
    const flags = ['--op', 'box:radius=2', '--nodata', text, '--json'];
    const { code, stdout, stderr } = await halotile('process', input, '-o', output, ...flags);
    assert.equal(code, 0, stderr);
    const plain = await halotile(
      'process',
      input,
      '-o',
      `${output}.tif`,
      '--op',
      'median:footprint=rect:1x1',
      '--json',
    );
    const crc = (json: string) => (JSON.parse(json) as { crc: string }).crc;
    assert.equal(crc(stdout), crc(plain.stdout), text);
  }
});
