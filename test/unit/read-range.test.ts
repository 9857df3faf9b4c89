import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, beforeEach, test } from 'node:test';
import { HttpClient } from '../../threads/places/http-client.js';
import { readRange } from '../../threads/places/read-range.js';
import { HalotileError } from '../../tiling/errors.js';
import { isAllowed } from '../../tiling/places/allowed.js';
import type { ObjectState } from '../../tiling/places/opener.js';
import { PlaceServer } from '../support/place-server.js';

const server = await PlaceServer.start();
after(() => server.close());
const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 31) & 255);
const STATE: ObjectState = { size: bytes.length, etag: '"a"' };

beforeEach(() => {
  server.files.set('/o', { bytes, etag: '"a"' });
  server.fault = () => false;
  server.requests = 0;
});

/** Reads a part of an object of which the state is known, and returns its bytes. */
async function read(
  { offset = 1000, length = 50_000, path = '/o', stallMs = 5000, state = STATE as ObjectState | undefined } = {},
  isAllowedPlace: (url: string) => boolean = () => true,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const range = { offset, length };
  const client = new HttpClient(isAllowedPlace);
  const onBytes = (part: Uint8Array) => void parts.push(part.slice());
  await readRange({ client, url: server.url + path, range, stallMs, onBytes, ...(state && { state }) });
  return Buffer.concat(parts);
}

const fails = (tag: string, message: RegExp) => (error: unknown) =>
  error instanceof HalotileError && error.tag === tag && message.test(error.message);

/** Begins a right answer and stops in the middle. */
function half(response: ServerResponse): void {
  response.writeHead(206, { etag: '"a"', 'content-length': 50_000, 'content-range': 'bytes 1000-50999/100000' });
  response.write(bytes.subarray(1000, 21_000));
}

test('a range comes whole after answers of 503 and of another range', async () => {
  server.fault = (_, response, count) => {
    if (count === 1) response.writeHead(503, { 'retry-after': '0' }).end();
    else if (count === 2) {
      response.writeHead(206, { etag: '"a"', 'content-range': 'bytes 0-49999/100000' }).end(bytes.subarray(0, 50_000));
    }
    return count <= 2;
  };
  assert.deepEqual(await read(), Buffer.from(bytes.subarray(1000, 51_000)));
  assert.equal(server.requests, 3);
});

test('what breaks off or stalls is continued where it did', async () => {
  const ranges: (string | undefined)[] = [];
  for (const stops of [true, false]) {
    server.requests = 0;
    server.fault = (request, response, count) => {
      ranges.push(request.headers.range);
      if (count > 1) return false;
      half(response);
      if (stops) setTimeout(() => response.destroy(), 30);
      return true;
    };
    assert.deepEqual(await read({ stallMs: 200 }), Buffer.from(bytes.subarray(1000, 51_000)));
  }
  assert.deepEqual(ranges, ['bytes=1000-50999', 'bytes=21000-50999', 'bytes=1000-50999', 'bytes=21000-50999']);
});

test('an object in another state is named, by ETag or by length', async () => {
  server.files.set('/o', { bytes, etag: '"b"' });
  await assert.rejects(read(), fails('input-changed', /\/o: the object changed while it was read \(its ETag/));
  // A weak tag is no condition: the answer itself is looked at.
  server.files.set('/o', { bytes, etag: 'W/"b"' });
  const weak = { ...STATE, etag: 'W/"a"' };
  await assert.rejects(read({ state: weak }), fails('input-changed', /ETag W\/"a" before, W\/"b" now/));
  server.files.set('/o', { bytes: bytes.subarray(0, 90_000) });
  await assert.rejects(read({ state: { size: bytes.length } }), fails('input-changed', /100000 bytes before, 90000/));
  server.files.set('/o', { bytes, modified: 'Sun, 29 Nov 2026 10:00:00 GMT' });
  await assert.rejects(read({ state: { size: bytes.length, modifiedMs: 1 } }), fails('input-changed', /Last-Modified/));
});

test('what will not pass is one sentence at once', async () => {
  server.fault = (request, response) => {
    if (request.url === '/whole') response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
    else if (request.url === '/locked') response.writeHead(403).end();
    else return false;
    return true;
  };
  await assert.rejects(read({ path: '/whole', state: undefined }), fails('bad-input', /sends no ranges.*download it/));
  await assert.rejects(read({ path: '/locked' }), fails('not-allowed', /refuses access \(403\)/));
  await assert.rejects(read({ path: '/gone' }), fails('bad-input', /no such object \(404\)/));
  assert.equal(server.requests, 3);
});

test('redirects lead where they may, and never to a link-local address', async () => {
  const target = await PlaceServer.start();
  target.files.set('/there', { bytes, etag: '"a"' });
  const to: Readonly<Record<string, string>> = { '/r': `${target.url}/there`, '/meta': 'http://169.254.169.254/x' };
  server.fault = (request, response) => {
    const location = to[request.url!];
    if (location !== undefined) response.writeHead(302, { location }).end();
    return location !== undefined;
  };
  assert.equal((await read({ path: '/r' })).length, 50_000);
  const here = (url: string) => url.startsWith(server.url);
  await assert.rejects(
    read({ path: '/r' }, here),
    fails('not-allowed', /redirects to http:\/\/127\.0\.0\.1:\d+, where/),
  );
  await assert.rejects(read({ path: '/meta' }), fails('not-allowed', /link-local address 169\.254\.169\.254/));
  target.close();
});

test('a URL is allowed below a prefix, host for host and folder for folder', () => {
  const prefixes = ['https://host/maps', 's3://bucket/in/'];
  for (const url of ['https://host/maps/a.tif', 'https://host/maps', 's3://bucket/in/a/../b.tif']) {
    assert.equal(isAllowed(url, prefixes), true, url);
  }
  for (const url of [
    'https://host/mapsecret/a.tif',
    'https://host/maps/../etc/a.tif',
    'https://host/maps/%2e%2e/a.tif',
    'https://host/maps/..%2Fa.tif',
    'https://host:8443/maps/a.tif',
    'http://host/maps/a.tif',
    'https://me@host/maps/a.tif',
    'https://host.evil/maps/a.tif',
    's3://bucket/input/a.tif',
    's3://bucket2/in/a.tif',
  ]) {
    assert.equal(isAllowed(url, prefixes), false, url);
  }
});
