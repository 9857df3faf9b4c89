import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFootprint, prepareFootprint } from '../../tiling/operations/footprint.js';
import { OPERATIONS, type Operation } from '../../tiling/operations/index.js';

const facts = (text: string) => ({
  image: {
    width: 100,
    height: 80,
    channels: 1,
    dtype: 'uint8' as const,
    alpha: 'none' as const,
    photometric: 1,
    carried: [],
  },
  mapMax: 8,
  readFile: () => new TextEncoder().encode(text),
});

function operation(name: string, params: Record<string, unknown>, byMap = false): Operation {
  return { name, params: OPERATIONS[name]!.params.parse(params), border: 'clip', constantValue: 0, byMap };
}

test('parameters arrive as text from the command line', () => {
  assert.equal(operation('gaussian', { sigma: '4' }).params.sigma, 4);
  assert.equal(operation('std', { footprint: 'disk:5', ddof: '1' }).params.ddof, 1);
  assert.equal(operation('flat-field', { flat: '200', dark: 'dark.tif' }).params.flat, 200);
});

test('what contradicts itself is refused', () => {
  const refused: [string, Record<string, unknown>][] = [
    ['gaussian', { ksize: 4, sigma: 1 }],
    ['gaussian', { ksize: 5 }],
    ['mean', { window: 3, footprint: 'disk:2' }],
    ['max', { footprint: 'circle:3' }],
    ['threshold', {}],
    ['threshold', { method: 'otsu', window: 4 }],
    ['row-ema', { alpha: 0 }],
    ['downscale', { size: '3x3', factor: 2 }],
    ['iterated-box', { k: 4 }],
    ['gamma', { gamma: 1, unknown: 1 }],
  ];
  for (const [name, params] of refused) {
    assert.equal(OPERATIONS[name]!.params.safeParse(params).success, false, `${name} ${JSON.stringify(params)}`);
  }
});

test('a mask file becomes bits, and its centre is right of the middle', () => {
  const prepared = prepareFootprint(operation('max', { footprint: 'mask:m.txt' }), facts('0 1 0 1\n# # . .\n'));
  assert.equal(prepared.params.footprint, 'bits:4x2:01011100');
  assert.deepEqual(parseFootprint('bits:4x2:01011100').reach, { left: 2, right: 1, top: 1, bottom: 0 });
  assert.throws(
    () => prepareFootprint(operation('max', { footprint: 'mask:m.txt' }), facts('01\n011\n')),
    /m\.txt: row 2/,
  );
  assert.throws(() => prepareFootprint(operation('max', { footprint: 'mask:m.txt' }), facts('000\n')), /no members/);
});

test('a disk of radius 11 has the members of scikit-image', () => {
  assert.equal(parseFootprint('disk:11').count, 377);
});

test('rounds follow from the whole map, and a halo over the tile names the k that fits', () => {
  const { prepare, reach, fitting } = OPERATIONS['iterated-box']!;
  const prepared = prepare!(operation('iterated-box', { k: 3 }, true), facts(''));
  assert.equal(prepared.params.rounds, 288);
  assert.equal(reach(prepared, 1).left, 288);
  assert.equal(fitting!(prepared, 8, 128), 'k=9');
});

test('tables are read once and refused with the line that is wrong', () => {
  const lut = OPERATIONS.lut!;
  const prepared = lut.prepare!(operation('lut', { table: 'a.csv' }), facts('0\n128\n255\n'));
  assert.deepEqual((prepared.params.values as { columns: unknown }).columns, [[0, 128, 255]]);
  assert.throws(() => lut.prepare!(operation('lut', { table: 'a.csv' }), facts('0\nx\n')), /a\.csv: line 2/);
  assert.throws(
    () => lut.prepare!(operation('lut', { table: 'a.cube' }), facts('LUT_3D_SIZE 2\n')),
    /three-dimensional/,
  );
});

test('a downscaled tile reads the input it covers', () => {
  const { inputRect, outputSize } = OPERATIONS.downscale!;
  const by3 = operation('downscale', { factor: 3 });
  assert.deepEqual(outputSize!(by3, { width: 100, height: 80 }), { width: 34, height: 27 });
  const rect = inputRect!(by3, { x: 10, y: 0, width: 24, height: 27 }, { width: 100, height: 80 });
  assert.deepEqual(rect, { x: 29, y: 0, width: 71, height: 80 });
});
