import assert from 'node:assert/strict';
import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { resultOf } from '../../library/cluster/jobs-client.js';
import type { halotile } from '../../proto/gen/messages.js';
import { TestCluster } from '../cluster/harness.js';
import { blurSpec } from '../cluster/scene-files.js';
import { isAlive, kernelsOf, NO_PROC, ticksOf, until } from '../support/kernel-processes.js';
import { startHalotile } from '../support/run-halotile.js';
import { tinyDisk } from '../support/tiny-disk.js';
import { endlessFrom, wasmModule } from '../support/wasm-module.js';

const disk = tinyDisk(4 << 20);
const HOUR_MS = 3_600_000;
let cluster: TestCluster;
before(async () => {
  cluster = await TestCluster.start({}, disk === undefined ? {} : { stateDirectory: join(disk, 'state') });
  writeFileSync(join(cluster.root, 'endless.wasm'), wasmModule({ pixel: endlessFrom(0) }));
});
after(() => cluster.close());

const inRoot = (name: string) => `root:data/${name}`;

async function last(id: string): Promise<halotile.v1.WatchJobResponse> {
  let seen: halotile.v1.WatchJobResponse | undefined;
  for await (const event of cluster.client.watch(id)) seen = event;
  return seen!;
}

test('a worker that is told to stop gives back what is not done in time', { skip: NO_PROC }, async () => {
  const { child, ended } = startHalotile(
    ...['worker', '--coordinator', cluster.address, '--threads', '1', '--grace', '1'],
    ...['--root', `data=${cluster.root}`],
  );
  const operations = [{ name: 'custom', params: { module: inRoot('endless.wasm'), limitMs: HOUR_MS } }];
  const job = await cluster.client.submit(blurSpec(inRoot, inRoot('slow.tif'), { map: undefined, operations }));
  const kernel = await until(() => kernelsOf(child.pid!).find((pid) => ticksOf(pid) > 20));
  child.kill('SIGTERM');
  const { code, stderr } = await ended;
  assert.equal(code, 0, stderr);
  assert.match(stderr, /filter \d+ of stage 0 is not done in time; it goes back to the coordinator/);
  // Whoever inherits orphans here may leave their entries lie.
  await until(() => (isAlive(kernel) ? undefined : true));
  // Given back, not lost: the coordinator blames no tile, and the job waits for the next worker.
  assert.equal(cluster.coordinator.figures.leases, 0);
  await cluster.client.cancel(job.id!);
  await last(job.id!);
});

test('a job that ends while the disk of the queue is full ends when there is room', {
  skip: disk === undefined && 'no right to mount a small file system',
}, async () => {
  const filler = join(disk!, 'filler');
  // A record that no rest of a page of the log can hold.
  const levels = { name: 'levels', params: { black: 0, white: 255, gamma: 1, low: 0, high: 255 } };
  const operations = [{ name: 'box', params: {} }, ...Array.from({ length: 63 }, () => levels)];
  const job = await cluster.client.submit(blurSpec(inRoot, inRoot('full.tif'), { operations }));
  await cluster.until(() => cluster.log.some((line) => line.includes(`job ${job.id} starts`)));
  fill(filler);
  await cluster.worker({ roots: true });
  await cluster.until(() =>
    cluster.log.some((line) =>
      /cannot record the end of a job: .*(ENOSPC|disk of the shared state is full)/.test(line),
    ),
  );
  // The coordinator answers meanwhile.
  assert.equal((await cluster.client.get(job.id!)).id, job.id);
  rmSync(filler);
  resultOf(await last(job.id!));
});

/** Writes a file until there is no room left. */
function fill(path: string): void {
  for (const size of [4096, 1]) {
    const piece = new Uint8Array(size);
    try {
      for (;;) appendFileSync(path, piece);
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
    }
  }
}
