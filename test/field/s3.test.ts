import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { upload } from '../../threads/places/upload-thread.js';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { GDAL_MISSING, gdalInfo, gdalPixels } from '../support/gdal.js';
import { isPart, MotoServer, NO_MOTO, s3Error } from '../support/moto-server.js';
import { halotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';

const skip = NO_MOTO;
const folder = scratchFolder();
const store = NO_MOTO === false ? await MotoServer.start() : undefined;
after(() => store?.close());

/** More than one part of 16 MiB, since noise cannot be compressed. */
const SIZE = { width: 2700, height: 2200 };
const random = noise(3);
const input = join(folder, 'in.tif');
const local = join(folder, 'local.tif');
const OPERATION = ['--op', 'box:radius=0', '--no-overviews', '--level', '1', '--quiet'];

if (store !== undefined) {
  writeTiff(
    input,
    imageOf(SIZE, { dtype: 'uint8', channels: 3 }, () => random(256)),
    { tile: 256 },
  );
  Object.assign(process.env, {
    ...{ AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret', AWS_REGION: 'us-east-1' },
    ...{ HALOTILE_S3_ENDPOINT: store.endpoint, HALOTILE_STAGING: join(folder, 'staging') },
    ...{ AWS_S3_ENDPOINT: store.direct, AWS_HTTPS: 'NO', AWS_VIRTUAL_HOSTING: 'FALSE' },
  });
  await store.ask('PUT', '/bucket');
  await store.ask('PUT', '/bucket/in/in.tif', readFileSync(input));
  const { code, stderr } = await halotile('process', input, '-o', local, ...OPERATION);
  assert.equal(code, 0, stderr);
}

beforeEach(() => store?.calm());

const stored = (key: string) => store!.stored(`bucket/${key}`);

const parts = () => store!.asked.filter((line) => /^PUT .*[?&]partNumber=/.test(line));

test('an image goes from one object to another, through a store that often has no time', { skip }, async () => {
  store!.fault = (_, response, count) => {
    if (count % 4 !== 2) return false;
    response.writeHead(503).end(s3Error('SlowDown'));
    return true;
  };
  const { code, stderr } = await halotile(
    'process',
    's3://bucket/in/in.tif',
    '-o',
    's3://bucket/out/a.tif',
    ...OPERATION,
  );
  assert.equal(code, 0, stderr);
  assert.deepEqual(await stored('out/a.tif'), readFileSync(local));
  assert.deepEqual(readdirSync(join(folder, 'staging')), [], 'nothing is left here');
});

test('GDAL reads the object in its store', { skip: skip || GDAL_MISSING }, async () => {
  const output = 's3://bucket/out/plain.tif';
  const { code, stderr } = await halotile('process', input, '-o', output, ...OPERATION, '--compression', 'none');
  assert.equal(code, 0, stderr);
  const path = '/vsis3/bucket/out/plain.tif';
  assert.deepEqual(gdalInfo(path).size, [SIZE.width, SIZE.height]);
  assert.deepEqual(gdalPixels(path), gdalPixels(input));
});

test('credentials that expire cost no part that is there; the same command goes on', { skip }, async () => {
  let brought = 0;
  store!.fault = (request, response) => {
    if (!isPart(request) || ++brought < 2) return false;
    response.writeHead(400).end(s3Error('ExpiredToken'));
    return true;
  };
  const command = ['process', input, '-o', 's3://bucket/out/b.tif', ...OPERATION];
  const first = await halotile(...command);
  assert.equal(first.code, 2);
  assert.match(
    first.stderr,
    /^halotile: s3:\/\/bucket\/out\/b\.tif: the credentials have expired \(ExpiredToken\); renew them and run the same[^\n]*\n$/,
  );
  assert.equal((await store!.ask('GET', '/bucket/out/b.tif')).status, 404);
  store!.fault = () => false;
  store!.asked.length = 0;
  const second = await halotile(...command, '--json');
  assert.equal(second.code, 0, second.stderr);
  const { tiles } = JSON.parse(second.stdout) as { tiles: { total: number; resumed: number } };
  assert.equal(tiles.resumed, tiles.total);
  assert.equal(parts().length, 1);
  assert.deepEqual(await stored('out/b.tif'), readFileSync(local));
});

test('a part that the store lost is sent again', { skip }, async () => {
  let lost = false;
  store!.fault = (request, response) => {
    if (lost || !isPart(request)) return false;
    lost = true;
    request.resume().once('end', () => response.writeHead(200, { etag: '"00000000000000000000000000000000"' }).end());
    return true;
  };
  const { code, stderr } = await halotile('process', input, '-o', 's3://bucket/out/c.tif', ...OPERATION);
  assert.equal(code, 0, stderr);
  assert.equal(parts().length, 3);
  assert.deepEqual(await stored('out/c.tif'), readFileSync(local));
});

test('what cannot be written is told before work starts', { skip }, async () => {
  const refused = async (output: string, pattern: RegExp) => {
    const { code, stderr } = await halotile('process', input, '-o', output, ...OPERATION);
    assert.equal(code, 2);
    assert.match(stderr, pattern);
    assert.equal(stderr.split('\n').length, 2);
  };
  await refused('s3://nobucket/a.tif', /^halotile: s3:\/\/nobucket\/a\.tif: there is no such bucket/);
  await refused('https://host/a.tif', /an output at a URL; expected a path, or s3:/);
  const same = await halotile('process', 's3://bucket/in/in.tif', '-o', 's3://bucket/in/in.tif', ...OPERATION);
  assert.match(same.stderr, /the output is also an input/);
  assert.equal(existsSync(join(folder, 'staging')) && readdirSync(join(folder, 'staging')).length > 0, false);
});

test('credentials that expire while an input is read cost no finished tile', { skip }, async () => {
  const command = ['process', 's3://bucket/in/in.tif', '-o', join(folder, 'read.tif'), ...OPERATION, '--tile', '512'];
  const isRead = (line: string) => /^GET \/bucket\/in\/in\.tif/.test(line);
  store!.fault = (_, response) => {
    if (store!.asked.filter(isRead).length <= 20) return false;
    response.writeHead(400).end(s3Error('ExpiredToken'));
    return true;
  };
  const first = await halotile(...command);
  assert.equal(first.code, 2);
  assert.match(
    first.stderr,
    /^halotile: s3:\/\/bucket\/in\/in\.tif: the credentials have expired \(ExpiredToken\); renew them and run the same[^\n]*\n$/,
  );
  store!.calm();
  const second = await halotile(...command, '--json');
  assert.equal(second.code, 0, second.stderr);
  const { tiles } = JSON.parse(second.stdout) as { tiles: { total: number; resumed: number } };
  assert.ok(tiles.resumed > 0 && tiles.resumed < tiles.total, `${tiles.resumed} of ${tiles.total}`);
  assert.deepEqual(readFileSync(join(folder, 'read.tif')), readFileSync(local));
});

test('a part that the store takes no more of is sent again', { skip }, async () => {
  let stalled = 0;
  store!.fault = (request) => {
    // Taken, and never answered: the connection stands still.
    return isPart(request) && stalled++ === 0;
  };
  const log = join(folder, 'stalled.log');
  const answer = await upload({
    ...{ url: 's3://bucket/out/stalled.tif', settings: { endpoint: store!.endpoint, pathStyle: true } },
    ...{ source: { kind: 'file', path: local }, log, contentType: 'image/tiff', stallMs: 500 },
  });
  assert.deepEqual(answer, { bytes: readFileSync(local).length });
  assert.ok(stalled > 1);
  assert.deepEqual(await stored('out/stalled.tif'), readFileSync(local));
});

test('of two machines that write one object one stands, whole', { skip }, async () => {
  const other = join(folder, 'other.tif');
  const operation = ['--op', 'box:radius=1', ...OPERATION.slice(2)];
  assert.equal((await halotile('process', input, '-o', other, ...operation)).code, 0);
  const run = (staging: string, flags: readonly string[]) => {
    process.env.HALOTILE_STAGING = join(folder, staging);
    return halotile('process', input, '-o', 's3://bucket/out/both.tif', ...flags);
  };
  const ended = await Promise.all([run('one', OPERATION), run('two', operation)]);
  for (const { code, stderr } of ended) assert.equal(code, 0, stderr);
  const found = await stored('out/both.tif');
  assert.ok([local, other].some((path) => readFileSync(path).equals(found)));
});
