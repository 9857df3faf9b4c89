import assert from 'node:assert/strict';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, statSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { GDAL_MISSING, gdalInfo, gdalPixels } from '../support/gdal.js';
import { missingModules, pythonJson } from '../support/python.js';
import { halotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';

const folder = scratchFolder();
const output = join(folder, 'out.tif');
const NO_WRITER = missingModules('zarr', 'ome_zarr') || GDAL_MISSING;

function copied(input: string, to: string, ...flags: string[]) {
  return halotile('process', input, '-o', to, '--op', 'box:radius=0', '--quiet', ...flags);
}

/** Files by zarr-python and ome-zarr, with the interleaved samples of each as raw files. */
const WRITE = `
import sys, os, numpy as np, zarr
from ome_zarr.writer import write_image
from ome_zarr.format import FormatV04, FormatV05
root = sys.argv[1]; random = np.random.default_rng(7)
def raw(name, samples): samples.astype(samples.dtype.newbyteorder('<')).tofile(os.path.join(root, name + '.raw'))
deep = random.integers(0, 65535, (2, 700, 610), dtype=np.uint16)
write_image(deep, zarr.open_group(os.path.join(root, 'blosc.ome.zarr'), mode='w', zarr_format=2), fmt=FormatV04(), axes='cyx', storage_options=dict(chunks=(1, 300, 256)))
write_image(deep, zarr.open_group(os.path.join(root, 'zstd.zarr'), mode='w', zarr_format=3), fmt=FormatV05(), axes='cyx')
for name in ['blosc.ome', 'zstd']: raw(name, np.moveaxis(deep, 0, -1))
rgb = random.integers(0, 255, (333, 444, 3), dtype=np.uint8)
zarr.save_array(os.path.join(root, 'rgb.zarr'), rgb, zarr_format=3); raw('rgb', rgb)
sharded = zarr.create_array(os.path.join(root, 'sharded.zarr'), shape=rgb.shape, dtype='uint8', chunks=(100, 64, 3), shards=(200, 192, 3), compressors=zarr.codecs.GzipCodec(level=5))
sharded[:] = rgb; raw('sharded', rgb)
signed = random.integers(-300, 300, (50, 60)).astype('>i2')
zarr.save_array(os.path.join(root, 'signed.zarr'), signed, zarr_format=2); raw('signed', signed.astype('<f4'))
planes = random.random((2, 2, 3, 60, 70)).astype('f4')
write_image(planes, zarr.open_group(os.path.join(root, 'planes.zarr'), mode='w', zarr_format=3), fmt=FormatV05(), axes='tczyx')
raw('planes', np.moveaxis(planes[1, :, 1], 0, -1))
labels = random.integers(0, 2**32, (70, 80), dtype=np.int64)
zarr.save_array(os.path.join(root, 'labels.zarr'), labels, zarr_format=3); raw('labels', labels.astype('<f4'))
first = zarr.create_array(os.path.join(root, 'first.zarr'), shape=rgb.shape, dtype='uint8', chunks=(100, 64, 3), shards=dict(shape=(200, 192, 3), index_location='start'))
first[:] = rgb; raw('first', rgb)
halves = random.normal(0, 100, (70, 80)).astype('f2'); halves[3, 4] = np.nan
for version in [2, 3]:
    half = zarr.create_array(os.path.join(root, f'half{version}.zarr'), shape=halves.shape, dtype='f2', chunks=(32, 32), fill_value=-1.5, zarr_format=version)
    half[:32] = halves[:32]; raw(f'half{version}', np.vstack([halves[:32], np.full((38, 80), -1.5)]).astype('<f4'))
    bools = zarr.create_array(os.path.join(root, f'bool{version}.zarr'), shape=halves.shape, dtype=bool, chunks=(32, 32), fill_value=True, zarr_format=version)
    bools[:32] = halves[:32] > 0; raw(f'bool{version}', np.vstack([halves[:32] > 0, np.ones((38, 80), bool)]).astype('u1'))
zarr.save_array(os.path.join(root, 'complex.zarr'), np.zeros((5, 5), 'c8'), zarr_format=3)
zarr.create_array(os.path.join(root, 'short.zarr'), shape=rgb.shape, dtype='uint8', chunks=(333, 222, 3), compressors=None)[:] = rgb
os.truncate(os.path.join(root, 'short.zarr/c/0/1/0'), 100000)
zarr.open_group(os.path.join(root, 'group.zarr'), mode='w', zarr_format=3)
print('null')`;

before(() => {
  if (NO_WRITER === false) pythonJson(WRITE, folder);
});

for (const [name, bands, ...flags] of [
  ['blosc.ome', 2],
  ['zstd', 2],
  ['rgb', 3],
  ['sharded', 3],
  ['signed', 1],
  ['labels', 1],
  ['first', 3],
  ['half2', 1],
  ['half3', 1],
  ['bool2', 1],
  ['bool3', 1],
  // The second time point's second z-plane.
  ['planes', 2, '--page', '5'],
] as const) {
  test(`samples of ${name}.zarr are those that were written`, { skip: NO_WRITER }, async () => {
    const { code, stderr } = await copied(join(folder, `${name}.zarr`), output, ...flags);
    assert.equal(code, 0, stderr);
    const { bands: found } = gdalInfo(output);
    assert.equal(found.length, bands);
    assert.equal(found[0]!.colorInterpretation, bands === 3 ? 'Red' : 'Gray');
    assert.deepEqual(gdalPixels(output), new Uint8Array(readFileSync(join(folder, `${name}.raw`))));
  });
}

test('what is no image is refused in a sentence', { skip: NO_WRITER }, async () => {
  const refused = join(folder, 'refused.tif');
  for (const [name, words] of [
    ['complex', /complex/],
    ['short', /the chunk at pixel \(222, 0\) holds 100000 samples; expected 221778/],
    ['group', /a Zarr group that is no image; expected an array, or a group with multiscales/],
    ['planes', /the image has 6 planes; expected --page N, from 1 to 6/],
  ] as const) {
    const { code, stderr } = await copied(join(folder, `${name}.zarr`), refused);
    assert.equal(code, 2, stderr);
    assert.match(stderr, words);
    assert.ok(!existsSync(refused));
  }
});

test('what halotile writes it reads: samples, colours and the size of a pixel', { skip: GDAL_MISSING }, async () => {
  const input = join(folder, 'in.tif');
  const random = noise(3);
  const tags = [282, 283].map((tag) => ({ tag, type: 5, values: [20_000, 1] }) as const);
  writeTiff(
    input,
    imageOf({ width: 700, height: 300 }, { dtype: 'uint8', channels: 3 }, () => random(256)),
    {},
    { tags: [...tags, { tag: 296, type: 3, values: [3] }] },
  );
  const own = join(folder, 'own.zarr');
  assert.equal((await copied(input, own, '--block', '64')).code, 0);
  // A pattern leads to it, and so does its folder.
  const many = await copied(join(folder, 'ow*.zarr'), join(folder, 'many'));
  assert.equal(many.code, 0, many.stderr);
  const back = join(folder, 'many', 'own.tif');
  assert.deepEqual(gdalPixels(back), gdalPixels(input));
  const { bands, metadata } = gdalInfo(back);
  assert.equal(bands[0]!.colorInterpretation, 'Red');
  assert.equal(metadata['']!.TIFFTAG_XRESOLUTION, '20000');
  const inspected = JSON.parse((await halotile('inspect', '--json', own)).stdout) as { kind: string; width: number };
  assert.deepEqual([inspected.kind, inspected.width], ['Zarr', 700]);
  const over = await copied(own, own);
  assert.equal(over.code, 2);
  assert.match(over.stderr, /the output is also an input/);
  const sent = await copied(own, output, '--coordinator', '127.0.0.1:1');
  assert.match(sent.stderr, /a Zarr folder is not uploaded.*name it root:NAME\/PATH/);
  const shard = join(own, '0/c/0/0/0');
  const file = openSync(shard, 'r+');
  writeSync(file, Buffer.alloc(64, 0xa5), 0, 64, 20);
  closeSync(file);
  const damaged = await copied(own, join(folder, 'damaged.tif'));
  assert.equal(damaged.code, 2);
  assert.match(damaged.stderr, /own\.zarr: no Zarr image that can be read/);
  truncateSync(shard, statSync(shard).size - 3000);
  const cut = await copied(own, join(folder, 'damaged.tif'));
  assert.equal(cut.code, 2, cut.stderr);
  assert.ok(!readdirSync(folder).some((name) => name.startsWith('damaged')));
});
