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
const NO_FULL = !existsSync('/dev/full') && 'no /dev/full here';
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

test('a full standard output is one sentence', { skip: NO_FULL }, () => {
  for (const args of ['operations', `inspect '${input}'`, '--help']) {
    const command = `'${process.execPath}' '${MAIN}' ${args} > /dev/full`;
    const { status, stderr } = spawnSync('bash', ['-c', command], { encoding: 'utf8' });
    assert.deepEqual([status, stderr], [1, 'halotile: no space is left for the standard output\n'], args);
  }
});

test('a standard error that takes nothing changes neither work nor code', { skip: NO_FULL }, () => {
  for (const [args, code] of [
    ['process in.tif -o o.tif --op nope:radius=1', 2],
    ['process in.tif -o o.tif --op box:radius=1', 0],
  ] as const) {
    for (const to of ['2> /dev/full', '2>&1 | true; exit "$PIPESTATUS"']) {
      const command = `'${process.execPath}' '${MAIN}' ${args} ${to}`;
      assert.equal(spawnSync('bash', ['-c', command], { cwd: folder }).status, code, command);
    }
  }
});

test('the ending of an output decides its format: only those that are written are taken', async () => {
  for (const name of ['o.gif', 'o.jp2', 'o.tif.bmp', 'o.svs']) {
    const { code, stderr } = await halotile('process', input, '-o', join(folder, name), '--op', 'box:radius=1');
    assert.equal(code, 2, name);
    assert.match(stderr, /end its name in \.tif, \.ome\.tif, \.png, \.jpg, \.webp, \.dzi or \.zarr/);
  }
  for (const name of ['o.png', 'o.zarr/']) {
    const images = [input, join(folder, 'other.tif')];
    for (const args of [
      ['process', ...images, '--op', 'box:radius=1'],
      ['palette', ...images],
    ]) {
      const { code, stderr } = await halotile(...args, '-o', join(folder, name));
      assert.equal(code, 2, name);
      assert.match(stderr, /the output of many images is a folder/);
    }
  }
  for (const name of ['o.tif', 'o.TIFF', 'o.ome.tif', 'o.tif.png', 'o.WEBP', 'plain', '.hidden']) {
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
    assert.match(stderr, new RegExp(`holds ${count} images \\(pages 1, 2`));
    assert.equal((await halotile('inspect', pages)).code, 0);
  }
  quietly('tiffcp', [input, half, pages], /Warning/);
  assert.equal((await filter()).code, 0);
  writeTiff(pages, size(64, 48), {}, { tags: [{ tag: 270, type: 2, values: 'ImageJ=1.53t\nimages=3\nslices=3\n' }] });
  assert.match((await filter()).stderr, /holds 3 images \(pages 1 to 3\).*--page N/);
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
  assert.deepEqual(rows('sep=;\r\nimage;character\r\na.png;k, old\r\n'), ['k, old/a.png']);
  assert.deepEqual(rows('image,character\ra.png,k\rb.png,l\r'), ['k/a.png', 'l/b.png']);
  assert.deepEqual(rows('image, character\na.png, "k, ""old""" \n'), ['k, "old"/a.png']);
  assert.deepEqual(rows('\n"my, note";image;character\n\nx;a.png;"two\nlines"\n\n'), ['two\nlines/a.png']);
  assert.deepEqual(rows('image,character,map\na.png,k,,\n'), ['k/a.png']);
  const utf16 = Buffer.from('\uFEFFimage\tcharacter\r\na.png\tRitter Jörg\r\n', 'utf16le');
  assert.deepEqual(rows(utf16), ['Ritter Jörg/a.png']);
  assert.deepEqual(rows(Buffer.from(utf16).swap16()), ['Ritter Jörg/a.png']);
  assert.deepEqual(rows(Buffer.from(utf16).subarray(2)), ['Ritter Jörg/a.png']);
  assert.deepEqual(rows(Buffer.from(utf16).swap16().subarray(2)), ['Ritter Jörg/a.png']);
});

test('what a manifest cannot mean is refused by its line', () => {
  const path = join(folder, 'wrong.csv');
  for (const [content, expected] of [
    ['image,character\na.png,k\nb.png,big, old\n', /line 3: 3 cells where the first line has 2; .*quotes/],
    ['image,character\na.png,"k\nb.png,k\n', /line 2: a quote is never closed/],
    ['image,character\na\0.png,k\n', /a zero byte in/],
    [Buffer.from('image,character\na.png,J\xf6rg\n', 'latin1'), /the manifest is not UTF-8; save it as UTF-8/],
    [Buffer.from('fffe000069000000', 'hex'), /is not UTF-8/],
  ] as const) {
    writeFileSync(path, content);
    assert.throws(() => [...readManifest(path)], expected);
  }
  assert.throws(
    () => [...readManifest(join(folder, 'none.csv'))],
    /cannot be read: no such file or directory \(ENOENT\)/,
  );
});

test('a job file may be of UTF-16 or come through a pipe, and has an end', { skip: NO_FULL }, async () => {
  const job = 'image: in.tif\noutput: piped.tif\noperations: [{ name: box, params: { radius: 1 } }]\n';
  const path = join(folder, 'wide.yaml');
  writeFileSync(path, `\uFEFF${job}`, 'utf16le');
  assert.deepEqual(await halotile('run', path, '--quiet'), { code: 0, signal: null, stdout: '', stderr: '' });
  const piped = `printf '%s' '${job}' | '${process.execPath}' '${MAIN}' run /dev/stdin --quiet`;
  const { status, stderr } = spawnSync('bash', ['-c', piped], { cwd: folder, encoding: 'utf8' });
  assert.deepEqual([status, stderr], [0, '']);
  assert.match((await halotile('run', '/dev/full')).stderr, /^halotile: \/dev\/full: the job file is too long; .*\n$/);
  writeFileSync(path, job.replace('in.tif', '"i\\0n.tif"'));
  assert.match((await halotile('run', path)).stderr, /image: a name cannot hold a zero byte\n$/);
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
    Array.from(found.characters, ({ name, frames: list }) => [name, list.length]),
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
