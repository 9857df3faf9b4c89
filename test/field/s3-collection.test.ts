import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { openExecutor } from '../../library/executor.js';
import { runCollectionLocally } from '../../library/local-collection.js';
import { machineOf } from '../../library/machine.js';
import { parseCollectionSpec } from '../../library/parse-specs.js';
import { readPlaces } from '../../threads/places/place-reader.js';
import { setPlaceSettings } from '../../threads/places/settings.js';
import { HalotileError } from '../../tiling/errors.js';
import type { Shard } from '../../tiling/job/shard.js';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { isPut, MotoServer, NO_MOTO, s3Error } from '../support/moto-server.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';

const skip = NO_MOTO;
const folder = scratchFolder();
const staging = join(folder, 'staging');
const store = NO_MOTO === false ? await MotoServer.start() : undefined;
after(() => store?.close());
readPlaces();
setPlaceSettings({ s3: { endpoint: store?.endpoint ?? '', pathStyle: true }, staging });
Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret', AWS_REGION: 'us-east-1' });

const NAMES = ['a', 'b', 'c', 'd'] as const;
const random = noise(9);
const inputs = NAMES.map((name) => join(folder, 'in', `${name}.tif`));
const machine = machineOf({ threads: 1 });
const executor = await openExecutor(machine, 'wasm', {});
after(() => executor.close());

/** What the same job makes on the disk. */
const expected = new Map<string, Buffer>();

function writeInput(path: string): void {
  const image = imageOf({ width: 300, height: 200 }, { dtype: 'uint8', channels: 3 }, () => random(256));
  writeTiff(path, image, { tile: 64 });
}

function run(output: string, options: { readonly restart?: boolean; readonly shard?: Shard } = {}) {
  const operations = [{ name: 'box', params: { radius: 2 } }];
  const job = parseCollectionSpec({ images: [join(folder, 'in')], output, operations });
  return runCollectionLocally(job, { machine, executor, ...options });
}

async function makeExpected(): Promise<void> {
  await run(join(folder, 'local/{name}.tif'));
  for (const name of NAMES) expected.set(name, readFileSync(join(folder, `local/${name}.tif`)));
}

mkdirSync(join(folder, 'in'));
for (const path of inputs) writeInput(path);
await store?.ask('PUT', '/bucket');
await makeExpected();

beforeEach(() => store?.calm());

const stored = (key: string) => store!.stored(`bucket/${key}`);

const written = (prefix: string) =>
  store!.asked.flatMap((line) => new RegExp(`^PUT /bucket/${prefix}/(\\w+)\\.tif`).exec(line)?.[1] ?? []).sort();

const refused = (tag: string, message: RegExp) => (error: unknown) =>
  error instanceof HalotileError && error.tag === tag && message.test(error.message);

test('images become objects, with their reports, through a store that often has no time', { skip }, async () => {
  store!.fault = (_, response, count) => {
    if (count % 3 !== 2) return false;
    response.writeHead(503).end(s3Error('SlowDown'));
    return true;
  };
  const result = await run('s3://bucket/out/{name}.tif');
  assert.equal(result.output, 's3://bucket/out');
  assert.equal(result.report, 's3://bucket/out/report.html');
  for (const name of NAMES) assert.deepEqual(await stored(`out/${name}.tif`), expected.get(name));
  const report = JSON.parse((await stored('out/report.json')).toString()) as { images: { output: string }[] };
  assert.deepEqual(
    report.images.map(({ output }) => output),
    NAMES.map((name) => `s3://bucket/out/${name}.tif`),
  );
  assert.match((await stored('out/report.html')).toString(), /<a href="a\.tif"/);
  assert.deepEqual(readdirSync(staging), [], 'nothing is left here');
});

test('a later run makes what has changed, whoever runs it', { skip }, async () => {
  const output = 's3://bucket/again/{name}.tif';
  await run(output);
  store!.asked.length = 0;
  assert.deepEqual((await run(output)).images, { total: 4, written: 4, reused: 4, failed: 0 });
  assert.deepEqual(written('again'), []);

  // Nothing of it is remembered on this machine: objects say it themselves.
  assert.deepEqual(readdirSync(staging), []);
  writeInput(inputs[1]!);
  await store!.ask('DELETE', '/bucket/again/c.tif');
  // An object that another program put there.
  await store!.ask('PUT', '/bucket/again/d.tif', Buffer.from('something else'));
  store!.asked.length = 0;
  assert.equal((await run(output)).images.reused, 1);
  assert.deepEqual(written('again'), ['b', 'c', 'd']);
  await makeExpected();
  for (const name of NAMES) assert.deepEqual(await stored(`again/${name}.tif`), expected.get(name));

  store!.asked.length = 0;
  assert.equal((await run(output, { restart: true })).images.reused, 0);
  assert.deepEqual(written('again'), [...NAMES]);
});

test('what credentials that expire leave undone is done by the same job', { skip }, async () => {
  let brought = 0;
  store!.fault = (request, response) => {
    if (!isPut(request) || ++brought <= 2) return false;
    response.writeHead(400).end(s3Error('ExpiredToken'));
    return true;
  };
  const output = 's3://bucket/later/{name}.tif';
  await assert.rejects(run(output), refused('not-allowed', /later\/\w\.tif: the credentials have expired/));
  store!.fault = () => false;
  store!.asked.length = 0;
  assert.equal((await run(output)).images.reused, 2);
  assert.equal(written('later').length, 2);
  for (const name of NAMES) assert.deepEqual(await stored(`later/${name}.tif`), expected.get(name));
  assert.deepEqual(readdirSync(staging), []);
});

test('shares write objects and reports of their own', { skip }, async () => {
  for (const index of [0, 1]) await run('s3://bucket/shares', { shard: { index, count: 2 } });
  for (const name of NAMES) assert.deepEqual(await stored(`shares/${name}.tif`), expected.get(name));
  await stored('shares/.halotile-shares/1-of-2/report.json');
});

test('what cannot be written is told before work starts', { skip }, async () => {
  const missing = refused('bad-input', /^s3:\/\/nobucket\/report\.html: there is no such bucket/);
  await assert.rejects(run('s3://nobucket/{name}.tif'), missing);
  await assert.rejects(
    run('https://host/{name}.tif'),
    refused('bad-usage', /an output at a URL; expected a path, or s3:/),
  );
  assert.equal(existsSync(staging) && readdirSync(staging).length > 0, false);
  assert.deepEqual(written('.*'), []);
});
