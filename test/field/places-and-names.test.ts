import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { findFrames } from '../../coordinator/dataset/frames/find-frames.js';
import { makeFolder } from '../../tiling/make-folder.js';
import { parseTarget } from '../../tiling/palette/target.js';
import { imageOf } from '../conformance/box-tiles.js';
import { missingCommands } from '../support/installed.js';
import { halotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';

const folder = scratchFolder();
const input = join(folder, 'in.tif');
const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
const NO_PROC = !existsSync('/proc/self') && 'no /proc here';
writeTiff(
  input,
  imageOf({ width: 64, height: 48 }, { dtype: 'uint8', channels: 1 }, (x, y) => (x * y) & 255),
);

/** Arguments as the bytes that a shell gives. */
function byShell(command: string, env: NodeJS.ProcessEnv = process.env) {
  const text = command.replace(/^halotile/, `'${process.execPath}' '${MAIN}'`);
  return spawnSync('bash', ['-c', text], { encoding: 'utf8', cwd: folder, env, timeout: 120_000 });
}

test('clear entries of a GIMP palette with alpha are no colours, like clear pixels', () => {
  const text = (channels: string) =>
    `GIMP Palette\nName: x\n${channels}#\n255 0 0 255 red\n  0   0   0   0 clear\n1 2 3 7 faint\n`;
  assert.deepEqual(parseTarget(Buffer.from(text('Channels: RGBA\n')), 'a.gpl'), [
    [255, 0, 0],
    [1, 2, 3],
  ]);
  // Without that line a number is a colour's name.
  assert.equal(parseTarget(Buffer.from(text('')), 'a.gpl').length, 3);
});

test('a HEIC picture is called by its name, not damaged', async () => {
  // The container of an AVIF under the brand of HEIC and with its kind of samples; nothing here decodes HEVC.
  const avif = await sharp({ create: { width: 16, height: 16, channels: 3, background: 'red' } })
    .avif()
    .toBuffer();
  const text = avif.toString('latin1').replace('ftypavif', 'ftypheic').replaceAll('av01', 'hvc1');
  const heic = join(folder, 'photo.heic');
  writeFileSync(heic, text, 'latin1');
  const frame = join(folder, 'photo.png');
  copyFileSync(heic, frame);
  for (const args of [
    ['inspect', heic],
    ['process', heic, '-o', join(folder, 'heic.tif'), '--op', 'box:radius=1'],
    ['palette', frame, '-o', join(folder, 'heic')],
  ]) {
    const { code, stderr } = await halotile(...args);
    assert.notEqual(code, 0, args[0]);
    assert.match(stderr, /HEIC picture.*heif-convert/, args[0]);
    assert.doesNotMatch(stderr, /damaged/);
  }
});

test('a pipe in the place of a file is refused at once', { skip: missingCommands(['mkfifo', '--version']) }, () => {
  for (const name of ['pipe.tif', 'pipe.png']) spawnSync('mkfifo', [join(folder, name)]);
  for (const command of [
    'halotile inspect pipe.tif',
    'halotile process pipe.tif -o o.tif --op box:radius=1',
    `halotile blur ${input} --map pipe.tif -o o.tif`,
    'halotile palette pipe.png -o palettes',
  ]) {
    const { status, stderr } = byShell(command);
    assert.equal(status, 2, `${command}: ${stderr}`);
    assert.match(stderr, /pipe\.\w+: not a regular file/);
  }
});

test('patterns work below folders whose names hold brackets', async () => {
  const idle = join(folder, 'frames [v2]', 'k[1]', 'idle');
  mkdirSync(idle, { recursive: true });
  for (const name of ['a1.png', 'a2.png', 'b1.png']) writeFileSync(join(idle, name), '');
  const names = async (pattern: string) =>
    [...(await findFrames({ frames: [pattern], images: [] })).characters].flatMap(({ frames }) =>
      [...frames].map(({ path }) => path).sort(),
    );
  const expected = ['a1.png', 'a2.png'].map((name) => join(idle, name));
  assert.deepEqual(await names(`${idle}/a*.png`), expected);
  assert.deepEqual(await names(`${idle}/[a]?.png`), expected);
  assert.deepEqual(await names(`${folder}/frames [v2]/*/idle/a*.png`), expected);
  await assert.rejects(names(`${idle}/c*.png`), /matches no file/);
});

test('names that are not UTF-8 are refused with the way to rename them', { skip: NO_PROC }, () => {
  const latin1 = (text: string) => Buffer.from(text, 'latin1');
  const frames = join(folder, 'latin1', 'k');
  mkdirSync(frames, { recursive: true });
  copyFileSync(input, join(frames, 'a.tif'));
  renameSync(join(frames, 'a.tif'), Buffer.concat([latin1(`${frames}/`), latin1('J\xf6rg.tif')]));
  for (const command of [
    'halotile palette latin1 -o palettes',
    "halotile inspect $'J\\xf6rg.tif'",
    "halotile process in.tif -o $'J\\xf6rg.tif' --op box:radius=1",
  ]) {
    const { status, stderr } = byShell(command);
    assert.equal(status, 2, command);
    assert.match(stderr, /is not UTF-8; rename .*convmv/);
  }
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('J')),
    [],
  );
});

test('--quiet prints nothing where nothing is wrong', async () => {
  const frame = join(folder, 'quiet.png');
  await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
    .png()
    .toFile(frame);
  for (const args of [
    ['process', input, '-o', join(folder, 'quiet.tif'), '--op', 'box:radius=1'],
    ['palette', frame, '-o', join(folder, 'quiet')],
    ['process', frame, input, '-o', join(folder, 'quietly'), '--op', 'box:radius=1'],
  ]) {
    const { code, stdout, stderr } = await halotile(...args, '--quiet');
    assert.deepEqual([code, stdout, stderr], [0, '', '']);
    assert.equal(typeof JSON.parse((await halotile(...args, '--quiet', '--json')).stdout), 'object');
  }
});

test('the help names each default once', async () => {
  for (const command of ['worker', 'serve', 'process', 'palette', 'blur', 'submit']) {
    const { stdout } = await halotile(command, '--help');
    const options = stdout.split(/\n(?= {2}-)/);
    for (const option of options) assert.ok((option.match(/\(default/g) ?? []).length <= 1, option);
  }
});

test('folders that cannot be made are one sentence', { skip: NO_PROC }, () => {
  writeFileSync(join(folder, 'existing.txt'), 'kept');
  for (const command of [
    'halotile serve --listen 127.0.0.1:0',
    'halotile serve --listen 127.0.0.1:0 --state /proc/state',
    `halotile serve --listen 127.0.0.1:0 --state ${input}`,
    `halotile serve --listen 127.0.0.1:0 --state ${input}/state`,
    'halotile palette in.tif -o existing.txt',
    `halotile palette ${input} -o /proc/palettes`,
  ]) {
    const { status, stderr } = byShell(command, { ...process.env, HOME: '/proc' });
    assert.notEqual(status, 0, command);
    assert.match(stderr, /^halotile: \S+: the folder cannot be made: [^\n]+; [^\n]*\n$/, command);
  }
  // As mkdir -p: what is there is left alone.
  makeFolder(join(folder, 'x', 'y'));
  makeFolder(join(folder, 'x', 'y'));
  assert.ok(existsSync(join(folder, 'x', 'y')));
});

/** Whoever runs the tests may read all files. */
const AS_NOBODY = 'setpriv --reuid=65534 --regid=65534 --clear-groups';
const NO_NOBODY =
  (process.getuid?.() !== 0 && 'not run as root') || missingCommands(['setpriv', '--version']) || NO_PROC;

test('what may not be read or written is one sentence that says so', { skip: NO_NOBODY }, () => {
  const shut = join(folder, 'shut');
  const closed = join(shut, 'k');
  mkdirSync(closed, { recursive: true });
  copyFileSync(input, join(closed, 'a.tif'));
  symlinkSync('ring.tif', join(shut, 'ring.tif'));
  chmodSync(folder, 0o755);
  chmodSync(closed, 0);
  const open = join(folder, 'open');
  mkdirSync(open);
  chmodSync(open, 0o777);
  for (const [command, expected] of [
    ['palette shut -o open/p', /shut\/k: the folder cannot be read: permission denied \(EACCES\)/],
    ['process shut/k/a.tif -o open/c/ --op box:radius=1', /k\/a\.tif: cannot be looked at: permission denied/],
    ['palette in.tif -o shut', /shut\/\.halotile: the folder cannot be made: permission denied/],
    ['inspect shut/k/a.tif', /a\.tif: cannot be opened: permission denied \(EACCES\)/],
    ['process in.tif -o in.tif/o.tif --op box:radius=1', /in\.tif: a file is in the place of a folder/],
  ] as const) {
    const { status, stderr } = byShell(`${AS_NOBODY} '${process.execPath}' '${MAIN}' ${command}`);
    assert.notEqual(status, 0, command);
    assert.match(stderr, expected);
    assert.match(stderr, /^halotile: [^\n]+\n$/);
  }
  chmodSync(closed, 0o755);
});

test('a coordinator whose page cannot be served ends', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const at = `127.0.0.1:${port}`;
  for (const flags of [
    ['--listen', '127.0.0.1:0', '--web', at],
    ['--listen', at, '--metrics', '127.0.0.1:0'],
    ['--listen', '127.0.0.1:0', '--metrics', at],
  ]) {
    const { code, stderr } = await halotile('serve', '--state', join(folder, 'coordinator'), ...flags);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /(?:^|\n)halotile: [^\n]*cannot listen \(listen EADDRINUSE[^\n]*\n$/);
  }
  taken.close();
});

test('a picture is what its name says', async () => {
  for (const [name, format] of [
    ['p.png', 'png'],
    ['p.JPG', 'jpeg'],
    ['p', 'png'],
  ] as const) {
    const picture = join(folder, name);
    assert.equal((await halotile('preview', input, '-o', picture)).code, 0);
    assert.equal((await sharp(picture).metadata()).format, format);
  }
  const { code, stderr } = await halotile('preview', input, '-o', join(folder, 'p.zarr'));
  assert.equal(code, 2);
  assert.match(stderr, /a picture cannot be "\.zarr"; expected \.png, \.jpg or \.webp/);
});

test('numbers that are none are refused before anything is asked or done', async () => {
  const job = join(folder, 'number.yaml');
  writeFileSync(job, `image: ${input}\noutput: n.tif\noperations: [{ name: box, params: { radius: 1 } }]\n`);
  for (const args of [
    ['submit', job, '--coordinator', '127.0.0.1:1', '--priority', 'abc'],
    ['process', input, '-o', join(folder, 'n.tif'), '--op', 'box:radius=1', '--nodata', '1,x'],
    ['preview', input, '-o', join(folder, 'n.png'), '--size', '0'],
  ]) {
    const { code, stderr } = await halotile(...args);
    assert.equal(code, 2, args.join(' '));
    assert.match(stderr, /number/);
  }
});
