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
    const { code, stderr } = await halotile('run', join(folder, name), '--quiet');
    assert.deepEqual([code, stderr], [0, ''], name);
  }
  assert.deepEqual([...kinds].sort(), ['collection', 'dataset', 'image']);
});

function kindOf(job: AnyJobSpec): string {
  return isCollectionSpec(job) ? 'collection' : kindOfDocument(job);
}
