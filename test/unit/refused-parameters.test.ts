import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseOperation } from '../../library/parse-operation.js';
import { ERROR_TABLE } from '../../tiling/error-table.js';
import { HalotileError } from '../../tiling/errors.js';
import { OPERATIONS } from '../../tiling/operations/index.js';
import { imageOf } from '../conformance/box-tiles.js';
import { runEngine } from '../support/engine.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';

const folder = scratchFolder();
const outputs = join(folder, 'outputs');
const SIZE = { width: 100, height: 80 };

/** Text files that parameters name. */
const FILES: Readonly<Record<string, string>> = {
  'ragged.txt': '101\n11\n',
  'empty.txt': '',
  'zeros.txt': '000\n000\n',
  'letters.txt': '1a1\n',
  'wide.txt': `${'1'.repeat(5000)}\n`,
  'tall.txt': '1\n'.repeat(5000),
  'words.csv': '0\nmany\n',
  'endless.csv': '0\nInfinity\n',
  'single.csv': '5\n',
  'uneven.csv': '1,2,3\n1,2\n',
  'columns.csv': '0,0\n9,9\n',
  'solid.cube': 'LUT_3D_SIZE 2\n',
  'short.cube': 'LUT_1D_SIZE 4\n0 0 0\n1 1 1\n',
  'text.wasm': 'no module, only words\n',
};

before(() => {
  mkdirSync(outputs);
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
  for (const [name, channels, size] of [
    ['image.tif', 3, SIZE],
    ['two.tif', 2, SIZE],
    ['small.tif', 3, { width: 10, height: 8 }],
  ] as const) {
    writeTiff(
      join(folder, name),
      imageOf(size, { dtype: 'uint8', channels }, (x, y) => (x * y) & 255),
    );
  }
  writeFileSync(join(folder, 'huge.txt'), '1');
  truncateSync(join(folder, 'huge.txt'), 65 << 20);
});

/** What no number parameter takes. */
const NO_NUMBERS = ['abc', 'NaN', 'Infinity', '1e999', '3px'];
const NO_WHOLE_NUMBERS = [...NO_NUMBERS, '1.5'];
const NO_FLAGS = ['yes', '1', 'True'];
const NO_FOOTPRINTS = [
  ...['circle:3', 'disk:-1', 'disk:1.5', 'disk:', 'disk', 'disk:99999', 'disk:70'],
  ...['rect:0x3', 'rect:3', 'rect:3x', 'rect:5000x1', 'bits:2x2:0000', 'bits:3x3:01', 'mask:'],
  ...['missing.txt', 'ragged.txt', 'empty.txt', 'zeros.txt', 'letters.txt', 'wide.txt', 'tall.txt', 'huge.txt'].map(
    (name) => `mask:${join(folder, name)}`,
  ),
  `mask:${folder}`,
];

const MODULE = `module=${fileURLToPath(new URL('../../examples/kernels/max-row.wasm', import.meta.url))}`;

/** Operation, parameter, values that it refuses, and what else stands beside it. */
const REFUSED: readonly (readonly [string, string, readonly string[], string?])[] = [
  ['box', 'radius', [...NO_WHOLE_NUMBERS, '-1', '65536', '1e9']],
  ['gaussian', 'sigma', [...NO_NUMBERS, '-0.1', '1025']],
  ['gaussian', 'sigma', ['40'], 'quality=exact'],
  ['gaussian', 'truncate', [...NO_NUMBERS, '0', '-4', '17'], 'sigma=2'],
  ['gaussian', 'ksize', [...NO_WHOLE_NUMBERS, '0', '-3', '4', '4097', '201'], 'sigma=2'],
  ['gaussian', 'ksize', ['5']],
  ['gaussian', 'quality', ['best', 'FAST'], 'sigma=2'],
  ['iterated-box', 'sigma', [...NO_NUMBERS, '-1', '1025', '30']],
  ['iterated-box', 'k', [...NO_WHOLE_NUMBERS, '1', '4', '-3', '4097'], 'sigma=1'],
  ['iterated-box', 'rounds', [...NO_WHOLE_NUMBERS, '-1', '1e9'], 'sigma=1'],
  ...['max', 'min', 'median', 'mean', 'std', 'variance'].map((name) => [name, 'footprint', NO_FOOTPRINTS] as const),
  ...['open', 'close', 'morph-gradient', 'top-hat', 'black-hat'].map(
    (name) => [name, 'footprint', [...NO_FOOTPRINTS, 'reflected:disk:2']] as const,
  ),
  // Twice the extent is read, by two extrema one after the other.
  ...['open', 'close', 'top-hat', 'black-hat'].map((name) => [name, 'footprint', ['disk:40']] as const),
  ['percentile', 'footprint', NO_FOOTPRINTS, 'percentile=50'],
  ['percentile', 'percentile', [...NO_NUMBERS, '-1', '100.5']],
  ...['mean', 'std', 'variance'].map(
    // An even window has no radius, and reads a halo.
    (name) => [name, 'window', [...NO_WHOLE_NUMBERS, '0', '-3', '200', '4096', '131073']] as const,
  ),
  ...['mean', 'std', 'variance'].map((name) => [name, 'window', ['3'], 'footprint=disk:2'] as const),
  ...['std', 'variance'].map((name) => [name, 'ddof', [...NO_WHOLE_NUMBERS, '-1', '2']] as const),
  ...['std', 'variance'].map((name) => [name, 'dtype', ['uint8', 'float64']] as const),
  ['nlm', 'patch', [...NO_WHOLE_NUMBERS, '0', '2', '-3', '33']],
  ['nlm', 'window', [...NO_WHOLE_NUMBERS, '0', '4', '-3', '103']],
  ['nlm', 'h', [...NO_NUMBERS, '0', '-1']],
  ['nlm', 'sigma', [...NO_NUMBERS, '-1']],
  ['gamma', 'gamma', [...NO_NUMBERS, '0', '-1']],
  ['gamma', 'gain', [...NO_NUMBERS, '-1'], 'gamma=1'],
  ...['black', 'low', 'high'].map((param) => ['levels', param, NO_NUMBERS] as const),
  ['levels', 'white', [...NO_NUMBERS, '5', '4'], 'black=5'],
  ['levels', 'gamma', [...NO_NUMBERS, '0', '-1']],
  [
    'lut',
    'table',
    ['missing.csv', 'words.csv', 'endless.csv', 'single.csv', 'uneven.csv', 'columns.csv', 'solid.cube', 'short.cube']
      .concat('empty.txt', 'image.tif', 'huge.txt', '.')
      .map((name) => join(folder, name)),
  ],
  ['flat-field', 'flat', ['-1', '0', ...['missing.tif', 'two.tif', 'small.tif', 'ragged.txt'].map(inFolder)]],
  ['flat-field', 'dark', ['200', '300', ...['missing.tif', 'two.tif', 'small.tif'].map(inFolder)], 'flat=200'],
  ['flat-field', 'scale', NO_NUMBERS, 'flat=200'],
  ['threshold', 'method', ['best', 'Otsu']],
  ['threshold', 'value', NO_NUMBERS],
  ['threshold', 'window', [...NO_WHOLE_NUMBERS, '0', '4', '-3', '4097', '201'], 'method=niblack'],
  ['threshold', 'k', NO_NUMBERS, 'method=sauvola'],
  ['threshold', 'r', [...NO_NUMBERS, '0', '-1'], 'method=sauvola'],
  ...['low', 'high'].map((param) => ['threshold', param, NO_NUMBERS, 'value=1'] as const),
  ['row-ema', 'alpha', [...NO_NUMBERS, '0', '-0.5', '1.1']],
  ['downscale', 'factor', [...NO_WHOLE_NUMBERS, '0', '-2', '65537']],
  ['downscale', 'factor', ['2'], 'size=3x3'],
  ['downscale', 'size', ['3', '3x', '-3x4', '0x3', '3x0', '1.5x2', 'axb']],
  ['downscale', 'method', ['cubic'], 'factor=2'],
  ['palette', 'colours', [...['missing.json', 'image.tif', 'text.wasm'].map(inFolder), '#12345', 'red']],
  ['palette', 'target', ['missing.gpl', 'image.tif'].map(inFolder), 'colours=#102030'],
  ['palette', 'dtype', ['float32', 'byte'], 'colours=#102030'],
  ['palette', 'space', ['lab', 'Oklab', '1'], 'colours=#102030'],
  ['palette', 'space', ['oklab'], 'colours=#102030,dither=ordered'],
  ['palette', 'dither', ['floyd-steinberg', 'bayer', '1'], 'colours=#102030'],
  ['palette', 'size', ['3', '3x', '0x3'], 'colours=#102030'],
  ['custom', 'module', ['missing.wasm', 'text.wasm', 'image.tif', 'huge.txt', '.'].map(inFolder)],
  ['custom', 'footprint', NO_FOOTPRINTS, MODULE],
  ['custom', 'weights', ['missing.txt', 'letters.txt'].map(inFolder), MODULE],
  ['custom', 'data', ['a;b', '1;2;x'], MODULE],
  ['custom', 'limitMs', [...NO_NUMBERS, '0', '-1'], MODULE],
  ...['distance', 'label'].map((name) => [name, 'from', ['grey', 'White', '1']] as const),
  ['distance', 'metric', ['manhattan', '2']],
  ...['signed', 'squared'].map((param) => ['distance', param, NO_FLAGS] as const),
  ['distance', 'squared', ['true'], 'signed=true'],
  ['distance', 'squared', ['true'], 'metric=taxicab'],
  ...['dx', 'dy', 'cap', 'scale'].map((param) => ['distance', param, [...NO_NUMBERS, '0', '-1']] as const),
  // The image states no size of its pixels.
  ...['dx', 'dy'].map((param) => ['distance', param, ['file', 'File']] as const),
  ['distance', 'dtype', ['float64', 'byte']],
  ...['label', 'fill-holes'].map((name) => [name, 'connectivity', [...NO_WHOLE_NUMBERS, '6', '0']] as const),
  ['label', 'minArea', [...NO_WHOLE_NUMBERS, '0', '-1']],
  ...['dropBorder', 'largest'].map((param) => ['label', param, NO_FLAGS] as const),
  ['fill-holes', 'value', NO_NUMBERS],
];

/** Whole operations that are refused. */
const REFUSED_TEXTS = [
  ...['swirl', 'Box:radius=1', ':radius=3', ''],
  ...['box', 'gaussian', 'iterated-box', 'percentile', 'gamma', 'lut', 'flat-field', 'threshold', 'row-ema'],
  ...['downscale', 'custom', 'box:radius', 'box:radius=', 'box:=3', 'box:radius=3,radius=4', 'box:radius=3,,'],
  ...[
    'box:radius=3,border=wrap',
    'box:radius=3,border=',
    'box:radius=3,border=CLIP',
    'box:radius=3,border=clip,border=clip',
  ],
  ...['abc', 'NaN', '1e999'].map((value) => `box:radius=3,border=constant,constant=${value}`),
];

function inFolder(name: string): string {
  return join(folder, name);
}

/** The job must be refused while it is planned, in one sentence, and leave nothing. */
async function assertRefused(text: string): Promise<string> {
  const failure = await planned(text).then(
    () => assert.fail(`--op ${text} was accepted`),
    (error: unknown) => error,
  );
  assert.ok(failure instanceof HalotileError, `--op ${text}: ${failure}`);
  const { tag, message } = failure;
  assert.equal(ERROR_TABLE[tag].exitCode, 2, `--op ${text}: ${message}`);
  const said = message.replaceAll(folder, '');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal should never get
  assert.doesNotMatch(said, /[\x00-\x1f]|undefined|\[object|received|Invalid input|at .*\.js:\d/, text);
  assert.ok(said.length < 330, `--op ${text}: ${said.length} characters: ${said}`);
  assert.deepEqual(readdirSync(outputs), [], text);
  return said;
}

async function planned(text: string): Promise<void> {
  const operations = [parseOperation(text)];
  const spec = { image: join(folder, 'image.tif'), output: join(outputs, 'out.tif'), operations, tile: 64, block: 64 };
  await runEngine(spec, {
    onPlan: () => {
      throw new Error('a plan was made');
    },
  });
}

for (const [name, param, values, beside] of REFUSED) {
  test(`${name}:${param}${beside === undefined ? '' : ' beside other parameters'} refuses what it cannot take`, async () => {
    for (const value of values) {
      const said = await assertRefused(`${name}:${param}=${value}${beside === undefined ? '' : `,${beside}`}`);
      const names = [name, param, basename(value), 'footprint', 'mask', 'a file'];
      assert.ok(
        names.some((word) => said.includes(word)),
        `${name}:${param}=${value}: ${said}`,
      );
    }
  });
}

test('what is no operation, or lacks something, is refused', async () => {
  for (const text of REFUSED_TEXTS) await assertRefused(text);
});

test('the table knows every parameter of every operation', () => {
  // What a table held is filled in by the planner.
  const inner = new Set(['lut.values']);
  const known = new Set(REFUSED.map(([name, param]) => `${name}.${param}`));
  for (const { name, params } of Object.values(OPERATIONS)) {
    for (const param of Object.keys(params.shape)) {
      const both = `${name}.${param}`;
      assert.ok(known.has(both) || inner.has(both), `${both} has no refused value`);
    }
  }
});
