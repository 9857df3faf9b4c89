import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as after } from 'node:timers/promises';
import sharp from 'sharp';
import { publishTree } from '../../tiling/stitch/output-tree.js';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { missingCommands, quietly } from '../support/installed.js';
import { halotile, startHalotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';

const folder = scratchFolder();
const input = join(folder, 'in.tif');
const output = join(folder, 'out.dzi');
const tiles = join(folder, 'out_files');
const run = (...flags: string[]) =>
  halotile('process', input, '-o', output, '--op', 'box:radius=1', '--quiet', ...flags);

function makeInput(width: number, height: number, channels: 3 | 4 = 3): void {
  const random = noise(channels);
  const alpha = channels === 4 ? ({ alpha: 'unassociated' } as const) : {};
  writeTiff(
    input,
    imageOf({ width, height }, { dtype: 'uint8', channels }, () => random(256)),
    {},
    alpha,
  );
}

function filesIn(root: string): string[] {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => /\d+_\d+\.\w+$/.test(name)).sort();
}

for (const channels of [3, 4] as const) {
  test(`tiles of ${channels} channels are those of vips dzsave`, {
    skip: missingCommands(['vips', '--version']),
  }, async () => {
    makeInput(700, 509, channels);
    const { code, stderr } = await run();
    assert.equal(code, 0, stderr);
    const plain = join(folder, 'plain.tif');
    await halotile('process', input, '-o', plain, '--op', 'box:radius=1', '--quiet', '--no-overviews');
    const reference = join(folder, `vips${channels}`);
    quietly('vips', ['dzsave', plain, reference, '--suffix', '.png'], /warning/i);
    assert.equal(readFileSync(output, 'utf8'), readFileSync(`${reference}.dzi`, 'utf8'));
    const names = filesIn(`${reference}_files`);
    assert.deepEqual(filesIn(tiles), names);
    for (const name of names) {
      const [own, wanted] = await Promise.all(
        [tiles, `${reference}_files`].map((root) => sharp(join(root, name)).raw().toBuffer()),
      );
      assert.deepEqual(own, wanted, name);
    }
  });
}

test('JPEG and WebP tiles are chosen by --compression, others are refused', async () => {
  makeInput(300, 200);
  for (const codec of ['jpeg', 'webp'] as const) {
    const { code, stderr } = await run('--compression', codec);
    assert.equal(code, 0, stderr);
    assert.match(readFileSync(output, 'utf8'), new RegExp(`Format="${codec}"`));
    // What an earlier run made was replaced as a whole.
    assert.ok(filesIn(tiles).every((name) => name.endsWith(codec)));
    assert.equal((await sharp(join(tiles, `9/0_0.${codec}`)).metadata()).width, 255);
  }
  const { code, stderr } = await run('--compression', 'none');
  assert.equal(code, 2);
  assert.match(stderr, /--compression none of a Deep Zoom image.*expected deflate \(PNG tiles\), jpeg or webp/);
});

test('a folder that holds what halotile did not make is left alone', async () => {
  makeInput(300, 200);
  await run();
  const before = filesIn(tiles);
  writeFileSync(join(tiles, 'notes.txt'), 'mine');
  const added = await run();
  assert.equal(added.code, 2);
  assert.match(added.stderr, /what halotile did not make is where the folder of the output would be/);
  assert.deepEqual(filesIn(tiles), before);
  rmSync(tiles, { recursive: true });
  rmSync(output);
  mkdirSync(join(tiles, '0'), { recursive: true });
  const foreign = await run();
  assert.equal(foreign.code, 2);
  assert.ok(!existsSync(output) && !existsSync(`${output}.partial`));
  rmSync(tiles, { recursive: true });
});

test('what a rename could not replace has its names again', () => {
  const place = join(folder, 'put-back');
  const [dzi, of] = [join(place, 'a.dzi'), join(place, 'a_files')];
  for (const made of [of, join(place, 'new_files')]) {
    mkdirSync(made, { recursive: true });
    writeFileSync(join(made, '.halotile'), made);
  }
  writeFileSync(dzi, 'old');
  const entries = [
    { from: join(place, 'new_files'), to: of },
    { from: join(place, 'missing.dzi'), to: join(place, 'other.dzi') },
  ];
  assert.throws(() => publishTree(dzi, entries, join(place, 'aside')), /ENOENT/);
  assert.equal(readFileSync(join(of, '.halotile'), 'utf8'), of);
  assert.equal(readFileSync(join(place, 'new_files', '.halotile'), 'utf8'), join(place, 'new_files'));
});

test('a run that is killed while it writes leaves no half result, and the next one finishes it', async (t) => {
  makeInput(3000, 2000);
  for (const made of [output, tiles]) rmSync(made, { recursive: true, force: true });
  const started = startHalotile('process', input, '-o', output, '--op', 'box:radius=1', '--quiet');
  const tree = join(`${output}.partial`, 'epoch-000001-tree');
  while (!existsSync(tree) && started.child.exitCode === null) await after(2);
  started.child.kill('SIGKILL');
  await started.ended;
  if (!existsSync(join(`${output}.partial`, 'job.json'))) return t.skip('it ended before it was killed');
  assert.ok(!existsSync(output) && !existsSync(tiles));
  // As if it had died between its renames.
  mkdirSync(tiles);
  writeFileSync(join(tiles, '.halotile'), '');
  const { code, stdout, stderr } = await halotile('process', input, '-o', output, '--op', 'box:radius=1', '--json');
  assert.equal(code, 0, stderr);
  assert.ok((JSON.parse(stdout) as { tiles: { resumed: number } }).tiles.resumed > 0);
  assert.equal(filesIn(tiles).filter((name) => name.startsWith('12/')).length, 12 * 8);
  assert.ok(!existsSync(`${output}.partial`));
});
