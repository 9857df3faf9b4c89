import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { describePlan } from '../../cli/describe-plan.js';
import { planJob } from '../../library/plan-job.js';
import { type JobSpecInput, jobSpecSchema } from '../../tiling/job/job-spec.js';
import { scratchFolder } from '../support/scratch-folder.js';

const folder = scratchFolder();
const image = join(folder, 'image.png');
await sharp({ create: { width: 700, height: 400, channels: 3, background: '#468' } })
  .png()
  .toFile(image);
const machine = { threads: 2, memory: 1024 };

function plan(operations: JobSpecInput['operations'], scan: boolean) {
  const spec = jobSpecSchema.parse({ image, output: join(folder, 'out.tif'), operations, tile: 256, block: 128 });
  return planJob(spec, machine, { scan });
}

test('a scan times a tile of any chain, scans across rows and reductions too, and leaves nothing behind', async () => {
  const chains: JobSpecInput['operations'][] = [
    [{ name: 'median', params: { footprint: 'disk:2' } }],
    [
      { name: 'box', params: { radius: 2 } },
      { name: 'row-ema', params: { alpha: 0.5 } },
    ],
    [
      { name: 'gaussian', params: { sigma: 1 } },
      { name: 'threshold', params: { method: 'otsu' } },
    ],
  ];
  for (const chain of chains) {
    const report = await plan(chain, true);
    assert.ok(report.trial!.tileSeconds > 0);
    assert.ok(report.trial!.jobSeconds > 0);
    assert.match(describePlan(report), /^time {8}about .*, by one tile that took /m);
  }
  assert.deepEqual(readdirSync(folder), ['image.png']);
});

test('without a scan only a box is guessed, and a chain is told with its coupling', async () => {
  const report = await plan([{ name: 'threshold', params: { method: 'otsu' } }], false);
  assert.equal(report.seconds, undefined);
  assert.match(describePlan(report), /threshold \(global, bounded, .*\n(.*\n)*time {8}--scan measures it/);
  assert.match(describePlan(report), /^stage 0 {5}reduce: 6 tiles of 256$/m);
  assert.doesNotMatch(describePlan(report), /^map/m);
  const box = await plan([{ name: 'box', params: { radius: 2 } }], false);
  assert.ok(box.seconds! > 0);
});
