import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import type { JobSpecInput } from '../../tiling/job/job-spec.js';
import { partialPaths } from '../../tiling/stitch/partial.js';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { runEngine } from '../support/engine.js';
import { recordedTiles } from '../support/ledger-records.js';
import { startScript } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';

const folder = scratchFolder();
const image = join(folder, 'image.tif');
const mask = join(folder, 'mask.tif');
const SIZE = { width: 517, height: 611 };

before(() => {
  const next = noise(5);
  writeTiff(
    image,
    imageOf(SIZE, { dtype: 'uint8', channels: 3 }, (x, y) => ((x ^ y) + next(60)) & 255),
  );
  writeTiff(
    mask,
    imageOf(SIZE, { dtype: 'uint8', channels: 1 }, () => (next(2000) === 0 ? 255 : 0)),
  );
});

function distanceJob(name: string): JobSpecInput {
  const operations = [{ name: 'distance' }, { name: 'box', params: { radius: 20 } }];
  return { image: mask, output: join(folder, `${name}.tif`), operations, tile: 32, block: 16 };
}

/** Runs a job until `tiles` are done, then has it interrupted. */
async function stopAfter(spec: JobSpecInput, tiles: number): Promise<void> {
  const interrupt = new AbortController();
  const onProgress = ({ tilesDone }: { tilesDone: number }) => {
    if (tilesDone >= tiles) interrupt.abort();
  };
  await assert.rejects(runEngine(spec, { signal: interrupt.signal, onProgress }), { tag: 'interrupted' });
}

test('a job in bands is killed in both of its passes: the same file, and no band computed twice', async () => {
  const whole = await runEngine(distanceJob('whole'));
  const spec = distanceJob('killed');
  const { directory } = partialPaths(spec.output);
  for (const tiles of [5, 14, 18]) {
    const started = startScript(new URL('../support/job-process.js', import.meta.url), [JSON.stringify(spec), '2']);
    started.child.stdout!.on('data', (text: string) => {
      if (text.split('\n').some((line) => Number(line) >= tiles)) started.child.kill('SIGKILL');
    });
    assert.equal((await started.ended).signal, 'SIGKILL');
  }
  let recorded: string[] = [];
  const result = await runEngine(spec, {
    onProgress: ({ tilesDone, tilesTotal }) => {
      if (tilesDone === tilesTotal) recorded = recordedTiles(directory);
    },
  });
  assert.ok(result.tiles.resumed >= 18);
  assert.equal(new Set(recorded).size, recorded.length);
  assert.equal(result.crc, whole.crc);
  assert.ok(readFileSync(spec.output).equals(readFileSync(join(folder, 'whole.tif'))));
});

test('a map made on the way is continued where it was left, and made once', async () => {
  const mapping = { scale: 0.4, max: 30 };
  const map = join(folder, 'map.tif');
  await runEngine({ image: mask, output: map, operations: [{ name: 'distance' }] });
  const blur = { image, operations: [{ name: 'box' }], mapping, tile: 64, block: 32 };
  const apart = await runEngine({ ...blur, map, output: join(folder, 'apart.tif') });
  const spec = { ...blur, map: mask, mapOperations: [{ name: 'distance' }], output: join(folder, 'at-once.tif') };
  const { directory } = partialPaths(spec.output);
  await stopAfter(spec, 3);
  assert.ok(existsSync(directory));
  // The map's bands are fewer than the blur's tiles.
  await stopAfter(spec, 30);
  const result = await runEngine(spec);
  assert.ok(result.tiles.resumed > 0);
  assert.equal(result.crc, apart.crc);
  assert.equal(existsSync(directory), false);
});

test('another mask is another map', async () => {
  const other = join(folder, 'other.tif');
  writeTiff(
    other,
    imageOf(SIZE, { dtype: 'uint8', channels: 1 }, (x, y) => (x === 30 && y === 40 ? 255 : 0)),
  );
  const spec = {
    image,
    operations: [{ name: 'box' }],
    mapping: { scale: 0.1 },
    output: join(folder, 'other-blur.tif'),
  };
  const mapOperations = [{ name: 'distance' }];
  await stopAfter({ ...spec, map: mask, mapOperations, tile: 64, block: 32 }, 1);
  const result = await runEngine({ ...spec, map: other, mapOperations });
  assert.ok(result.mapMax > 70, `${result.mapMax}`);
});
