import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { JobSpecInput } from '../../tiling/job/job-spec.js';
import { runEngine } from '../support/engine.js';
import { refusals } from '../support/refusal.js';

const { folder, image, map } = refusals();

/** What the job reads: files of its own, and those that only parameters name, which are read once, when it is planned. */
const COPIES = {
  image: join(folder, 'changing-image.tif'),
  map: join(folder, 'changing-map.tif'),
  table: join(folder, 'changing.csv'),
  mask: join(folder, 'changing.txt'),
  flat: join(folder, 'changing-flat.tif'),
};

for (const which of Object.keys(COPIES) as (keyof typeof COPIES)[]) {
  test(`an input (${which}) that changes while it is read fails the job and leaves the output as it was`, async () => {
    for (const copy of [COPIES.image, COPIES.flat]) copyFileSync(image, copy);
    copyFileSync(map, COPIES.map);
    writeFileSync(COPIES.table, '0\n255\n');
    writeFileSync(COPIES.mask, '111\n');
    const target = join(folder, 'changing.tif');
    writeFileSync(target, 'the output of before');
    const operations: JobSpecInput['operations'] = [
      { name: 'box' },
      { name: 'max', params: { footprint: `mask:${COPIES.mask}` } },
      { name: 'lut', params: { table: COPIES.table } },
      { name: 'flat-field', params: { flat: COPIES.flat } },
    ];
    const spec: JobSpecInput = {
      image: COPIES.image,
      map: COPIES.map,
      output: target,
      operations,
      tile: 32,
      block: 16,
    };
    let changed = false;
    const onProgress = ({ tilesDone }: { tilesDone: number }) => {
      if (tilesDone < 3 || changed) return;
      changed = true;
      utimesSync(COPIES[which], new Date(0), new Date(0));
    };
    await assert.rejects(runEngine(spec, { onProgress }), (error: Error) => {
      assert.ok(error.message.includes(COPIES[which]));
      assert.match(error.message, /changed while it was read/);
      return true;
    });
    assert.equal(readFileSync(target, 'utf8'), 'the output of before');
    assert.equal(existsSync(`${target}.partial`), false);
  });
}
