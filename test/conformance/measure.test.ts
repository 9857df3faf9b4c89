import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { describeTablePlan } from '../../cli/describe-table-plan.js';
import { RecordStore } from '../../coordinator/measure/record-store.js';
import { HalotileError, measureLabels, runJob } from '../../index.js';
import { parseOperation } from '../../library/parse-operation.js';
import { parseJobSpec } from '../../library/parse-specs.js';
import { planTable } from '../../library/plan-table.js';
import { type Figure, figuresOf } from '../../tiling/measure/figures.js';
import type { TileRaster } from '../../worker/kernels/kernel.js';
import { RegionRecords } from '../../worker/kernels/measure/region-records.js';
import { type LabelPixels, type MeasuredImage, pixelsOfLabels } from '../../worker/kernels/reference/measure.js';
import { readLevels } from '../support/output-levels.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { type FileLayout, writeTiff } from '../support/tiff-file.js';
import { imageOf, noise } from './box-tiles.js';
import { type PackedRaster, unpack } from './packed-golden.js';

interface MeasureGoldens {
  readonly nodata: number;
  readonly labels: PackedRaster;
  readonly u8: PackedRaster;
  readonly u16: PackedRaster;
  readonly f32: PackedRaster;
  readonly rows: readonly (readonly (number | boolean | null)[])[];
}

const goldens = JSON.parse(
  readFileSync(new URL('../../../test/fixtures/measure/goldens.json', import.meta.url), 'utf8'),
) as MeasureGoldens;
const folder = scratchFolder();
const inFolder = (name: string) => join(folder, name);
const LAYOUTS: Readonly<Record<string, FileLayout>> = {
  strips: {},
  tiles: { tile: 16, deflate: true },
  'compressed strips': { rowsPerStrip: 7, deflate: true },
};

before(() => {
  for (const [layout, lies] of Object.entries(LAYOUTS)) {
    for (const name of ['labels', 'u8', 'u16', 'f32'] as const) {
      const metadata = name === 'u16' ? { nodata: goldens.nodata } : {};
      writeTiff(inFolder(`${name} ${layout}.tif`), unpack(goldens[name]), lies, metadata);
    }
  }
});

/** Equal, but for the last digits of means and deviations. */
function assertFigures(said: readonly unknown[], expected: readonly unknown[], where: string): void {
  assert.equal(said.length, expected.length, where);
  for (const [i, figure] of expected.entries()) {
    if (typeof figure !== 'number' || Number.isInteger(figure)) assert.equal(said[i], figure, `${where}, figure ${i}`);
    else assert.ok(Math.abs((said[i] as number) - figure) <= 1e-12 * Math.abs(figure) + 1e-9, `${where}, figure ${i}`);
  }
}

for (const layout of Object.keys(LAYOUTS)) {
  test(`labels in ${layout} measure as scikit-image and SciPy measure them`, async () => {
    const images = ['u8', 'u16', 'f32'].map((name) => inFolder(`${name} ${layout}.tif`));
    const labels = inFolder(`labels ${layout}.tif`);
    const output = inFolder(`${layout}.jsonl`);
    const result = await measureLabels({ labels, images, output }, { threads: 2 });
    const lines = readFileSync(output, 'utf8').trimEnd().split('\n');
    assert.equal(result.labels, goldens.rows.length);
    assert.equal(lines.length, goldens.rows.length);
    for (const [i, line] of lines.entries()) {
      const fields = JSON.parse(line) as Record<string, unknown>;
      assert.deepEqual(Object.keys(fields), result.columns);
      assertFigures(Object.values(fields), goldens.rows[i]!, `label ${goldens.rows[i]![0]}`);
    }
    const csv = inFolder(`${layout}.csv`);
    await measureLabels({ labels, images, output: csv }, { threads: 1 });
    const [head, first] = readFileSync(csv, 'utf8').split('\n');
    assert.equal(head, result.columns.join(','));
    const written = Object.values(JSON.parse(lines[0]!) as Record<string, unknown>);
    assert.equal(first, written.map((value) => (value === null ? 'nan' : String(value))).join(','));
  });
}

/** The figures of a label by their definitions, in whole numbers where the samples are. */
function definedFigures(label: number, { pixels, samples }: LabelPixels, size: { width: number; height: number }) {
  const [xs, ys] = [pixels.map(({ x }) => x), pixels.map(({ y }) => y)];
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const figures: Figure[] = [label, pixels.length, left, top, right - left + 1, bottom - top + 1, mean(xs), mean(ys)];
  figures.push(left === 0 || top === 0 || right === size.width - 1 || bottom === size.height - 1);
  for (const of of samples) {
    const middle = mean(of);
    const spread = Math.sqrt(mean(of.map((value) => (value - middle) ** 2)));
    figures.push(of.length, middle, of.length === 0 ? Number.NaN : Math.min(...of));
    figures.push(of.length === 0 ? Number.NaN : Math.max(...of), of.length === 0 ? 0 : middle * of.length, spread);
  }
  return figures;
}

test('records of any parts, held or stored, merge into the figures by their definitions', async () => {
  const random = noise(5);
  const size = { width: 37, height: 29 };
  const labels = imageOf(size, { dtype: 'uint16', channels: 1 }, (x, y) =>
    random(5) === 0 ? 9 + random(40) : Math.floor(x / 9) + 5 * Math.floor(y / 8),
  );
  const measured: MeasuredImage[] = [
    { raster: imageOf(size, { dtype: 'uint16', channels: 2 }, () => 65535 - random(3)), nodata: [65533, null] },
    { raster: imageOf(size, { dtype: 'float32', channels: 1 }, () => 1000 + random(1000) / 999) },
  ];
  const channels = [true, true, false];
  const expected = [...pixelsOfLabels(labels, 7, measured)].sort(([a], [b]) => a - b);
  for (const [side, heldBytes] of [
    [64, 1e9],
    [8, 1e9],
    [5, 20_000],
    [3, 1],
  ] as const) {
    const store = new RecordStore({ folder: inFolder('runs'), channels, heldBytes });
    for (let y = 0; y < size.height; y += side) {
      for (let x = 0; x < size.width; x += side) {
        const rect = { x, y, width: Math.min(side, size.width - x), height: Math.min(side, size.height - y) };
        const records = new RegionRecords(cropped(labels, rect), 7, channels);
        records.add(cropped(measured[0]!.raster, rect), measured[0]!.nodata, 0);
        records.add(cropped(measured[1]!.raster, rect), undefined, 2);
        await store.add(records.sorted());
      }
    }
    let count = 0;
    for await (const record of store.records()) {
      const [label, region] = expected[count++]!;
      const said = figuresOf(record, channels, size).map((figure) =>
        typeof figure === 'bigint' ? Number(figure) : figure,
      );
      const defined = definedFigures(label, region, size);
      assert.deepEqual(said.slice(0, 6), defined.slice(0, 6), `parts of ${side}`);
      for (const [i, figure] of said.entries()) {
        const wanted = defined[i]!;
        if (typeof figure !== 'number') assert.equal(figure, wanted);
        else
          assert.ok(Object.is(figure, wanted) || Math.abs(figure - Number(wanted)) < 1e-6, `${i}: ${figure} ${wanted}`);
      }
    }
    assert.equal(count, expected.length);
    store.close();
  }
  assert.deepEqual(readdirSync(inFolder('runs')), []);
});

function cropped({ samples, dtype, channels, stride }: TileRaster, rect: TileRaster['rect']): TileRaster {
  return {
    ...imageOf(rect, { dtype, channels }, (x, y, c) => samples[(y + rect.y) * stride + (x + rect.x) * channels + c]!),
    rect,
  };
}

test('what cannot be measured is refused in one sentence, and nothing is written', async () => {
  const labels = inFolder('labels strips.tif');
  writeTiff(
    inFolder('small.tif'),
    imageOf({ width: 5, height: 5 }, { dtype: 'uint8', channels: 1 }, () => 1),
  );
  writeFileSync(inFolder('text.tif'), 'no image');
  writeFileSync(inFolder('kept.csv'), 'mine');
  const cases: readonly (readonly [Parameters<typeof measureLabels>[0], RegExp])[] = [
    [{ labels, output: inFolder('kept.xlsx') }, /\.csv, \.jsonl or \.parquet/],
    [{ labels: inFolder('f32 strips.tif'), output: inFolder('kept.csv') }, /one channel of whole numbers/],
    [{ labels: inFolder('u8 strips.tif'), output: inFolder('kept.csv') }, /3 channels/],
    [{ labels, images: [inFolder('small.tif')], output: inFolder('kept.csv') }, /5×5.*53×45/],
    [{ labels, images: [inFolder('text.tif')], output: inFolder('kept.csv') }, /text\.tif/],
    [{ labels, images: [inFolder('missing.tif')], output: inFolder('kept.csv') }, /missing\.tif/],
    [{ labels, images: [inFolder('kept.csv')], output: inFolder('kept.csv') }, /kept\.csv/],
    [{ labels, output: inFolder('nowhere/table.csv') }, /nowhere/],
  ];
  for (const [spec, message] of cases) {
    await assert.rejects(measureLabels(spec), (error: unknown) => {
      assert.ok(error instanceof HalotileError, `${error}`);
      assert.match(error.message, message);
      return true;
    });
  }
  assert.equal(readFileSync(inFolder('kept.csv'), 'utf8'), 'mine');
  assert.ok(!existsSync(inFolder('kept.xlsx')));
  const left = readdirSync(folder).filter((name) => name.includes('halotile-measure'));
  assert.deepEqual(left, []);
});

test('what masks hide of labels is of none, and of images is not counted', async () => {
  const fixture = (name: string) => fileURLToPath(new URL(`../../../test/fixtures/mask/${name}`, import.meta.url));
  const { cases } = JSON.parse(readFileSync(fixture('goldens.json'), 'utf8')) as {
    readonly cases: readonly { readonly file: string; readonly mask: string }[];
  };
  const maskOf = (file: string) => Buffer.from(cases.find((each) => each.file === file)!.mask, 'base64');
  const measured = async (labels: string, image: string) => {
    const output = inFolder('masked.jsonl');
    await measureLabels({ labels, images: [image], output }, { threads: 1 });
    return readFileSync(output, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => Object.values(JSON.parse(line)));
  };
  // Which pixels are seen, and their samples, as labels and as an image.
  const seen = maskOf('strips.tif');
  const [labels] = await readLevels(fixture('strips.tif'));
  const plain = { ...labels!, samples: labels!.samples.map((label, i) => (seen[i] === 0 ? 0 : label)) };
  writeTiff(inFolder('seen.tif'), plain);
  for (const name of ['strips.tif', 'float.tif']) {
    const [image] = await readLevels(fixture(name));
    const mask = maskOf(name);
    const channels = image!.channels;
    // A value that no pixel has.
    let nodata = 1;
    while (image!.samples.includes(nodata)) nodata++;
    const samples = image!.samples.map((value, i) => (mask[Math.floor(i / channels)] === 0 ? nodata : value));
    writeTiff(inFolder(name), { ...image!, samples }, {}, { nodata });
    const rows = await measured(fixture('strips.tif'), fixture(name));
    assert.ok(seen.includes(0) && mask.includes(0) && rows.length > 1);
    assert.deepEqual(rows, await measured(inFolder('seen.tif'), inFolder(name)));
  }
});

test('the plan of a table says which parts and columns there will be, of labels that are there and of those to be made', async () => {
  const at = (name: string) => inFolder(`${name} strips.tif`);
  const measured = { measure: { images: [at('u8'), at('f32')] }, output: inFolder('planned.csv'), tile: 16 };
  const chain = ['threshold:value=90', 'label', 'downscale:factor=2'].map(parseOperation);
  for (const [image, operations] of [
    [at('labels'), []],
    [at('u16'), chain.slice(0, 2)],
  ] as const) {
    const spec = parseJobSpec({ image, ...measured, operations: [...operations] });
    const planned = await planTable(spec, { threads: 1 }, {});
    assert.equal(existsSync(spec.output), false);
    const { tiles, table } = await runJob(spec, { threads: 1 });
    assert.deepEqual([planned.parts.count, planned.columns], [tiles.total, table!.columns]);
    assert.equal(planned.labels?.operations.length, operations.length === 0 ? undefined : operations.length);
    assert.match(describeTablePlan(planned), /parts {7}\d+ of 16×16 are measured/);
    rmSync(spec.output);
  }
  // Labels of another size than what is measured under them.
  const scaled = parseJobSpec({ image: at('u16'), ...measured, operations: chain });
  await assert.rejects(planTable(scaled, { threads: 1 }, {}), /53×45 pixels; expected 2\d×2\d pixels, as the labels/);
});
