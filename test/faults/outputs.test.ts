import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, relative } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { encodeRgbaPng } from '../../tiling/palette/png-encode.js';
import { outputPlace } from '../../tiling/stitch/output-file.js';
import { imageOf } from '../conformance/box-tiles.js';
import { missingCommands } from '../support/installed.js';
import { halotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';

const folder = scratchFolder();
const root = process.getuid?.() === 0;
const at = (...names: string[]) => join(folder, ...names);
const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
const MODULE = fileURLToPath(new URL('../../examples/kernels/', import.meta.url));

before(() => {
  const side = { width: 32, height: 32 };
  const ramp = (x: number, y: number) => 40 + ((x * y) & 127);
  for (const name of ['image.tif', 'map.tif', 'flat.tif']) {
    writeTiff(at(name), imageOf(side, { dtype: 'uint8', channels: 1 }, name === 'map.tif' ? (x) => x & 3 : ramp));
  }
});

/** Runs a command that must end with 2 and one line, and leave these files as they are. */
async function refused(files: readonly string[], says: RegExp, ...args: string[]): Promise<void> {
  const held = files.map((file) => readFileSync(file));
  const { code, stdout, stderr } = await halotile(...args);
  assert.equal(code, 2, `${args.join(' ')}: ${stdout}${stderr}`);
  assert.match(stderr, says);
  assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
  files.forEach((file, index) => {
    assert.ok(readFileSync(file).equals(held[index]!), file);
  });
}

async function done(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await halotile(...args);
  assert.equal(code, 0, stderr);
  return stdout;
}

const ALSO_INPUT = /the output is also an input.*; choose another output/;
const box = ['--op', 'box:radius=1'];

test('a file that an operation reads is never the output, under any of its names', async () => {
  writeFileSync(at('disk.pgm'), Buffer.concat([Buffer.from('P5 3 3 255\n'), Buffer.alloc(9, 255)]));
  writeFileSync(at('weights.txt'), '1 1 1\n1 1 1\n1 1 1\n');
  writeFileSync(at('curve.csv'), '0,0\n255,255\n');
  const kernel = readdirSync(MODULE).find((name) => name.endsWith('.wasm'));
  assert.ok(kernel, 'the build compiles the examples');
  writeFileSync(at('kernel.wasm'), readFileSync(join(MODULE, kernel)));
  const operations = {
    'flat.tif': `flat-field:flat=${at('flat.tif')}`,
    'weights.txt': `custom:module=${at('kernel.wasm')},weights=${at('weights.txt')}`,
    'kernel.wasm': `custom:module=${at('kernel.wasm')}`,
    'curve.csv': `lut:table=${at('curve.csv')}`,
    'disk.pgm': `max:footprint=mask:${at('disk.pgm')}`,
  };
  symlinkSync(folder, at('by-link'));
  for (const [name, operation] of Object.entries(operations)) {
    // An output's name must be a TIFF's.
    linkSync(at(name), at(`hard-${name}.tif`));
    const names = [at(`hard-${name}.tif`)];
    if (name === 'flat.tif') {
      symlinkSync(name, at('soft.tif'));
      names.push(at(name), at('by-link', name), relative(process.cwd(), at(name)), at('soft.tif'));
    }
    for (const output of names) {
      await refused([at(name)], ALSO_INPUT, 'process', at('image.tif'), '-o', output, '--op', operation);
    }
  }
});

test('an input inside the folder of the unfinished output is not removed with it', async () => {
  mkdirSync(at('inside.tif.partial'));
  const input = at('inside.tif.partial', 'image.tif');
  writeFileSync(input, readFileSync(at('image.tif')));
  await refused([input], /an input lies in the output folder/, 'process', input, '-o', at('inside.tif'), ...box);
});

test('a job file is not replaced by its own output, and plan refuses what the job would', async () => {
  writeFileSync(at('job.yaml'), `image: image.tif\noutput: job.tif\noperations: [{name: box, params: {radius: 1}}]\n`);
  linkSync(at('job.yaml'), at('job.tif'));
  await refused([at('job.yaml')], ALSO_INPUT, 'run', at('job.yaml'));
  writeFileSync(
    at('plan.yaml'),
    `image: image.tif\noutput: image.tif\noperations: [{name: box, params: {radius: 1}}]\n`,
  );
  await refused([at('image.tif')], ALSO_INPUT, 'plan', at('plan.yaml'));
});

test('a preview is not written over what it shows', async () => {
  await done('process', at('image.tif'), '-o', at('shown.tif'), ...box);
  symlinkSync('shown.tif', at('shown.png'));
  await refused([at('shown.tif')], ALSO_INPUT, 'preview', at('shown.tif'), '-o', at('shown.png'));
});

test('the demo does not write over a file that is not its own', async () => {
  mkdirSync(at('mine'));
  writeFileSync(at('mine', 'scene.tif'), 'a picture of mine');
  const args = ['demo', '--directory', at('mine'), '--size', '64', '--quiet'];
  await refused([at('mine', 'scene.tif')], /no scene of the demo/, ...args);
  rmSync(at('mine', 'scene.tif'));
  await done(...args);
  await done(...args, '--seed', '2');
});

test('only regular files are replaced', async (t) => {
  const special: Record<string, (path: string) => unknown> = {
    'a directory': (path) => mkdirSync(path),
    'a FIFO': (path) => execFileSync('mkfifo', [path]),
    'a socket': (path) => new Promise<void>((resolve) => createServer().listen(path, resolve).unref()),
    'a device': (path) => spawnSync('mknod', [path, 'c', '1', '3']),
    'a link that leads to itself': (path) => symlinkSync(path, path),
  };
  for (const [kind, make] of Object.entries(special)) {
    await t.test(kind, async (each) => {
      const path = at(`special-${kind.replaceAll(' ', '-')}`);
      await make(path);
      const before = lstatSync(path, { throwIfNoEntry: false });
      if (before === undefined) return each.skip('only root makes devices');
      const says = new RegExp(`the output is ${kind}; expected a regular file`);
      await refused([], says, 'process', at('image.tif'), '-o', path, ...box);
      if (kind !== 'a directory') {
        symlinkSync(path, `${path}-link`);
        await refused([], says, 'preview', at('image.tif'), '-o', `${path}-link`);
      }
      assert.equal(lstatSync(path).ino, before.ino);
      assert.equal(existsSync(`${path}.partial`), false);
    });
  }
  await t.test('nothing below a file', async () => {
    const below = at('image.tif', 'out.tif');
    const { code, stderr } = await halotile('process', at('image.tif'), '-o', below, ...box);
    assert.equal(code, 1);
    assert.match(stderr, /^halotile: .*image\.tif: a file is in the place of a folder.*\n$/);
  });
  await t.test('streams of this process', () => {
    // Asked for the place alone: nothing here may ever write to one.
    for (const path of ['/dev/stdout', '/dev/stderr', '/dev/fd/1', '/proc/self/fd/1']) {
      assert.throws(() => outputPlace(path), { tag: 'bad-usage', message: /a stream of this process/ });
      symlinkSync(path, at('stream'));
      assert.throws(() => outputPlace(at('stream')), { tag: 'bad-usage' });
      rmSync(at('stream'));
    }
  });
});

test('standard output is written by the commands that make one file, and refused by others in one sentence', async () => {
  const chain = ['process', at('image.tif'), ...box, '--quiet'];
  await done(...chain, '-o', at('whole.tif'));
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...chain, '-o', '-']);
  assert.equal(status, 0, stderr.toString());
  assert.ok(stdout.equals(readFileSync(at('whole.tif'))));
  writeFileSync(at('dash.yaml'), `image: image.tif\noutput: '-'\noperations: [{name: box, params: {radius: 1}}]\n`);
  const pictures = ['preview', at('image.tif'), '-o'];
  await done(...pictures, at('whole.png'));
  assert.ok(spawnSync(process.execPath, [MAIN, ...pictures, '-']).stdout.equals(readFileSync(at('whole.png'))));
  for (const args of [
    ['palette', folder, '-o', '-'],
    ['run', at('dash.yaml')],
  ]) {
    await refused(
      [],
      /only blur, process, preview and measure write to standard output \(-o -\): give a file name/,
      ...args,
    );
  }
  assert.equal(existsSync('-'), false);
});

test('through a link its target is replaced, by a rename beside it', async () => {
  mkdirSync(at('far'));
  await done('process', at('image.tif'), '-o', at('far', 'plain.tif'), ...box);
  const expected = readFileSync(at('far', 'plain.tif'));
  writeFileSync(at('far', 'target.tif'), 'an older output');
  const old = statSync(at('far', 'target.tif')).ino;
  symlinkSync('far/target.tif', at('link.tif'));
  symlinkSync('far/new.tif', at('dangling.tif'));
  for (const [link, target] of [
    ['link.tif', 'far/target.tif'],
    ['dangling.tif', 'far/new.tif'],
  ] as const) {
    const result = JSON.parse(await done('process', at('image.tif'), '-o', at(link), '--json', ...box));
    assert.equal(result.output, at(link));
    assert.equal(readlinkSync(at(link)), target);
    assert.ok(readFileSync(at(target)).equals(expected));
  }
  assert.notEqual(statSync(at('far', 'target.tif')).ino, old);
  assert.deepEqual(readdirSync(at('far')).sort(), ['new.tif', 'plain.tif', 'target.tif']);
  symlinkSync('far/new.png', at('dangling.png'));
  await done('preview', at('image.tif'), '-o', at('dangling.png'));
  assert.equal(readlinkSync(at('dangling.png')), 'far/new.png');
  assert.equal(readFileSync(at('far', 'new.png')).toString('latin1', 1, 4), 'PNG');
});

test('what is not ours in the place of the unfinished output stays', async (t) => {
  const output = at('p.tif');
  const partial = `${output}.partial`;
  const keepsake = at('keepsake');
  mkdirSync(keepsake);
  writeFileSync(join(keepsake, 'image.tif'), 'precious');
  const places: Record<string, () => string> = {
    'a folder': () => {
      mkdirSync(join(partial, 'photos'), { recursive: true });
      writeFileSync(join(partial, 'photos', 'mine.txt'), 'precious');
      return join(partial, 'photos', 'mine.txt');
    },
    'a folder with names like ours': () => {
      mkdirSync(partial);
      writeFileSync(join(partial, 'job.json'), '{"format": 1, "mine": true}');
      return join(partial, 'job.json');
    },
    'a file': () => {
      writeFileSync(partial, 'precious');
      return partial;
    },
    'a link': () => {
      symlinkSync(keepsake, partial);
      return join(partial, 'image.tif');
    },
  };
  for (const [name, make] of Object.entries(places)) {
    await t.test(name, async () => {
      const file = make();
      const says = /p\.tif\.partial: something that halotile did not make/;
      await refused([file], says, 'process', at('image.tif'), '-o', output, ...box);
      await refused([file], says, 'process', at('image.tif'), '-o', output, '--restart', ...box);
      await refused([file], /./, 'process', at('image.tif'), '-o', output, '--op', 'downscale:factor=77');
      assert.equal(existsSync(output), false);
      rmSync(partial, { recursive: true });
    });
  }
  await t.test('a file among ours', async () => {
    mkdirSync(partial);
    writeFileSync(join(partial, '.halotile'), '');
    writeFileSync(join(partial, 'notes.txt'), 'precious');
    await done('process', at('image.tif'), '-o', output, ...box);
    assert.deepEqual(readdirSync(partial), ['notes.txt']);
  });
});

test('a replaced file keeps its mode, and its owner where root replaces it', async () => {
  const output = at('moded.tif');
  const picture = at('moded.png');
  for (const path of [output, picture]) {
    writeFileSync(path, 'older');
    if (root) chownSync(path, 1234, 2345);
    chmodSync(path, 0o2640);
  }
  await done('process', at('image.tif'), '-o', output, ...box);
  await done('preview', output, '-o', picture);
  for (const path of [output, picture]) {
    const { mode, uid, gid } = statSync(path);
    assert.equal(mode & 0o7777, 0o2640);
    if (root) assert.deepEqual([uid, gid], [1234, 2345]);
  }
});

test('a replaced file keeps its access list', async (t) => {
  const missing = missingCommands(['setfacl', '--version']);
  if (missing) return t.skip(missing);
  const output = at('listed.tif');
  writeFileSync(output, 'older');
  if (spawnSync('setfacl', ['-m', 'u:1234:rw', output]).status !== 0)
    return t.skip('no access lists in this file system');
  const list = () => execFileSync('getfacl', ['-cp', output], { encoding: 'utf8' });
  const before = list();
  await done('process', at('image.tif'), '-o', output, ...box);
  assert.equal(list(), before);
  assert.match(before, /user:1234:rw-/);
});

/** A dataset of one character with one frame, and maybe more names for it. */
function sprites(name: string): { frames: string; frame: string } {
  const frames = at(name);
  const frame = join(frames, 'k', 'a.png');
  mkdirSync(dirname(frame), { recursive: true });
  const rgba = Uint8Array.from({ length: 20 * 20 * 4 }, (_, i) => (i % 4 === 3 ? 255 : (i * 37) & 255));
  writeFileSync(frame, encodeRgbaPng(rgba, { width: 20, height: 20 }));
  return { frames, frame };
}

const IN_OUTPUT = /an input lies in the output folder|the output is also an input/;

test('frames are not written over through a link, a parent, a manifest, a link of their own, or a hard link', async () => {
  const { frames, frame } = sprites('sprites');
  const palette = (input: string, output: string, ...args: string[]) =>
    refused([frame], IN_OUTPUT, 'palette', input, '-o', output, '--quiet', ...args);
  symlinkSync('sprites', at('lnk'));
  await palette(frames, at('lnk'));
  await palette(at('lnk'), frames);
  symlinkSync(folder, at('parent'));
  await palette(frames, at('parent', 'sprites'));
  await palette(frames, at('parent', 'parent', 'sprites'));
  writeFileSync(at('list.csv'), `image,character\nsprites/k/a.png,k\n`);
  await palette(at('list.csv'), at('lnk'));
  writeFileSync(at('set.yaml'), `frames: [list.csv]\noutput: parent/sprites\n`);
  await refused([frame], IN_OUTPUT, 'run', at('set.yaml'));

  // A frame that is a link into the output, an output folder whose character leads back, and a hard link.
  mkdirSync(at('linked', 'k'), { recursive: true });
  symlinkSync(frame, at('linked', 'k', 'b.png'));
  await palette(at('linked'), frames);
  mkdirSync(at('back'));
  symlinkSync(join(frames, 'k'), at('back', 'k'));
  await palette(frames, at('back'));
  mkdirSync(at('hard', 'k'), { recursive: true });
  linkSync(frame, at('hard', 'k', 'a.png'));
  await palette(frames, at('hard'));

  // Not in the output folder, and written over all the same.
  mkdirSync(at('targets', 'k'), { recursive: true });
  const target = at('targets', 'k', 'palette.json');
  writeFileSync(target, '{"colors": [{"rgb": [1, 2, 3]}]}');
  await refused([target], ALSO_INPUT, 'palette', frames, '-o', at('targets'), '--target', target);
  assert.deepEqual(readdirSync(frames), ['k']);
});

test('frames are not written over through a bind mount', async (t) => {
  const { frames, frame } = sprites('bound');
  for (const inner of ['', 'k']) {
    const mount = at(`mount${inner}`);
    mkdirSync(join(mount, 'k'), { recursive: true });
    const place = join(mount, inner);
    if (spawnSync('mount', ['--bind', join(frames, inner), place]).status !== 0) return t.skip('may not mount');
    try {
      await refused([frame], IN_OUTPUT, 'palette', frames, '-o', mount, '--quiet');
      await refused([frame], IN_OUTPUT, 'palette', mount, '-o', frames, '--quiet');
    } finally {
      execFileSync('umount', [place]);
    }
  }
});

test('a second run keeps the modes of frames, palettes and reports', async () => {
  const { frames } = sprites('kept');
  const output = at('kept-out');
  await done('palette', frames, '-o', output, '--quiet');
  const files = ['report.html', 'report.json', 'k/a.png', 'k/palette.json', 'k/palette.gpl', 'k/palette.png'];
  for (const file of files) chmodSync(join(output, file), 0o604);
  await done('palette', frames, '-o', output, '--quiet', '--colors', '2');
  for (const file of files) assert.equal(statSync(join(output, file)).mode & 0o777, 0o604, file);
});
