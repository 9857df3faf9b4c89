import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as after } from 'node:timers/promises';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { missingModules, pythonJson } from '../support/python.js';
import { halotile, startHalotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { type FileMetadata, writeTiff } from '../support/tiff-file.js';

const folder = scratchFolder();
const input = join(folder, 'in.tif');
const output = join(folder, 'out.ome.zarr');
const NO_ZARR = missingModules('zarr', 'tifffile', 'imagecodecs');
const NO_VALIDATOR = missingModules('zarr', 'ome_zarr', 'ome_zarr_models');
/** Blocks so small that levels 0 and 1 are several shards. */
const BLOCKS = ['--block', '32', '--tile', '128'];

interface Made extends FileMetadata {
  readonly dtype?: 'uint8' | 'uint16' | 'float32';
  readonly channels?: number;
  readonly size?: { readonly width: number; readonly height: number };
}

function makeInput({ dtype = 'uint8', channels = 3, size = { width: 700, height: 500 }, ...metadata }: Made): void {
  const random = noise(channels);
  writeTiff(
    input,
    imageOf(size, { dtype, channels }, () => random(255)),
    {},
    metadata,
  );
}

function run(to: string, ...flags: string[]) {
  return halotile('process', input, '-o', to, '--op', 'box:radius=1', '--quiet', ...flags);
}

async function made(to: string, ...flags: string[]): Promise<string> {
  const { code, stderr } = await run(to, ...BLOCKS, ...flags);
  assert.equal(code, 0, stderr);
  return to;
}

const SAME = `
import json, sys, zarr, tifffile
import numpy as np
group = zarr.open_group(sys.argv[1], mode='r')
levels = [group[str(level)] for level in range(len(list(group.arrays())))]
def same(array, page):
  samples = page.asarray()
  if samples.ndim == 2: samples = samples[..., None]
  return bool(np.array_equal(array[:], np.moveaxis(samples, -1, 0), equal_nan=samples.dtype.kind == 'f'))
json.dump({
  'same': [same(array, page) for array, page in zip(levels, tifffile.TiffFile(sys.argv[2]).pages)],
  'shapes': [array.shape for array in levels], 'shards': levels[0].shards, 'chunks': levels[0].chunks,
  'dtype': str(levels[0].dtype), 'names': levels[0].metadata.dimension_names, 'fill': str(levels[0].fill_value),
}, sys.stdout)`;

for (const [name, image, codec, fill] of [
  ['RGB, gzip', { channels: 3 }, 'deflate', '0'],
  ['RGBA, none', { channels: 4, alpha: 'unassociated' }, 'none', '0'],
  ['grey of 16 bits and nodata, gzip', { dtype: 'uint16', channels: 1, nodata: 7 }, 'deflate', '7'],
  ['five channels of float32 and NaN, gzip', { dtype: 'float32', channels: 5, nodata: Number.NaN }, 'deflate', 'nan'],
] as const) {
  test(`zarr-python reads the samples of the TIFF at every level: ${name}`, { skip: NO_ZARR }, async () => {
    makeInput(image);
    const zarr = await made(output, '--compression', codec);
    const plain = await made(join(folder, 'plain.tif'));
    const { channels } = image;
    const sizes = [0, 1, 2, 3, 4, 5].map((level) => [
      channels,
      ...[500, 700].map((side) => Math.ceil(side / 2 ** level)),
    ]);
    assert.deepEqual(pythonJson(SAME, zarr, plain), {
      ...{ same: sizes.map(() => true), shapes: sizes },
      ...{ shards: [channels, 256, 256], chunks: [channels, 32, 32] },
      ...{ dtype: 'dtype' in image ? image.dtype : 'uint8', names: ['c', 'y', 'x'], fill },
    });
  });
}

const VALIDATED = `
import json, sys, zarr
from ome_zarr.io import parse_url
from ome_zarr.reader import Reader
from ome_zarr_models import open_ome_zarr
image = open_ome_zarr(zarr.open_group(sys.argv[1], mode='r'))
(node, *_) = Reader(parse_url(sys.argv[1]))()
json.dump({
  'model': type(image).__module__, 'levels': [level.shape for level in node.data],
  'scales': [[each.get('scale', each.get('translation')) for each in level] for level in node.metadata['coordinateTransformations']],
  'units': [axis.get('unit') for axis in node.metadata['axes']], 'channels': node.metadata.get('channel_names'),
}, sys.stdout)`;

test('the metadata passes the validator of OME-Zarr 0.5 and says where levels lie', {
  skip: NO_VALIDATOR,
}, async () => {
  const resolution = [282, 283].map((tag) => ({ tag, type: 5, values: [20_000, 1] }) as const);
  makeInput({ size: { width: 70, height: 50 }, tags: [...resolution, { tag: 296, type: 3, values: [3] }] });
  assert.deepEqual(pythonJson(VALIDATED, await made(output)), {
    model: 'ome_zarr_models.v05.image',
    levels: [
      [3, 50, 70],
      [3, 25, 35],
      [3, 13, 18],
    ],
    scales: [
      [[1, 0.5, 0.5]],
      [
        [1, 1, 1],
        [0, 0.25, 0.25],
      ],
      [
        [1, 2, 2],
        [0, 0.75, 0.75],
      ],
    ],
    units: [null, 'micrometer', 'micrometer'],
    channels: ['red', 'green', 'blue'],
  });
});

test('what cannot be written is refused before any work', async () => {
  makeInput({ size: { width: 70, height: 50 } });
  const lossy = await run(join(folder, 'lossy.zarr'), '--compression', 'jpeg');
  assert.equal(lossy.code, 2);
  assert.match(lossy.stderr, /--compression jpeg of an OME-Zarr image.*expected deflate \(written as gzip\)/);
  const foreign = join(folder, 'foreign.zarr');
  mkdirSync(foreign);
  writeFileSync(join(foreign, 'zarr.json'), '{"zarr_format":3,"node_type":"group","attributes":{}}');
  const refused = await run(foreign);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /what halotile did not make/);
  assert.deepEqual(readdirSync(foreign), ['zarr.json']);
  await made(output);
  mkdirSync(join(output, 'labels'));
  assert.match((await run(output)).stderr, /what halotile did not make/);
  assert.ok(existsSync(join(output, 'labels')));
  rmSync(output, { recursive: true });
});

test('many images become OME-Zarr, and what is unchanged is not made again', { skip: NO_ZARR }, async () => {
  const many = join(folder, 'many');
  mkdirSync(many);
  const job = join(folder, 'job.json');
  makeInput({ size: { width: 70, height: 50 } });
  for (const name of ['a', 'b']) writeFileSync(join(many, `${name}.tif`), readFileSync(input));
  const operations = [{ name: 'box', params: { radius: 1 } }];
  writeFileSync(job, JSON.stringify({ images: many, output: join(folder, 'zarrs/{name}.zarr'), operations }));
  for (const reused of [0, 2]) {
    const { code, stdout, stderr } = await halotile('run', job, '--json');
    assert.equal(code, 0, stderr);
    assert.equal((JSON.parse(stdout) as { images: { reused: number } }).images.reused, reused);
  }
  const plain = join(folder, 'plain.tif');
  await run(plain);
  assert.deepEqual((pythonJson(SAME, join(folder, 'zarrs/b.zarr'), plain) as { same: unknown }).same, [true]);
});

test('a run that is killed while it writes leaves what was there, and the next one replaces it', {
  skip: NO_ZARR,
}, async (t) => {
  makeInput({ size: { width: 200, height: 100 } });
  await made(output);
  const before = readFileSync(join(output, 'zarr.json'), 'utf8');
  makeInput({ size: { width: 3000, height: 2000 } });
  const flags = ['--op', 'box:radius=1', '--quiet', '--block', '64'];
  const started = startHalotile('process', input, '-o', output, ...flags);
  const tree = join(`${output}.partial`, 'epoch-000001-tree');
  while (!existsSync(tree) && started.child.exitCode === null) await after(1);
  started.child.kill('SIGKILL');
  await started.ended;
  if (!existsSync(join(`${output}.partial`, 'job.json'))) return t.skip('it ended before it was killed');
  assert.equal(readFileSync(join(output, 'zarr.json'), 'utf8'), before);
  const { code, stdout, stderr } = await halotile(
    'process',
    input,
    '-o',
    output,
    ...flags.slice(0, 2),
    '--block',
    '64',
    '--json',
  );
  assert.equal(code, 0, stderr);
  assert.ok((JSON.parse(stdout) as { tiles: { resumed: number } }).tiles.resumed > 0);
  assert.ok(!existsSync(`${output}.partial`));
  const plain = join(folder, 'plain.tif');
  await run(plain);
  assert.equal((pythonJson(SAME, output, plain) as { same: boolean[] }).same[0], true);
});
