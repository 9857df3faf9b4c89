import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { planJob } from '../../library/calls.js';
import type { JobProgress } from '../../tiling/job/job-progress.js';
import type { JobSpecInput } from '../../tiling/job/job-spec.js';
import { chainCorners } from '../../tiling/operations/corners.js';
import { chainPyramid } from '../../tiling/operations/pyramid.js';
import type { Plan } from '../../tiling/plan/plan.js';
import { runEngine } from '../support/engine.js';
import { readLevels } from '../support/output-levels.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { type FileMetadata, writeTiff } from '../support/tiff-file.js';
import { imageOf, noise } from './box-tiles.js';

const folder = scratchFolder();
const SIZE = { width: 70, height: 45 };
const image = join(folder, 'image.tif');
const map = join(folder, 'map.tif');

/** Colours with nodata and alpha, and a map as wide as the image. */
function store(metadata: FileMetadata): void {
  const next = noise(4);
  writeTiff(
    image,
    imageOf(SIZE, { dtype: 'uint8', channels: 4 }, () => (next(9) === 0 ? 9 : next(256))),
    {},
    metadata,
  );
  writeTiff(
    map,
    imageOf(SIZE, { dtype: 'uint16', channels: 1 }, (x, y) => Math.round(Math.hypot(x - 11, y - 30))),
  );
}

const BEFORE = [{ name: 'levels', params: { black: 20, gamma: 0.8 } }, { name: 'median' }];
const AFTER = [{ name: 'max', params: { footprint: 'disk:2' } }];

for (const metadata of [{}, { nodata: 9 }, { alpha: 'unassociated' }, { nodata: 9, alpha: 'unassociated' }] as const) {
  test(`windows wider than a halo behind other operations: ${JSON.stringify(metadata)}`, async () => {
    store(metadata);
    for (const [name, border, params] of [
      ['box', 'clip', undefined],
      ['box', 'reflect', undefined],
      ['gaussian', 'clip', undefined],
      ['std', 'reflect', { window: 61 }],
    ] as const) {
      const plans: Plan[] = [];
      const operations = [...BEFORE, { name, border, ...(params && { params }) }, ...AFTER];
      const inputs = params === undefined ? { image, map } : { image };
      const job: JobSpecInput = { ...inputs, output: join(folder, 'split.tif'), operations, tile: 16 };
      const { operations: counted } = await planJob(job);
      assert.deepEqual(
        counted.map((operation) => operation.name),
        [name, 'max'],
      );
      await runEngine(job, { onPlan: (plan) => void plans.push(plan) });
      assert.ok(plans.length === 1 && (chainCorners(plans[0]!.operations) ?? chainPyramid(plans[0]!.operations)));
      // One tile that covers the image has it all in its halo.
      const whole = { ...job, output: join(folder, 'whole.tif'), tile: 80 };
      await runEngine(whole);
      const [made, expected] = [await readLevels(job.output), await readLevels(whole.output)];
      assert.equal(made.length > 0, true);
      if (name !== 'gaussian') assert.deepEqual(made[0], expected[0]);
      else {
        const worst = Math.max(...made[0]!.samples.map((value, i) => Math.abs(value - expected[0]!.samples[i]!)));
        assert.ok(worst <= 2, `${worst}`);
      }
    }
  });
}

test('what the first operations gave is there for the next run, and gone with the last', async () => {
  store({});
  const job: JobSpecInput = {
    image,
    map,
    output: join(folder, 'late.tif'),
    operations: [...BEFORE, { name: 'box' }],
    tile: 16,
  };
  const made = () => readdirSync(`${job.output}.partial`).filter((name) => /^first-.*\.tif$/.test(name));
  const interrupt = new AbortController();
  const onProgress = ({ tilesDone }: JobProgress) => {
    if (tilesDone > 3 && made().length === 1) interrupt.abort();
  };
  await assert.rejects(runEngine(job, { signal: interrupt.signal, onProgress }), { tag: 'interrupted' });
  assert.equal(made().length, 1);
  const reports: number[] = [];
  const resumed = await runEngine(job, { onProgress: ({ tilesTotal }) => void reports.push(tilesTotal) });
  assert.ok(resumed.tiles.resumed > 3);
  // No tile of the first job is run again.
  assert.equal(new Set(reports).size, 1);
  assert.equal(existsSync(`${job.output}.partial`), false);
});

test('what labels or a threshold need twice is stored where making it costs more', async () => {
  store({});
  for (const [count, ...names] of [
    [1, 'nlm', 'label'],
    [2, 'nlm', 'max', 'distance'],
    [0, 'median', 'label'],
  ] as const) {
    const params = { nlm: { window: 5, patch: 3 }, max: { footprint: 'disk:1' }, median: {}, label: {}, distance: {} };
    const operations = [
      { name: 'threshold', params: { value: 130 } },
      ...names.map((name) => ({ name, params: params[name] })),
    ];
    const plans: Plan[] = [];
    const job: JobSpecInput = { image, output: join(folder, 'twice.tif'), operations, tile: 16 };
    await runEngine(job, { onPlan: (plan) => void plans.push(plan) });
    assert.equal(plans[0]!.operations.length, operations.length - (count === 0 ? 0 : count + 1), names.join());
    let before = image;
    for (const [at, operation] of operations.entries()) {
      const output = join(folder, `step-${at}.tif`);
      await runEngine({ image: before, output, operations: [operation], tile: 16 });
      before = output;
    }
    assert.deepEqual((await readLevels(job.output))[0], (await readLevels(before))[0], names.join());
  }
});
