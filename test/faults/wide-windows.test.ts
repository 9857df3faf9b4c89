import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { runCollection } from '../../library/calls.js';
import type { JobSpecInput } from '../../tiling/job/job-spec.js';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { runEngine } from '../support/engine.js';
import { startScript } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';

const folder = scratchFolder();
const map = join(folder, 'map.tif');
const SIZE = { width: 331, height: 270 };

before(() => {
  const next = noise(5);
  for (const name of ['field-one', 'field-two']) {
    writeTiff(
      join(folder, `${name}.tif`),
      imageOf(
        SIZE,
        { dtype: 'float32', channels: 1 },
        (x, y) => 90 + 60 * Math.sin(x / 9) * Math.cos(y / 11) + next(40),
      ),
    );
  }
  writeTiff(
    map,
    imageOf(SIZE, { dtype: 'uint16', channels: 1 }, (x, y) => Math.round(Math.hypot(x - 80, y - 9))),
  );
});

/** Runs a job in a process of its own, which is killed when `tiles` are done. */
async function killedAt(script: string, spec: object, tiles: number): Promise<void> {
  const file = new URL(`../support/${script}.js`, import.meta.url);
  const { child, ended } = startScript(file, [JSON.stringify(spec), '2']);
  child.stdout!.on('data', (text: string) => {
    if (text.split('\n').some((line) => Number(line) >= tiles)) child.kill('SIGKILL');
  });
  assert.equal((await ended).signal, 'SIGKILL');
}

const CHAINS: Readonly<Record<string, Pick<JobSpecInput, 'operations' | 'map'>>> = {
  'corners of sums': { operations: [{ name: 'box' }], map },
  'grids of the whole image': { operations: [{ name: 'gaussian' }], map },
  'non-local means': { operations: [{ name: 'nlm', params: { patch: 3, window: 7, h: 20 } }] },
};

for (const [what, chain] of Object.entries(CHAINS)) {
  test(`a job of ${what} is killed twice and continued, by itself and among many: the file of a run that was not`, async () => {
    const jobOf = (stem: string, output: string) => ({
      ...{ image: join(folder, `${stem}.tif`), output: join(folder, output), ...chain },
      ...{ tile: 32, block: 16, compression: { codec: 'none' as const } },
    });
    const whole = jobOf('field-one', 'whole.tif');
    await runEngine(whole);
    const killed = jobOf('field-one', `killed-${chain.operations![0]!.name}.tif`);
    for (const tiles of [4, 30]) await killedAt('job-process', killed, tiles);
    assert.ok((await runEngine(killed)).tiles.resumed >= 30);
    assert.ok(readFileSync(killed.output).equals(readFileSync(whole.output)));
    const { image: _, ...shared } = killed;
    const many = { ...shared, images: join(folder, 'field-*.tif'), output: join(folder, chain.operations![0]!.name) };
    await killedAt('collection-process', many, 1);
    const { images } = await runCollection(many, { threads: 2 });
    assert.equal(images.written + images.reused, 2);
    assert.ok(readFileSync(join(many.output, 'field-one.tif')).equals(readFileSync(whole.output)));
  });
}
