import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobSpecSchema } from '../../tiling/job/job-spec.js';
import { parseFootprint } from '../../tiling/operations/footprint/footprint.js';
import { OPERATIONS, type Operation } from '../../tiling/operations/index.js';
import { fileReader } from '../../tiling/operations/parameter-files.js';
import { makePlan } from '../../tiling/plan/make-plan.js';
import type { BlockLayout } from '../../tiling/raster/raster-info.js';

const FACTS = {
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
  shapeOf: () => assert.fail('no operation here is a module'),
};

/** An operation after its preparation, every file that it names holding `text`. */
function prepared(of: Operation, text = ''): Operation {
  const file = fileReader(of, () => new TextEncoder().encode(text));
  return OPERATIONS[of.name]!.prepare!(of, { ...FACTS, file });
}

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
  const done = prepared(operation('max', { footprint: 'mask:m.txt' }), '0 1 0 1\n# # . .\n');
  assert.equal(done.params.footprint, 'bits:4x2:01011100');
  assert.deepEqual(parseFootprint('bits:4x2:01011100').reach, { left: 2, right: 1, top: 1, bottom: 0 });
  assert.throws(() => prepared(operation('max', { footprint: 'mask:m.txt' }), '01\n011\n'), /m\.txt: row 2/);
  assert.throws(() => prepared(operation('max', { footprint: 'mask:m.txt' }), '000\n'), /no members/);
});

test('a disk of radius 11 has the members of scikit-image', () => {
  assert.equal(parseFootprint('disk:11').count, 377);
});

test('a footprint takes as much as its rows, not as its members', () => {
  const disk = parseFootprint('disk:2047');
  assert.deepEqual(
    [disk.runs.length, disk.runs[0], disk.runs[2047]],
    [4095, { dx: 0, dy: -2047, length: 1 }, { dx: -2047, dy: 0, length: 4095 }],
  );
  assert.equal(parseFootprint('rect:4095x4094').runs.length, 4094);
  const cross = parseFootprint('bits:3x3:010111010');
  assert.deepEqual([cross.count, cross.runs.map(({ length }) => length)], [5, [1, 3, 1]]);
});

test('masks, tables and footprints are limited, one by one and together', () => {
  const wide = `${'01'.repeat(2047)}\n`.repeat(2000);
  const max = operation('max', { footprint: 'mask:m.txt' });
  assert.throws(() => prepared(max, wide), /m\.txt: the mask is 4094×2000; .* 4194304 pixels/);
  assert.throws(
    () => prepared(operation('custom', { module: 'k.wasm', footprint: 'disk:200' })),
    /125629 members; expected at most 65536/,
  );
  const table = operation('lut', { table: 'a.csv' });
  assert.throws(() => prepared(table, '1\n'.repeat(65537)), /more than 65536 rows/);
  assert.throws(() => prepared(table, `${'1,'.repeat(2 ** 20)}1\n`), /or 1048576 numbers/);
  const spec = jobSpecSchema.parse({
    ...{ image: 'a', output: 'b' },
    operations: Array.from({ length: 5 }, (_, i) => ({ name: 'lut', params: { table: `${i}.csv` } })),
  });
  const rows = new TextEncoder().encode('1\n2\n'.padEnd(2 ** 21, ' '));
  const info = { ...FACTS.image };
  const layout = { blockWidth: 512, blockHeight: 512, across: 1, down: 1, planar: false } as unknown as BlockLayout;
  const inputs = { image: { path: 'a', info, layout }, readFile: () => rows };
  assert.throws(() => makePlan(spec, inputs, { threads: 1, memoryBytes: 2 ** 32 }), {
    tag: 'over-limit',
    message: /^4\.csv: the files that operations name hold 10485760 bytes or more; expected at most 8 MiB/,
  });
});

test('tiles that fit into no less get more memory than by default, as much as they need and the machine has', () => {
  const spec = jobSpecSchema.parse({
    ...{ image: 'a', output: 'b' },
    // Even windows read a halo.
    operations: [{ name: 'std', params: { window: 4000 } }],
  });
  const info = { ...FACTS.image, channels: 3, width: 60000, height: 60000 };
  const layout = { blockWidth: 512, blockHeight: 512, across: 118, down: 118, planar: false } as unknown as BlockLayout;
  const inputs = { image: { path: 'a', info, layout }, readFile: () => new Uint8Array() };
  const machine = { threads: 2, memoryBytes: 2 ** 29 };
  const refused = { tag: 'over-limit', message: /needs 149 MiB a thread; expected at most 98 MiB; use --memory 704,/ };
  assert.throws(() => makePlan(spec, inputs, machine), refused);
  assert.throws(() => makePlan(spec, inputs, { ...machine, mostMemoryBytes: 703 * 2 ** 20 }), refused);
  const { memory } = makePlan(spec, inputs, { ...machine, mostMemoryBytes: 704 * 2 ** 20 });
  assert.ok(memory.totalBytes > machine.memoryBytes && memory.totalBytes <= 704 * 2 ** 20, `${memory.totalBytes}`);
});

test('windows by raw distances take the memory of two threads at most, and hardly more of a larger image', () => {
  const layout = { blockWidth: 512, blockHeight: 512, across: 1, down: 1, planar: false, codec: 'none', predictor: 1 };
  const bytesOf = (side: number, name: string) => {
    const spec = jobSpecSchema.parse({ image: 'a', map: 'm', output: 'b', operations: [{ name }] });
    const size = { width: side, height: side };
    const inputOf = (path: string, info: object) => {
      return { path, info: { ...FACTS.image, ...size, ...info }, layout: layout as unknown as BlockLayout };
    };
    const inputs = {
      ...{ image: inputOf('a', { channels: 3, photometric: 2 }), map: inputOf('m', { dtype: 'float32' }) },
      ...{ scannedMax: 0.8 * side, readFile: () => new Uint8Array() },
    };
    return makePlan(spec, inputs, { threads: 2, memoryBytes: 2 ** 29 }).memory.totalBytes;
  };
  for (const name of ['box', 'gaussian']) {
    const [small, large] = [bytesOf(15_000, name), bytesOf(60_000, name)];
    assert.ok(large <= 1.2 * small && large <= 2 ** 30, `${name}: ${small}, ${large}`);
  }
});

test('rounds follow from the whole map, and a halo over the tile names the k that fits', () => {
  const { reach, fitting } = OPERATIONS['iterated-box']!;
  const done = prepared(operation('iterated-box', { k: 3 }, true));
  assert.equal(done.params.rounds, 288);
  assert.equal(reach(done, 1).left, 288);
  assert.equal(fitting!(done, 8, 128), 'k=9');
});

test('tables are read once and refused with the line that is wrong', () => {
  const done = prepared(operation('lut', { table: 'a.csv' }), '0\n128\n255\n');
  assert.deepEqual((done.params.values as { columns: unknown }).columns, [[0, 128, 255]]);
  assert.throws(() => prepared(operation('lut', { table: 'a.csv' }), '0\nx\n'), /a\.csv: line 2/);
  assert.throws(() => prepared(operation('lut', { table: 'a.cube' }), 'LUT_3D_SIZE 2\n'), /three-dimensional/);
});

test('a downscaled tile reads the input it covers', () => {
  const { inputRect, outputSize } = OPERATIONS.downscale!;
  const by3 = operation('downscale', { factor: 3 });
  assert.deepEqual(outputSize!(by3, { width: 100, height: 80 }), { width: 34, height: 27 });
  const rect = inputRect!(by3, { x: 10, y: 0, width: 24, height: 27 }, { width: 100, height: 80 });
  assert.deepEqual(rect, { x: 29, y: 0, width: 71, height: 80 });
});
