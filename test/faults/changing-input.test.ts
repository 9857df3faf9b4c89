import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { JobSpecInput } from '../../tiling/job/job-spec.js';
import { runEngine } from '../support/engine.js';
import { refusals } from '../support/refusal.js';

const { folder, image, map } = refusals();

for (const which of ['image', 'map'] as const) {
  test(`an ${which} that changes while it is read fails the job and leaves the output as it was`, async () => {
    const copies = { image: join(folder, 'changing-image.tif'), map: join(folder, 'changing-map.tif') };
    copyFileSync(image, copies.image);
    copyFileSync(map, copies.map);
    const target = join(folder, 'changing.tif');
    writeFileSync(target, 'the output of before');
    const spec: JobSpecInput = { ...copies, output: target, operations: [{ name: 'box' }], tile: 32, block: 16 };
    let changed = false;
    const onProgress = ({ tilesDone }: { tilesDone: number }) => {
      if (tilesDone < 3 || changed) return;
      changed = true;
      utimesSync(copies[which], new Date(0), new Date(0));
    };
    await assert.rejects(runEngine(spec, { onProgress }), (error: Error) => {
      assert.ok(error.message.includes(copies[which]));
      assert.match(error.message, /changed while it was read/);
      return true;
    });
    assert.equal(readFileSync(target, 'utf8'), 'the output of before');
    assert.equal(existsSync(`${target}.partial`), false);
  });
}
