import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
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
  const job = await cluster.client.submit(blurSpec(inRoot, inRoot('full.tif')));
  await cluster.until(() => cluster.log.some((line) => line.includes(`job ${job.id} starts`)));
  const others: string[] = [];
  for (let i = 0; i < 12; i++)
    others.push((await cluster.client.submit(blurSpec(inRoot, inRoot(`other-${i}.tif`)))).id!);
  fill(filler);
  // The last page of the log still takes some; their records are smaller than that of the job's end.
  const refused = await firstRejection(others, (id) => cluster.client.cancel(id));
  assert.match(refused, /the state of the coordinator cannot be written: no space is left on the device \(ENOSPC\)/);
  assert.ok(cluster.log.some((line) => /cannot be written.*: no job is taken until it can/.test(line)));
  await cluster.worker({ roots: true });
  await cluster.until(() => cluster.log.some((line) => /cannot record the end of a job: .*ENOSPC/.test(line)));
  // The coordinator answers meanwhile.
  assert.equal((await cluster.client.get(job.id!)).id, job.id);
  rmSync(filler);
  resultOf(await last(job.id!));
  assert.ok(cluster.log.some((line) => /can be written again/.test(line)));
  for (const id of others) await cluster.client.cancel(id);
});

/** The sentence of the first that is refused. */
async function firstRejection(ids: readonly string[], act: (id: string) => Promise<unknown>): Promise<string> {
  for (const id of ids) {
    try {
      await act(id);
    } catch (error) {
      return (error as Error).message;
    }
  }
  throw new Error('all were taken');
}
test("what goes wrong with the end of one job is neither the coordinator's end nor another job's", async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', note);
  let ends = 0;
  const nothing = () => {};
  const observer = {
    ...{ attemptBegun: nothing, attemptEnded: nothing, committed: nothing, alarm: nothing, travelled: nothing },
    jobEnded: () => {
      if (++ends === 1) throw new Error('nobody counts any more');
    },
  };
  const own = await TestCluster.start({}, { observer, maxRunning: 1 });
  const endOf = async (id: string) => {
    let seen: halotile.v1.WatchJobResponse | undefined;
    for await (const event of own.client.watch(id)) seen = event;
    return seen!;
  };
  try {
    const { id } = await own.client.submit(blurSpec(inRoot, inRoot('blocked.tif')));
    await own.until(() => existsSync(join(own.root, 'blocked.tif.partial/epoch-000001')));
    // The file of what workers send cannot be opened, and so not be closed either.
    mkdirSync(join(own.root, 'blocked.tif.partial/epoch-000001/part-coordinator'));
    await own.worker();
    const failed = await endOf(id!);
    assert.throws(() => resultOf(failed), /blocked|coordinator/);
    assert.ok(own.log.some((line) => line.includes('nobody counts any more')));
    const next = await own.client.submit(blurSpec(inRoot, inRoot('next.tif')));
    resultOf(await endOf(next.id!));
    assert.deepEqual(unhandled, []);
  } finally {
    process.off('unhandledRejection', note);
    await own.close();
  }
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
