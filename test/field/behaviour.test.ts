import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findFrames } from '../../coordinator/dataset/frames/find-frames.js';
import { readManifest } from '../../coordinator/find/manifest.js';
import { imageOf } from '../conformance/box-tiles.js';
import { missingCommands, quietly } from '../support/installed.js';
import { halotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';

const folder = scratchFolder();
const input = join(folder, 'in.tif');
const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
writeTiff(
  input,
  imageOf({ width: 64, height: 48 }, { dtype: 'uint8', channels: 1 }, (x, y) => (x * y) & 255),
);

test('a reader that leaves early ends a command quietly, with its code', () => {
  const command = `'${process.execPath}' '${MAIN}' operations | true; exit "\${PIPESTATUS[0]}"`;
  const { status, stderr } = spawnSync('bash', ['-c', command], { encoding: 'utf8' });
  assert.deepEqual([status, stderr], [0, '']);
});

test('a full standard output is one sentence', { skip: !existsSync('/dev/full') && 'no /dev/full here' }, () => {
  for (const args of ['operations', `inspect '${input}'`, '--help']) {
    const command = `'${process.execPath}' '${MAIN}' ${args} > /dev/full`;
    const { status, stderr } = spawnSync('bash', ['-c', command], { encoding: 'utf8' });
    assert.deepEqual([status, stderr], [1, 'halotile: no space is left for the standard output\n'], args);
  }
});

test('the ending of an output decides its format: only those of TIFF are taken', async () => {
  for (const name of ['o.png', 'o.jpg', 'o.zarr', 'o.tif.png', 'o.svs']) {
    const { code, stderr } = await halotile('process', input, '-o', join(folder, name), '--op', 'box:radius=1');
    assert.equal(code, 2, name);
    assert.match(stderr, /an output is a TIFF: end its name in \.tif or \.tiff/);
  }
  for (const name of ['o.tif', 'o.TIFF', 'o.ome.tif', 'plain', '.hidden']) {
    const { code, stderr } = await halotile('process', input, '-o', join(folder, name), '--op', 'box:radius=1');
    assert.equal(code, 0, stderr);
  }
});

const TIFFCP = missingCommands(['tiffinfo', '-h']);

test('a file of several images is refused, a pyramid is not', { skip: TIFFCP }, async () => {
  const pages = join(folder, 'pages.tif');
  const other = join(folder, 'other.tif');
  const half = join(folder, 'half.tif');
  const size = (width: number, height: number) => imageOf({ width, height }, { dtype: 'uint8', channels: 1 }, () => 7);
  writeTiff(other, size(60, 48));
  writeTiff(half, size(32, 24));
  const filter = () => halotile('process', pages, '-o', join(folder, 'o.tif'), '--op', 'box:radius=1', '--quiet');
  for (const [files, count] of [
    [[input, input, input], 3],
    [[input, other], 2],
  ] as const) {
    quietly('tiffcp', [...files, pages], /Warning/);
    const { code, stderr } = await filter();
    assert.equal(code, 2);
    assert.match(stderr, new RegExp(`holds ${count} images \\(directories 0, 1`));
    assert.equal((await halotile('inspect', pages)).code, 0);
  }
  quietly('tiffcp', [input, half, pages], /Warning/);
  assert.equal((await filter()).code, 0);
  writeTiff(pages, size(64, 48), {}, { tags: [{ tag: 270, type: 2, values: 'ImageJ=1.53t\nimages=10\nslices=10\n' }] });
  assert.match((await filter()).stderr, /tells of 10 images in one directory/);
});

test('inspect --json names numbers that JSON lacks', async () => {
  const path = join(folder, 'nodata.tif');
  for (const [nodata, said] of [
    [Number.NaN, 'NaN'],
    [Number.NEGATIVE_INFINITY, '-Infinity'],
    [3, 3],
  ] as const) {
    writeTiff(
      path,
      imageOf({ width: 8, height: 8 }, { dtype: 'float32', channels: 1 }, () => 0),
      {},
      { nodata },
    );
    const { stdout } = await halotile('inspect', '--json', path);
    assert.deepEqual((JSON.parse(stdout) as { nodata: unknown }).nodata, [said]);
  }
});

test('manifests are read as spreadsheets write them', () => {
  const path = join(folder, 'frames.csv');
  const rows = (content: string | Buffer) => {
    writeFileSync(path, content);
    return [...readManifest(path)].map(({ character, written }) => `${character}/${written}`);
  };
  assert.deepEqual(rows('image,character\na.png,the "big" knight\n'), ['the "big" knight/a.png']);
  assert.deepEqual(rows('image,character\na.png,"big" knight\n'), ['"big" knight/a.png']);
  assert.deepEqual(rows('image,character\r\na.png,"the ""big"", old knight"\r\n'), ['the "big", old knight/a.png']);
  assert.deepEqual(rows('image;character\na.png;big, old\n"b;c.png";x\n'), ['big, old/a.png', 'x/b;c.png']);
  assert.deepEqual(rows('character\timage\nx\ta.png\n'), ['x/a.png']);
  const utf16 = Buffer.from('\uFEFFimage\tcharacter\r\na.png\tRitter Jörg\r\n', 'utf16le');
  assert.deepEqual(rows(utf16), ['Ritter Jörg/a.png']);
  assert.deepEqual(rows(Buffer.from(utf16).swap16()), ['Ritter Jörg/a.png']);
});

test('folders behind links below a character hold frames, and rings of links end', async () => {
  const frames = join(folder, 'linked');
  mkdirSync(join(frames, 'k', 'idle'), { recursive: true });
  mkdirSync(join(folder, 'shared', 'walk'), { recursive: true });
  for (const path of [join(frames, 'k', 'idle', 'a.png'), join(folder, 'shared', 'walk', 'b.png')])
    writeFileSync(path, '');
  symlinkSync(join(folder, 'shared', 'walk'), join(frames, 'k', 'walk'));
  symlinkSync('..', join(frames, 'k', 'idle', 'back'));
  const found = await findFrames({ frames: [frames], images: [] });
  assert.deepEqual(
    found.characters.map(({ name, frames: list }) => [name, list.length]),
    [['k', 2]],
  );
});

test('an error that nobody foresaw is one line, and its trace is for whoever asks', () => {
  // The preload stands in for a fault: it throws once the command runs.
  const fault = join(folder, 'fault.mjs');
  writeFileSync(fault, "JSON.stringify = () => { throw new TypeError('a fault'); };");
  const run = (debug: string) =>
    spawnSync(process.execPath, ['--import', fault, MAIN, 'inspect', '--json', input], {
      encoding: 'utf8',
      env: { ...process.env, HALOTILE_DEBUG: debug },
    });
  const plain = run('');
  assert.equal(plain.status, 1);
  assert.match(
    plain.stderr,
    /^halotile: an error that should not happen \([0-9a-f]{8}, halotile \S+\): a fault; [^\n]*HALOTILE_DEBUG=1[^\n]*\n$/,
  );
  assert.match(run('1').stderr, /\n +at /);
});
