import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { openExecutor } from '../../library/executor.js';
import { runLocally } from '../../library/local-run.js';
import { machineOf } from '../../library/machine.js';
import { parseJobSpec } from '../../library/parse-specs.js';
import { readPlaces } from '../../threads/places/place-reader.js';
import { setPlaceSettings } from '../../threads/places/settings.js';
import { HalotileError } from '../../tiling/errors.js';
import { filesBelow } from '../../tiling/files-below.js';
import { inspectFile } from '../../tiling/sources/inspect.js';
import { GDAL_MISSING, gdalPixels } from '../support/gdal.js';
import { MotoServer, NO_MOTO, s3Error } from '../support/moto-server.js';
import { PlaceServer } from '../support/place-server.js';
import { missingModules, pythonJson } from '../support/python.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';

const folder = scratchFolder();
const skip = missingModules('zarr', 'ome_zarr') || GDAL_MISSING;
const server = await PlaceServer.start();
after(() => server.close());
const moto = NO_MOTO === false ? await MotoServer.start() : undefined;
after(() => moto?.close());
readPlaces();
setPlaceSettings({ s3: { endpoint: moto?.endpoint ?? '', pathStyle: true } });
Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret', AWS_REGION: 'us-east-1' });
const machine = machineOf({ threads: 1 });
const executor = await openExecutor(machine, 'wasm', {});
after(() => executor.close());
const output = join(folder, 'out.tif');

/** Images by zarr-python and ome-zarr, with the interleaved samples of each as raw files; one lacks a chunk. */
const WRITE = `
import sys, os, numpy as np, zarr
from ome_zarr.writer import write_image
from ome_zarr.format import FormatV04
root = sys.argv[1]; random = np.random.default_rng(7)
def raw(name, samples): samples.tofile(os.path.join(root, name + '.raw'))
deep = random.integers(0, 65535, (2, 700, 610), dtype=np.uint16)
write_image(deep, zarr.open_group(os.path.join(root, 'v2.ome.zarr'), mode='w', zarr_format=2), fmt=FormatV04(), axes='cyx', storage_options=dict(chunks=(1, 300, 256)))
raw('v2.ome', np.moveaxis(deep, 0, -1))
rgb = random.integers(0, 255, (333, 444, 3), dtype=np.uint8)
sharded = zarr.create_array(os.path.join(root, 'sharded.zarr'), shape=rgb.shape, dtype='uint8', chunks=(100, 64, 3), shards=(200, 192, 3), compressors=zarr.codecs.GzipCodec(level=5))
sharded[:] = rgb; raw('sharded', rgb)
sparse = zarr.create_array(os.path.join(root, 'sparse.zarr'), shape=rgb.shape, dtype='uint8', chunks=(333, 222, 3), fill_value=7)
sparse[:, :222] = rgb[:, :222]; rgb[:, 222:] = 7; raw('sparse', rgb)
print('null')`;
const NAMES = ['v2.ome', 'sharded', 'sparse'] as const;

before(async () => {
  if (skip !== false) return;
  pythonJson(WRITE, folder);
  await moto?.ask('PUT', '/bucket');
  for (const name of NAMES) {
    for (const path of filesBelow(join(folder, `${name}.zarr`))) {
      const bytes = readFileSync(path);
      const key = relative(folder, path);
      server.files.set(`/data/${key}`, { bytes, etag: `"${bytes.length}-${key}"` });
      await moto?.ask('PUT', `/bucket/${key}`, bytes);
    }
  }
});

beforeEach(() => {
  server.fault = () => false;
  if (moto !== undefined) moto.fault = () => false;
});

function copied(image: string) {
  const operations = [{ name: 'box', params: { radius: 0 } }];
  return runLocally(parseJobSpec({ image, output, operations }), { machine, executor });
}

const refused = (tag: string, message: RegExp) => (error: unknown) =>
  error instanceof HalotileError && error.tag === tag && message.test(error.message);

const samplesOf = (name: string) => new Uint8Array(readFileSync(join(folder, `${name}.raw`)));

for (const name of NAMES) {
  test(`samples of ${name}.zarr at a URL are those that were written`, { skip }, async () => {
    // Answers that fail, and bodies that break off.
    server.fault = (_, response, count) => {
      if (count % 20 === 2) response.writeHead(503, { 'retry-after': '0' }).end();
      else if (count % 20 === 4) response.destroy();
      return count % 20 === 2 || count % 20 === 4;
    };
    await copied(`${server.url}/data/${name}.zarr`);
    assert.deepEqual(gdalPixels(output), samplesOf(name));
  });

  test(`samples of ${name}.zarr in a store are those that were written`, { skip: skip || NO_MOTO }, async () => {
    moto!.fault = (_, response, count) => {
      if (count % 10 !== 2) return false;
      response.writeHead(503).end(s3Error('SlowDown'));
      return true;
    };
    await copied(`s3://bucket/${name}.zarr`);
    assert.deepEqual(gdalPixels(output), samplesOf(name));
  });
}

test('an image is known by its description', { skip }, async () => {
  const { kind, width, height, channels } = await inspectFile(`${server.url}/data/v2.ome.zarr`);
  assert.deepEqual({ kind, width, height, channels }, { kind: 'Zarr', width: 610, height: 700, channels: 2 });
});

test('what is not there, and what changes, is told', { skip }, async () => {
  const missing = `${server.url}/data/missing.zarr`;
  await assert.rejects(copied(missing), refused('bad-input', /missing\.zarr: nothing there describes a Zarr image/));
  // Stores that may not be listed refuse what is not there; chunks that are refused are no holes.
  server.fault = ({ url }, response) => {
    if (!url!.endsWith('/c/1/1/0')) return false;
    response.writeHead(403).end();
    return true;
  };
  await assert.rejects(copied(`${server.url}/data/sharded.zarr`), refused('not-allowed', /refuses access \(403\)/));
  // It is written anew while it is read.
  server.fault = ({ url }) => {
    if (url!.endsWith('/c/1/1/0')) {
      const about = server.files.get('/data/sharded.zarr/zarr.json')!;
      server.files.set('/data/sharded.zarr/zarr.json', { ...about, etag: '"another"' });
    }
    return false;
  };
  await assert.rejects(
    copied(`${server.url}/data/sharded.zarr`),
    refused('input-changed', /sharded\.zarr: .*\(ETag\)/),
  );
});

test('what is written to a store as OME-Zarr or Deep Zoom is what a disk would get', {
  skip: skip || NO_MOTO,
}, async () => {
  setPlaceSettings({ s3: { endpoint: moto!.endpoint, pathStyle: true }, staging: join(folder, 'staging') });
  const operations = [{ name: 'box', params: { radius: 0 } }];
  const image = join(folder, 'sharded.zarr');
  const write = (to: string) =>
    runLocally(parseJobSpec({ image, output: to, operations, block: 64 }), { machine, executor });
  const stored = async (key: string) => Buffer.from(await (await moto!.ask('GET', `/bucket/${key}`)).arrayBuffer());
  // What is there of another image goes.
  await write('s3://bucket/own/image.zarr');
  await moto!.ask('PUT', '/bucket/own/image.zarr/9/c/0/0/0', Buffer.from('of a level that is no more'));
  for (const name of ['image.zarr', 'tiles.dzi']) {
    await write(join(folder, name));
    await write(`s3://bucket/own/${name}`);
  }
  const local = ['image.zarr', 'tiles_files'].flatMap((name) => [...filesBelow(join(folder, name))]);
  const keys = [...local, join(folder, 'tiles.dzi')].map((path) => relative(folder, path));
  for (const key of keys.filter((each) => !each.endsWith('.halotile'))) {
    assert.deepEqual(await stored(`own/${key}`), readFileSync(join(folder, key)), key);
  }
  assert.equal((await moto!.ask('GET', '/bucket/own/image.zarr/9/c/0/0/0')).status, 404);
  await copied('s3://bucket/own/image.zarr');
  assert.deepEqual(gdalPixels(output), samplesOf('sharded'));
  assert.deepEqual(readdirSync(join(folder, 'staging')), []);
  assert.equal((await moto!.ask('GET', '/bucket/own/image.zarr/.halotile')).status, 404);
});

test('objects of others stay where an output of many would be; what broke off does not stand in the way', {
  skip: skip || NO_MOTO,
}, async () => {
  setPlaceSettings({ s3: { endpoint: moto!.endpoint, pathStyle: true }, staging: join(folder, 'staging') });
  const write = (to: string) => {
    const operations = [{ name: 'box', params: { radius: 0 } }];
    const spec = { image: join(folder, 'sharded.zarr'), output: to, operations, block: 64 };
    return runLocally(parseJobSpec(spec), { machine, executor });
  };
  const put = (key: string) => moto!.ask('PUT', `/bucket/${key}`, Buffer.from('of somebody'));
  const status = async (key: string) => (await moto!.ask('GET', `/bucket/${key}`)).status;
  // Zarr 2 has no zarr.json, and folders of tiles may outlive their .dzi.
  await put('foreign/old.zarr/.zgroup');
  await put('foreign/old.zarr/0/0.0');
  await put('foreign/tiles_files/0/0_0.png');
  await put('foreign/tiles_files/notes.txt');
  for (const name of ['sparse.zarr', 'foreign/old.zarr', 'foreign/tiles.dzi'])
    await assert.rejects(write(`s3://bucket/${name}`), refused('bad-usage', /what halotile did not make is where/));
  for (const key of ['old.zarr/.zgroup', 'old.zarr/0/0.0', 'tiles_files/0/0_0.png', 'tiles_files/notes.txt'])
    assert.equal(await status(`foreign/${key}`), 200, key);
  // Whatever is put into an image of ours is somebody's too.
  await write('s3://bucket/shared/image.zarr');
  await put('shared/image.zarr/labels/zarr.json');
  await assert.rejects(write('s3://bucket/shared/image.zarr'), refused('bad-usage', /what halotile did not make/));
  assert.equal(await status('shared/image.zarr/labels/zarr.json'), 200);
  for (const [folderKey, main] of [
    ['broken/image.zarr', 'broken/image.zarr/zarr.json'],
    ['broken/tiles_files', 'broken/tiles.dzi'],
  ] as const) {
    await put(`${folderKey}/.halotile`);
    await put(`${folderKey}/9/left`);
    await write(`s3://bucket/${main.replace('/zarr.json', '')}`);
    assert.deepEqual([await status(main), await status(`${folderKey}/9/left`)], [200, 404]);
  }
});

test('an image with objects of several parts is written again and again', { skip: skip || NO_MOTO }, async () => {
  setPlaceSettings({ s3: { endpoint: moto!.endpoint, pathStyle: true }, staging: join(folder, 'staging') });
  // One shard, with its index a little more than a part.
  const side = 4096;
  const image = join(folder, 'large.tif');
  const samples = Uint8Array.from({ length: side * side }, (_, i) => (i * 2654435761) >>> 24);
  writeTiff(image, {
    rect: { x: 0, y: 0, width: side, height: side },
    channels: 1,
    dtype: 'uint8',
    stride: side,
    samples,
  });
  const operations = [{ name: 'box', params: { radius: 0 } }];
  const spec = {
    image,
    output: 's3://bucket/large.zarr',
    operations,
    compression: { codec: 'none' },
    overviews: false,
  };
  for (let run = 0; run < 2; run++) {
    await runLocally(parseJobSpec(spec), { machine, executor });
    assert.deepEqual(readdirSync(join(folder, 'staging')), []);
  }
  assert.ok((await moto!.stored('bucket/large.zarr/0/c/0/0/0')).length > 1 << 24);
});
