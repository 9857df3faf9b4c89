import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import sharp from 'sharp';
import { runDatasetIntoStore } from '../../coordinator/dataset/store-dataset.js';
import { JobLock } from '../../coordinator/job/job-lock.js';
import { stagingOf } from '../../coordinator/job/output-place.js';
import { setPlaceSettings } from '../../threads/places/settings.js';
import { HalotileError } from '../../tiling/errors.js';
import { filesBelow } from '../../tiling/files-below.js';
import { datasetSpecSchema } from '../../tiling/job/dataset-spec.js';
import { ThreadPoolExecutor } from '../../worker/index.js';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { MotoServer, NO_MOTO, s3Error } from '../support/moto-server.js';
import { halotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';

const skip = NO_MOTO;
const folder = scratchFolder();
const at = (name: string) => join(folder, name);
const store = NO_MOTO === false ? await MotoServer.start() : undefined;
after(() => store?.close());

if (store !== undefined) {
  Object.assign(process.env, {
    ...{ AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret', AWS_REGION: 'us-east-1' },
    ...{ HALOTILE_S3_ENDPOINT: store.endpoint, HALOTILE_STAGING: at('staging') },
  });
  await store.ask('PUT', '/bucket');
  const random = noise(11);
  writeTiff(
    at('labels.tif'),
    imageOf({ width: 300, height: 200 }, { dtype: 'uint8', channels: 1 }, () => random(9)),
  );
  for (const name of ['knight', 'orc']) {
    mkdirSync(at(`frames/${name}/walk`), { recursive: true });
    for (const frame of ['walk/a', 'b']) {
      const raw = Uint8Array.from({ length: 20 * 30 * 4 }, (_, i) => (i % 4 === 3 ? 255 : random(256)));
      await sharp(raw, { raw: { width: 20, height: 30, channels: 4 } })
        .png()
        .toFile(at(`frames/${name}/${frame}.png`));
    }
  }
}

beforeEach(() => store?.calm());

const stored = (key: string) => store!.stored(`bucket/${key}`);

test('a table of measurements is the object that it is as a file', { skip }, async () => {
  for (const output of [at('table.csv'), 's3://bucket/tables/table.csv']) {
    const { code, stderr } = await halotile('measure', at('labels.tif'), at('labels.tif'), '-o', output, '--quiet');
    assert.equal(code, 0, stderr);
  }
  assert.deepEqual(await stored('tables/table.csv'), readFileSync(at('table.csv')));
  assert.deepEqual(readdirSync(at('staging')), [], 'nothing is left here');
});

test('palettes and frames are the objects that they are as files; what breaks off is sent anew', { skip }, async () => {
  const flags = ['--size', '10x15', '--colors', '8', '--quiet'];
  const local = await halotile('palette', at('frames'), '-o', at('palettes'), ...flags);
  assert.equal(local.code, 0, local.stderr);
  const command = ['palette', at('frames'), '-o', 's3://bucket/palettes', ...flags];
  let sent = 0;
  store!.fault = ({ method }, response) => {
    if (method !== 'PUT' || ++sent < 4) return false;
    response.writeHead(400).end(s3Error('ExpiredToken'));
    return true;
  };
  const first = await halotile(...command);
  assert.equal(first.code, 2);
  assert.match(first.stderr, /^halotile: s3:\/\/bucket\/palettes\/\S+: the credentials have expired [^\n]+\n$/);
  store!.calm();
  const { code, stderr, stdout } = await halotile(...command, '--json');
  assert.equal(code, 0, stderr);
  const { output, report, frames } = JSON.parse(stdout) as {
    output: string;
    report: string;
    frames: { reused: number; total: number };
  };
  assert.deepEqual([output, report], ['s3://bucket/palettes', 's3://bucket/palettes/report.html']);
  assert.equal(frames.reused, frames.total, 'nothing is computed anew');
  const names = [...filesBelow(at('palettes'))].filter((path) => !/\.halotile|report\.(?:json|html)$/.test(path));
  assert.ok(names.length >= 4 + 2 * 3);
  for (const path of names) {
    assert.deepEqual(await stored(`palettes/${path.slice(at('palettes/').length)}`), readFileSync(path), path);
  }
  const { job } = JSON.parse((await stored('palettes/report.json')).toString()) as { job: { output: string } };
  assert.equal(job.output, 's3://bucket/palettes');
  assert.deepEqual(readdirSync(at('staging')), [], 'nothing is left here');
});

test('who has lost the job sends no further object, and no report', { skip }, async () => {
  setPlaceSettings({ s3: { endpoint: store!.endpoint, pathStyle: true }, staging: at('staging') });
  const executor = new ThreadPoolExecutor({ threads: 1, backend: 'wasm', name: 'lost' });
  let asked = 0;
  const run = runDatasetIntoStore({
    job: datasetSpecSchema.parse({ frames: [at('frames')], output: 's3://bucket/lost', size: '10x15' }),
    ...{ executor, machine: { threads: 1, memoryBytes: 2 ** 30 }, nowSeconds: () => 0 },
    mayPublish: () => {
      if (++asked > 2) throw new HalotileError('interrupted', { what: 'another coordinator has the job by now' });
    },
  });
  await assert.rejects(run, { tag: 'interrupted' });
  await executor.close();
  for (const name of ['report.json', 'report.html']) await assert.rejects(stored(`lost/${name}`));
});

test('while palettes are made and sent for a place, another run for it is refused by its own name', {
  skip,
}, async () => {
  const url = 's3://bucket/palettes';
  // This process waits where the command looks.
  setPlaceSettings({ staging: at('staging') });
  mkdirSync(dirname(stagingOf(url)), { recursive: true });
  const lock = await JobLock.acquire(stagingOf(url));
  const { code, stderr } = await halotile('palette', at('frames'), '-o', `${url}/`, '--size', '10x15', '--quiet');
  await lock.release();
  assert.equal(code, 2);
  assert.match(stderr, /^halotile: s3:\/\/bucket\/palettes: another process is writing this output[^\n]+\n$/);
});

test('where palettes cannot be written is told before work starts', { skip }, async () => {
  const { code, stderr } = await halotile('palette', at('frames'), '-o', 's3://nobucket/palettes', '--quiet');
  assert.equal(code, 2);
  assert.match(stderr, /^halotile: s3:\/\/nobucket\/palettes\S*: there is no such bucket[^\n]*\n$/);
  const elsewhere = await halotile('palette', at('frames'), '-o', 'https://host/palettes', '--quiet');
  assert.match(elsewhere.stderr, /an output at a URL; expected a path, or for a palette job s3:/);
});
