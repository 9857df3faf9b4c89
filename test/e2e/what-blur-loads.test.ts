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

/** Threads, and what starts them. */
const THREADS = /\/task-thread\.js|node_modules\/piscina\//;
/** As many as are joined, and what names what is in them; others load no more where somebody names one thing more. */
const MOST_FILES = 14;

/** The scripts that ran in a command over a small image and its map: V8 writes them down. */
function loadedBy(command: string, ...args: string[]): string[] {
  const folder = scratchFolder();
  const coverage = join(folder, 'coverage');
  mkdirSync(coverage);
  const size = { width: 64, height: 64 };
  const one = { dtype: 'uint8', channels: 1 } as const;
  writeTiff(
    join(folder, 'in.tif'),
    imageOf(size, one, (x, y) => (x * y) & 255),
    { tile: 64 },
  );
  writeTiff(
    join(folder, 'map.tif'),
    imageOf(size, one, (x) => x & 7),
    { tile: 64 },
  );
  const env = { ...process.env, NODE_V8_COVERAGE: coverage };
  const line = [CLI, command, 'in.tif', ...args, '-o', 'out.tif', '--quiet'];
  const { status, stderr } = spawnSync(process.execPath, line, { cwd: folder, env, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return readdirSync(coverage).flatMap((name) => {
    const { result } = JSON.parse(readFileSync(join(coverage, name), 'utf8')) as { result: { url: string }[] };
    return result.map(({ url }) => url);
  });
}

test('a job of one machine loads nothing of what services are watched and served by', () => {
  const urls = loadedBy('blur', '--map', 'map.tif', '--threads', '1');
  assert.ok(urls.some((url) => /\/bundle\/blur-[^/]+\.js$/.test(url)));
  assert.deepEqual(
    urls.filter((url) => SERVICES.test(url)),
    [],
  );
});

test('a small image starts no thread, and what it loads lies in a few files', () => {
  for (const [command, ...args] of [
    ['blur', '--map', 'map.tif'],
    ['process', '--op', 'gaussian:sigma=3'],
  ] as const) {
    const urls = loadedBy(command, ...args);
    assert.deepEqual(
      urls.filter((url) => THREADS.test(url)),
      [],
    );
    const files = urls.filter((url) => url.includes('/dist/'));
    assert.ok(files.length <= MOST_FILES, files.join('\n'));
  }
});

test('what may take long runs on threads, however small its image', () => {
  for (const operation of ['nlm', 'median:footprint=disk:9', 'gaussian:sigma=40']) {
    const urls = loadedBy('process', '--op', operation);
    assert.ok(
      urls.some((url) => /\/task-thread\.js/.test(url)),
      operation,
    );
  }
});
