import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { readJobFile } from '../../cli/commands/run.js';
import { type AnyJobSpec, isCollectionSpec, kindOfDocument } from '../../tiling/job/collection-spec.js';
import { halotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';

const EXAMPLES = fileURLToPath(new URL('../../../examples/jobs', import.meta.url));
const folder = scratchFolder();

test('every example of a job file runs, and there is one of every kind', async () => {
  cpSync(EXAMPLES, folder, { recursive: true });
  assert.equal((await halotile('demo', '--size', '400', '--directory', folder, '--quiet')).code, 0);
  for (const character of ['knight', 'mage']) {
    mkdirSync(join(folder, 'frames', character), { recursive: true });
    await sharp({ create: { width: 24, height: 32, channels: 3, background: 'teal' } })
      .png()
      .toFile(join(folder, 'frames', character, 'idle.png'));
  }
  const jobs = readdirSync(EXAMPLES).filter((name) => /\.(?:yaml|json)$/.test(name));
  const kinds = new Set<string>();
  for (const name of jobs) {
    kinds.add(kindOf(readJobFile(join(folder, name))));
    const before = readdirSync(folder, { recursive: true });
    const dry = await halotile('run', join(folder, name), '--dry-run');
    assert.deepEqual([dry.code, dry.stderr], [0, ''], name);
    assert.match(dry.stdout, /nothing was written: --dry-run\n$/);
    assert.deepEqual(readdirSync(folder, { recursive: true }), before);
    const { code, stderr } = await halotile('run', join(folder, name), '--quiet');
    assert.deepEqual([code, stderr], [0, ''], name);
  }
  assert.deepEqual([...kinds].sort(), ['collection', 'dataset', 'image']);
});

test('a dry run tells images and outputs, and refuses what the run would', async () => {
  const scene = join(folder, 'scene.tif');
  const many = ['process', scene, join(folder, 'distance.tif'), '--op', 'box:radius=1', '-o', join(folder, 'dry')];
  const planned = await halotile(...many, '--dry-run', '--json');
  const { images } = JSON.parse(planned.stdout) as { images: { image: string; output: string; done: boolean }[] };
  assert.deepEqual(
    images.map(({ image, output, done }) => [image, output, done]),
    ['scene', 'distance'].map((name) => [join(folder, `${name}.tif`), join(folder, 'dry', `${name}.tif`), false]),
  );
  for (const [args, expected] of [
    [['process', scene, '--op', 'box:radius=1', '-o', join(folder, 'none/o.tif')], /directory does not exist/],
    [['process', scene, '--op', 'box:radius=1', '-o', scene], /the output is also an input/],
    [[...many, '--coordinator', '127.0.0.1:1'], /--dry-run with --coordinator/],
  ] as const) {
    const { code, stderr } = await halotile(...args, '--dry-run');
    assert.notEqual(code, 0);
    assert.match(stderr, expected);
  }
});

function kindOf(job: AnyJobSpec): string {
  return isCollectionSpec(job) ? 'collection' : kindOfDocument(job);
}
