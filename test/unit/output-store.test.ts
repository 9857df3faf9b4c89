import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileThreads } from '../../coordinator/cluster/file-threads.js';
import { type BroughtFiles, OutputStore } from '../../coordinator/cluster/output-store.js';
import { HalotileError } from '../../tiling/errors.js';
import { noCounts } from '../../tiling/job/job-figures.js';
import type { TaskResult } from '../../tiling/work/task.js';
import { scratchFolder } from '../support/scratch-folder.js';

const bytes = new Uint8Array([1, 2, 3]);

/** A result that brings one file. */
function brought(carried: boolean): BroughtFiles {
  const result: TaskResult = {
    ...{ task: { kind: 'images', stage: 0, index: 0, attempt: 1 }, value: { results: [] } },
    ...{ crc: 0, part: '', blocks: [], files: [{ output: 0, length: 3, crc: 0 }], counts: noCounts() },
    seconds: { read: 0, decode: 0, kernel: 0, encode: 0, write: 0 },
  };
  return { result, lease: 1, carried: new Map(carried ? [[0, bytes]] : []) };
}

test('a file that came with a result gets its name as long as the job is still held and it is wanted, and not otherwise', async () => {
  const folder = scratchFolder();
  const path = (name: string) => join(folder, name);
  const threads = new FileThreads();
  let isHeld = true;
  const store = new OutputStore(
    undefined,
    { threads, random: Math.random },
    {
      mayPublish: () => {
        if (!isHeld) throw new HalotileError('interrupted', { what: 'another coordinator has the job by now' });
      },
      isWanted: (file) => file !== path('unwanted'),
    },
  );
  await store.open();
  await store.take(brought(true), [{ form: 'file', path: path('held') }]);
  await store.take(brought(true), [{ form: 'file', path: path('unwanted') }]);
  isHeld = false;
  await assert.rejects(store.take(brought(true), [{ form: 'file', path: path('lost') }]), { tag: 'interrupted' });
  assert.deepEqual(readdirSync(folder), ['held']);
  assert.deepEqual(new Uint8Array(readFileSync(path('held'))), bytes);
  await store.close();
  await threads.close();
});

test('where no worker was given a folder, a file that did not come with its result is none', async () => {
  const threads = new FileThreads();
  const store = new OutputStore(undefined, { threads, random: Math.random });
  await assert.rejects(store.check(brought(false)), { tag: 'bad-input', message: /should have come with it/ });
  await threads.close();
  assert.ok(!existsSync('undefined'));
});
