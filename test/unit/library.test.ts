import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  type DatasetSpecInput,
  HalotileError,
  type JobProgress,
  type JobSpecInput,
  planJob,
  previewOutput,
  runDataset,
  runJob,
} from '../../index.js';
import { encodeRgbaPng } from '../../tiling/palette/png-encode.js';
import { scratchFolder } from '../support/scratch-folder.js';

const folder = scratchFolder();
const frames = join(folder, 'frames');
mkdirSync(join(frames, 'knight'), { recursive: true });
const size = { width: 8, height: 8 };
for (const index of [0, 1, 2]) {
  const rgba = Uint8Array.from({ length: 8 * 8 * 4 }, (_, at) => (at % 4 === 3 ? 255 : (at * (index + 3)) % 256));
  writeFileSync(join(frames, 'knight', `walk-${index}.png`), encodeRgbaPng(rgba, size));
}

const refused = (error: unknown) => error instanceof HalotileError && error.tag === 'bad-usage';

test('a call with a wrong argument rejects and does not throw', async () => {
  const job = { image: 'a.tif' } as unknown as JobSpecInput;
  const right = { image: 'a.tif', output: 'b.tif', operations: [{ name: 'box', params: { radius: 1 } }] };
  const calls = [
    () => runJob(job),
    () => runJob(right, { threads: 0 }),
    () => planJob(job),
    () => runDataset({ output: 'x' } as DatasetSpecInput),
    () => runDataset({ frames: [frames], output: join(folder, 'never') }, { threads: 0 }),
    () => previewOutput('b.tif', { maxSide: 0 }),
  ];
  for (const call of calls) {
    // A throw here, before the promise, fails the test.
    const promise = call();
    await assert.rejects(promise, refused);
  }
});

test('runDataset writes frames and a palette, tells its progress, and continues', async () => {
  const output = join(folder, 'out');
  const spec: DatasetSpecInput = { frames: [frames], output };
  const told: JobProgress[] = [];
  const result = await runDataset(spec, { threads: 1, onProgress: (progress) => told.push(progress) });
  assert.deepEqual(result.frames, { total: 3, written: 3, reused: 0, failed: 0 });
  assert.equal(told.at(-1)?.imagesDone, 3);
  assert.ok(existsSync(join(output, 'knight', 'walk-2.png')));
  assert.ok(JSON.parse(readFileSync(join(output, 'knight', 'palette.json'), 'utf8')).colors.length > 0);
  assert.equal((await runDataset(spec, { threads: 1 })).frames.reused, 3);
});

test('runDataset stops at its signal with the tag of an interruption', async () => {
  const spec: DatasetSpecInput = { frames: [frames], output: join(folder, 'stopped') };
  const run = runDataset(spec, { threads: 1, signal: AbortSignal.abort() });
  await assert.rejects(run, (error) => error instanceof HalotileError && error.tag === 'interrupted');
  assert.equal((await runDataset(spec, { threads: 1 })).frames.written, 3);
});
