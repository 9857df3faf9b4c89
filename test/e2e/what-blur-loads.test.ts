import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { imageOf } from '../conformance/box-tiles.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';

const CLI = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

/** What services are made of, watched and served by, and what remote inputs are fetched by. */
const SERVICES =
  /node_modules\/(?:@grpc|protobufjs|pino|prom-client|@opentelemetry|ioredis|bullmq|hono|sharp|@aws-sdk)\/|\/metrics-|\/fetch-thread/;

test('a job of one machine loads nothing of what services are watched and served by', () => {
  const folder = scratchFolder();
  const coverage = join(folder, 'coverage');
  mkdirSync(coverage);
  const size = { width: 64, height: 64 };
  writeTiff(
    join(folder, 'in.tif'),
    imageOf(size, { dtype: 'uint8', channels: 1 }, (x, y) => (x * y) & 255),
    { tile: 64 },
  );
  writeTiff(
    join(folder, 'map.tif'),
    imageOf(size, { dtype: 'uint8', channels: 1 }, (x) => x & 7),
    { tile: 64 },
  );
  const args = ['blur', 'in.tif', '--map', 'map.tif', '-o', 'out.tif', '--threads', '1', '--quiet'];
  // V8 writes down which scripts ran.
  const env = { ...process.env, NODE_V8_COVERAGE: coverage };
  const { status, stderr } = spawnSync(process.execPath, [CLI, ...args], { cwd: folder, env, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const urls = readdirSync(coverage).flatMap((name) => {
    const { result } = JSON.parse(readFileSync(join(coverage, name), 'utf8')) as { result: { url: string }[] };
    return result.map(({ url }) => url);
  });
  assert.ok(urls.some((url) => /\/bundle\/blur-[^/]+\.js$/.test(url)));
  assert.deepEqual(
    urls.filter((url) => SERVICES.test(url)),
    [],
  );
});
