import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runEngine } from '../support/engine.js';
import { readLevels } from '../support/output-levels.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';
import { imageOf, noise } from './box-tiles.js';

const folder = scratchFolder();
const SIZE = { width: 70, height: 45 };

test('a table gives each label the row of its number, 0 to labels that have none, and overviews of what it gave', async () => {
  const next = noise(3);
  const rows = Array.from({ length: 100_000 }, () => next(2 ** 16) * next(2 ** 16));
  const labels = imageOf(SIZE, { dtype: 'uint32', channels: 1 }, () => [next(100_000), 100_000, 2 ** 32 - 1][next(3)]!);
  const image = join(folder, 'labels.tif');
  const table = join(folder, 'table.csv');
  writeTiff(image, labels);
  writeFileSync(table, rows.join('\n'));
  for (const dtype of [undefined, 'uint16'] as const) {
    const output = join(folder, `${dtype}.tif`);
    await runEngine({ image, output, operations: [{ name: 'lut', params: { table } }], tile: 16, dtype });
    const levels = await readLevels(output);
    const most = dtype === undefined ? Number.POSITIVE_INFINITY : 65535;
    const expected = Array.from(labels.samples, (label) => Math.min(most, rows[label] ?? 0));
    assert.equal(levels[0]!.dtype, dtype ?? 'uint32');
    assert.deepEqual([...levels[0]!.samples], expected);
    const every = levels[1]!.samples.map((_, i) => expected[2 * Math.floor(i / 35) * 70 + 2 * (i % 35)]!);
    assert.deepEqual([...levels[1]!.samples], [...every]);
  }
});

test('a curve is none for labels, nor is a table beyond its limit', async () => {
  const image = join(folder, 'two.tif');
  writeTiff(
    image,
    imageOf(SIZE, { dtype: 'uint32', channels: 1 }, (x) => x),
  );
  const cube = join(folder, 'curve.cube');
  writeFileSync(cube, 'LUT_1D_SIZE 2\n0\n1\n');
  const long = join(folder, 'long.csv');
  writeFileSync(long, '1\n'.repeat(2 ** 20 + 1));
  for (const [table, message] of [
    [cube, /curve\.cube: a \.cube is a curve; expected a \.csv of a row for each label$/],
    [long, /long\.csv: the table has more than 1048576 rows/],
  ] as const) {
    const job = { image, output: join(folder, 'refused.tif'), operations: [{ name: 'lut', params: { table } }] };
    await assert.rejects(runEngine(job), { tag: 'bad-input', message });
  }
});

/** Single pixels of white and black in turns: every white one touches four black ones, and four white ones at its corners. */
const CHECKERBOARD = { width: 333, height: 257 };

test('a checkerboard of single pixels: one component each, or one of all where corners touch; overviews take the nearest', async () => {
  const image = join(folder, 'checkerboard.tif');
  writeTiff(
    image,
    imageOf(CHECKERBOARD, { dtype: 'uint8', channels: 1 }, (x, y) => ((x + y) % 2 === 0 ? 255 : 0)),
  );
  const { width } = CHECKERBOARD;
  for (const [connectivity, labelOf] of [
    // In raster order of first pixels every second pixel is the next component.
    [4, (i: number) => i / 2 + 1],
    [8, () => 1],
  ] as const) {
    const output = join(folder, `checkerboard-${connectivity}.tif`);
    const operations = [{ name: 'label', params: { connectivity } }];
    await runEngine({ image, output, operations, tile: 32, block: 16 });
    const levels = await readLevels(output);
    assert.equal(levels[0]!.dtype, 'uint32');
    const wrong = levels[0]!.samples.findIndex((label, i) => label !== (i % 2 === 0 ? labelOf(i) : 0));
    assert.equal(wrong, -1, `connectivity ${connectivity}, pixel ${wrong % width}, ${Math.floor(wrong / width)}`);
    const { samples: halved } = levels[1]!;
    const half = levels[1]!.rect.width;
    const nearest = halved.map((_, i) => levels[0]!.samples[2 * Math.floor(i / half) * width + 2 * (i % half)]!);
    assert.deepEqual([...halved], [...nearest]);
  }
});
