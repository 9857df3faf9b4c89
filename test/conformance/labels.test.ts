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
