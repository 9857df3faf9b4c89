import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { JobsClient, resultOf } from '../../library/cluster/jobs-client.js';
import type { halotile } from '../../proto/gen/messages.js';
import { blurSpec, local, makeScene } from '../cluster/scene-files.js';
import { killProcess, serve } from '../support/serve-process.js';

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

test('kill -9 of the coordinator: the job goes on in the next one, finished tiles are kept, watchers stay', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'halotile-death-'));
  const root = join(directory, 'data');
  await makeScene(root);
  const onDisk = (name: string) => join(root, name);
  await local(blurSpec(onDisk, onDisk('oracle.tif')));
  let coordinator = await serve(directory, 0);
  const { port } = coordinator;
  const address = `127.0.0.1:${port}`;
  const worker = spawn(process.execPath, [here('../cluster/faulty-worker.js'), address, 'slow:80', '2', root]);
  const client = new JobsClient({ address });
  try {
    const job = await client.submit(blurSpec((name) => `root:data/${name}`, 'root:data/out.tif'));
    let killed = 0;
    let last: halotile.v1.WatchJobResponse | undefined;
    const sequences: number[] = [];
    for await (const event of client.watch(job.id!)) {
      last = event;
      sequences.push(event.sequence);
      const done = event.progress?.tilesDone ?? 0;
      if (killed === 0 && done >= 5) {
        killed = done;
        await killProcess(coordinator.process);
        coordinator = await serve(directory, port);
      }
    }
    const result = resultOf(last!);
    assert.ok(killed >= 5);
    assert.ok((result.counts?.tilesResumed ?? 0) >= killed);
    assert.equal(result.counts?.epoch, 2);
    assert.deepEqual(
      sequences,
      [...sequences].sort((a, b) => a - b),
    );
    assert.ok(readFileSync(onDisk('out.tif')).equals(readFileSync(onDisk('oracle.tif'))));
  } finally {
    client.close();
    for (const child of [worker, coordinator.process]) await killProcess(child);
    rmSync(directory, { recursive: true });
  }
});
