import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { layOutRawTiff } from '../../cli/demo/raw-tiff.js';
import { describePlan } from '../../cli/describe-plan.js';
import { openExecutor } from '../../library/executor.js';
import { planJob } from '../../library/plan-job.js';
import { type JobSpecInput, jobSpecSchema } from '../../tiling/job/job-spec.js';
import { GpuExecutor } from '../../worker/index.js';

const folder = mkdtempSync(join(tmpdir(), 'halotile-gpu-plan-'));
after(() => rmSync(folder, { recursive: true }));
const machine = { threads: 2, memory: 1024 };

const probe = await GpuExecutor.open({ threads: 1, name: 'probe' });
const skip = probe instanceof GpuExecutor ? false : probe.reason;
const real = probe instanceof GpuExecutor && probe.report.adapter.real;
if (probe instanceof GpuExecutor) await probe.close();

function specOf(operations: JobSpecInput['operations']) {
  const image = join(folder, 'image.tif');
  const { header, fileBytes } = layOutRawTiff({ width: 300, height: 200 }, 3, 'test');
  const bytes = new Uint8Array(fileBytes);
  bytes.set(header);
  writeFileSync(image, bytes);
  return jobSpecSchema.parse({ image, output: join(folder, 'out.tif'), operations });
}

test('a plan says what the GPU computes, and why not what it does not', { skip }, async () => {
  const operations: JobSpecInput['operations'] = [
    { name: 'box', params: { radius: 3 } },
    { name: 'row-ema', params: { alpha: 0.5 } },
  ];
  const report = await planJob(specOf(operations), machine, { backend: 'gpu' });
  assert.deepEqual(report.gpu?.operations, [
    { operation: 'box', on: 'gpu' },
    { operation: 'row-ema', on: 'processor', why: 'no GPU kernel' },
  ]);
  assert.match(describePlan(report), /backend .*: box on the GPU → row-ema on the processor \(no GPU kernel\)/);
});

test('what a kernel does not take is named', { skip }, async () => {
  const wide = [{ name: 'median', params: { footprint: 'disk:30' } }];
  const report = await planJob(specOf(wide), machine, { backend: 'gpu' });
  assert.deepEqual(report.gpu?.operations, [{ operation: 'median', on: 'processor', why: '2821 samples a window' }]);
});

test('a plan has the tile side that the GPU likes', { skip }, async () => {
  const executor = await openExecutor({ threads: 2, memoryBytes: 2 ** 30 }, 'gpu');
  await executor.close();
  const large = jobSpecSchema.parse({ ...specOf([{ name: 'gamma', params: { gamma: 2 } }]), block: 16 });
  const onGpu = await planJob(large, machine, { backend: 'gpu' });
  const onCpu = await planJob(large, machine, {});
  assert.ok(onGpu.stages[0]!.tile <= executor.preferredTile!);
  assert.ok(onGpu.stages[0]!.tile >= onCpu.stages[0]!.tile);
});

test('auto without a real GPU plans for the processor and says so', {
  skip: real && 'there is a real GPU',
}, async () => {
  const report = await planJob(specOf([{ name: 'box', params: { radius: 1 } }]), machine, { backend: 'auto' });
  assert.deepEqual(report.gpu, { operations: [{ operation: 'box', on: 'processor', why: 'no real GPU here' }] });
});

test('a plan for the processor does not speak of a GPU', async () => {
  const report = await planJob(specOf([{ name: 'box', params: { radius: 1 } }]), machine, {});
  assert.doesNotMatch(describePlan(report), /GPU|^backend/m);
});
