import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { gdalPixels } from '../support/gdal.js';
import { missingCommands, quietly } from '../support/installed.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';

const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
const MISSING = missingCommands(['gdalinfo', '--version'], ['vips', '--version']);
const folder = scratchFolder();
const at = (name: string) => join(folder, name);
/** Folder for temporary files: nothing may be left there. */
const temporary = at('temporary');
mkdirSync(temporary);
const env = { ...process.env, TMPDIR: temporary };
const left = () => readdirSync(temporary).filter((name) => name.startsWith('halotile-pipe'));

const random = noise(21);
const SIZE = { width: 300, height: 200 };
writeTiff(
  at('image.tif'),
  imageOf(SIZE, { dtype: 'uint8', channels: 3 }, () => random(256)),
);
writeTiff(
  at('map.tif'),
  imageOf(SIZE, { dtype: 'uint8', channels: 1 }, (x, y) => (x + y) & 15),
);
const SAME = ['--op', 'box:radius=0', '--quiet'];

/** Runs a command with the bytes of a file as standard input. */
function piped(input: string | undefined, ...args: string[]) {
  const from = input === undefined ? ('ignore' as const) : openSync(at(input), 'r');
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    env,
    stdio: [from, 'pipe', 'pipe'],
    maxBuffer: 64 << 20,
  });
  return { status, stdout, stderr: stderr.toString() };
}

test('image or map come from standard input, and standard output holds what a file would', { skip: MISSING }, () => {
  const flags = [...SAME, '--format', 'png'];
  const through = piped('image.tif', 'process', '-', '-o', '-', ...flags);
  assert.equal(through.status, 0, through.stderr);
  assert.equal(through.stderr, '');
  writeFileSync(at('through.png'), through.stdout);
  quietly('vips', ['copy', at('through.png'), at('through.tif')], /WARNING/);
  assert.deepEqual(gdalPixels(at('through.tif')), gdalPixels(at('image.tif')));
  const blurred = piped('map.tif', 'blur', at('image.tif'), '--map', '-', '-o', '-');
  assert.equal(blurred.status, 0, blurred.stderr);
  assert.match(blurred.stderr, /^standard output: 300×200, 3 channels/m);
  const file = piped(undefined, 'blur', at('image.tif'), '--map', at('map.tif'), '-o', at('file.tif'), '--quiet');
  assert.equal(file.status, 0, file.stderr);
  assert.ok(blurred.stdout.equals(readFileSync(at('file.tif'))));
  assert.deepEqual(left(), []);
});

test('a reader that goes away ends it quietly', async () => {
  const args = [MAIN, 'process', at('image.tif'), '-o', '-', '--compression', 'none', ...SAME];
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  child.stdout.destroy();
  const [code] = await once(child, 'close');
  assert.deepEqual([code, said, left()], [0, '', []]);
});

test('what cannot be is said in one sentence', () => {
  writeFileSync(at('empty'), '');
  writeFileSync(at('text'), 'no image, only words\n');
  const refusals: readonly (readonly [RegExp, string | undefined, ...string[]])[] = [
    [/: standard input is empty; expected an image$/, 'empty', '-', '-o', at('never.tif')],
    [/standard-input: no image that can be read/, 'text', '-', '-o', at('never.tif')],
    [/: - for image and map; expected one of them/, 'image.tif', '-', '--map', '-', '-o', at('never.tif')],
    [/: --json with -o -; expected one of them/, undefined, at('image.tif'), '-o', '-', '--json'],
    [/: - with --coordinator; expected files$/, 'image.tif', '-', '-o', at('x.tif'), '--coordinator', '127.0.0.1:1'],
    [/: --format with a file to write/, undefined, at('image.tif'), '-o', at('never.tif'), '--format', 'png'],
    [/: standard input or output of many images/, 'image.tif', '-', at('image.tif'), '-o', at('never')],
  ];
  for (const [says, input, ...args] of refusals) {
    const { status, stdout, stderr } = piped(input, 'process', ...args, ...SAME);
    assert.equal(status, 2, stderr);
    assert.equal(stdout.length, 0);
    assert.match(stderr.trimEnd(), says);
    assert.equal(stderr.split('\n').length, 2, stderr);
  }
  assert.deepEqual(left(), []);
});

test('a terminal gets no image', { skip: missingCommands(['script', '--version']) }, () => {
  const line = [process.execPath, MAIN, 'process', at('image.tif'), '-o', '-', ...SAME].join(' ');
  const { stdout } = spawnSync('script', ['-qec', line, '/dev/null'], { encoding: 'utf8' });
  assert.match(stdout, /^halotile: standard output is a terminal; expected -o - with a pipe or > FILE\s*$/);
});

test('a job whose image came through a pipe leaves nothing where it is interrupted', async () => {
  writeTiff(
    at('large.tif'),
    imageOf({ width: 1600, height: 1600 }, { dtype: 'uint8', channels: 3 }, () => random(256)),
  );
  const partial = at('interrupted.tif.partial');
  const args = [
    'process',
    '-',
    '-o',
    at('interrupted.tif'),
    '--op',
    'median:footprint=disk:30',
    '--tile',
    '256',
    '--quiet',
  ];
  const child = spawn(process.execPath, [MAIN, ...args, '--threads', '1'], {
    env,
    stdio: [openSync(at('large.tif'), 'r'), 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  while (!existsSync(join(partial, 'job.json')) && child.exitCode === null)
    await new Promise((resolve) => setTimeout(resolve, 5));
  child.kill('SIGINT');
  const [code] = (await once(child, 'close')) as [number | null];
  assert.equal(code, 130, said);
  assert.match(said, /of a job through a pipe nothing is kept\n$/);
  assert.ok(!existsSync(partial) && !existsSync(at('interrupted.tif')));
  assert.deepEqual(left(), []);
});

test('what is told of an image, its picture, a table of labels and a job go through pipes too', {
  skip: MISSING,
}, () => {
  const told = piped('image.tif', 'inspect', '-', '--json');
  const { path, width, height } = JSON.parse(told.stdout.toString()) as { path: string; width: number; height: number };
  assert.deepEqual([path, width, height], ['standard input', 300, 200]);

  const picture = piped('image.tif', 'preview', '-', '-o', '-', '--size', '300');
  assert.equal(picture.status, 0, picture.stderr);
  writeFileSync(at('picture.png'), picture.stdout);
  quietly('vips', ['copy', at('picture.png'), at('picture.tif')], /WARNING/);
  assert.deepEqual(gdalPixels(at('picture.tif')), gdalPixels(at('image.tif')));

  const labels = piped('map.tif', 'measure', '-', at('image.tif'), '-o', '-', '--format', 'jsonl');
  assert.equal(labels.status, 0, labels.stderr);
  const file = piped(undefined, 'measure', at('map.tif'), at('image.tif'), '-o', at('table.jsonl'), '--quiet');
  assert.equal(file.status, 0, file.stderr);
  assert.ok(labels.stdout.equals(readFileSync(at('table.jsonl'))));

  const job = {
    image: at('image.tif'),
    output: at('by-job.tif'),
    operations: [{ name: 'box', params: { radius: 0 } }],
  };
  writeFileSync(at('job.json'), JSON.stringify(job));
  assert.equal(piped('job.json', 'run', '-', '--quiet').status, 0);
  assert.deepEqual(gdalPixels(at('by-job.tif')), gdalPixels(at('image.tif')));
  assert.deepEqual(left(), []);
});
