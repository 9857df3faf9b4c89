import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { measureLabels } from '../../library/calls.js';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { missingModules, pythonJson } from '../support/python.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';

const folder = scratchFolder();
const inFolder = (name: string) => join(folder, name);
const NO_PYARROW = missingModules('pyarrow');
/** More labels than one row group holds, which are 2^19 figures. */
const SIZE = { width: 300, height: 250 };

before(() => {
  const next = noise(4);
  const labels = imageOf(SIZE, { dtype: 'uint32', channels: 1 }, (x, y) => y * SIZE.width + x + 4_000_000_000);
  const light = imageOf(SIZE, { dtype: 'uint16', channels: 1 }, () => (next(3) === 0 ? 7 : next(65536)));
  const heights = imageOf(SIZE, { dtype: 'float32', channels: 1 }, () => next(1000) / 7);
  writeTiff(inFolder('labels.tif'), labels);
  writeTiff(inFolder('light.tif'), light, {}, { nodata: 7 });
  writeTiff(inFolder('heights.tif'), heights);
});

const READ = `
import json, sys
import pyarrow.parquet as pq
file = pq.ParquetFile(sys.argv[1])
table = file.read()
json.dump({
  'groups': [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)],
  'types': {field.name: str(field.type) for field in table.schema},
  'columns': {name: column[::997].to_pylist() for name, column in zip(table.column_names, table.columns)},
}, sys.stdout)`;

interface ReadTable {
  readonly groups: readonly number[];
  readonly types: Readonly<Record<string, string>>;
  readonly columns: Readonly<Record<string, readonly (number | boolean | null)[]>>;
}

test('a table of Parquet holds, as Arrow reads it, what the lines of JSON hold', { skip: NO_PYARROW }, async () => {
  const images = ['light.tif', 'heights.tif'].map(inFolder);
  const spec = { labels: inFolder('labels.tif'), images };
  const result = await measureLabels({ ...spec, output: inFolder('table.parquet') });
  await measureLabels({ ...spec, output: inFolder('table.jsonl') });
  const lines = readFileSync(inFolder('table.jsonl'), 'utf8').trimEnd().split('\n');
  const rows = lines.filter((_, i) => i % 997 === 0).map((line) => JSON.parse(line) as Record<string, unknown>);
  const { groups, types, columns } = pythonJson(READ, inFolder('table.parquet')) as ReadTable;
  assert.deepEqual(Object.keys(columns), result.columns);
  const whole = Math.floor(2 ** 19 / result.columns.length);
  const left = (SIZE.width * SIZE.height) % whole;
  assert.deepEqual(groups, [whole, whole, whole, left]);
  for (const [name, values] of Object.entries(columns)) {
    assert.deepEqual(
      values,
      rows.map((row) => row[name]),
      name,
    );
  }
  const { label, touchesBorder, 'light.sum': sum, 'light.mean': mean, 'heights.max': max } = types;
  assert.deepEqual(
    { label, touchesBorder, sum, mean, max },
    {
      ...{ label: 'int64', touchesBorder: 'bool', sum: 'int64', mean: 'double', max: 'double' },
    },
  );
});
