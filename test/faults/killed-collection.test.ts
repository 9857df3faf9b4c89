import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCollection } from '../../library/calls.js';
import type { CollectionSpecInput } from '../../tiling/job/collection-spec.js';
import { noise } from '../conformance/box-tiles.js';
import { BOX, tifsBelow, writePairs } from '../support/collection-pairs.js';
import { startScript } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';

const folder = scratchFolder();

test('killed ten times anywhere, the same call goes on and gives the same files', async () => {
  const root = join(folder, 'killed');
  writePairs(root);
  const spec = (output: string): CollectionSpecInput => ({
    ...{ images: join(root, 'slides'), map: join(root, 'maps/{name}.tif'), output: join(root, output) },
    ...{ operations: BOX, tile: 16, block: 16 },
  });
  const { tiles } = await runCollection(spec('whole'));
  const random = noise(20);
  const script = new URL('../support/collection-process.js', import.meta.url);
  for (let kill = 0; kill < 10; kill++) {
    // Small images are written several at a time unless the disk is waited for.
    const { child, ended } = startScript(script, [JSON.stringify(spec('out')), `${kill % 2 === 0}`]);
    const until = random(Math.ceil(tiles / 6));
    let seen = 0;
    child.stdout!.on('data', (text: string) => {
      seen = Math.max(seen, ...text.trim().split('\n').map(Number));
      if (seen >= until) child.kill('SIGKILL');
    });
    const { signal, code } = await ended;
    assert.ok(signal === 'SIGKILL' || code === 0);
  }
  const { images } = await runCollection(spec('out'));
  assert.equal(images.written, 5);
  assert.deepEqual(tifsBelow(join(root, 'out')), tifsBelow(join(root, 'whole')));
  for (const name of tifsBelow(join(root, 'whole'))) {
    assert.deepEqual(readFileSync(join(root, 'out', name)), readFileSync(join(root, 'whole', name)));
  }
  assert.ok(!readdirSync(join(root, 'out')).some((name) => name.endsWith('.partial')));
  assert.ok(existsSync(join(root, 'out/report.html')));
});
