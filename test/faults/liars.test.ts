import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { halotileVersion } from '../../coordinator/index.js';
import { resultOf } from '../../library/cluster/jobs-client.js';
import { CoordinatorClient } from '../../proto/client/calls.js';
import type { halotile } from '../../proto/gen/messages.js';
import { Workers } from '../../proto/gen/services.js';
import { TestCluster, type TestWorker } from '../cluster/harness.js';
import { blurSpec, local } from '../cluster/scene-files.js';

let cluster: TestCluster;
before(async () => {
  cluster = await TestCluster.start({ startLimitMs: 1_000, minLateMs: 600_000 });
  await local(blurSpec(onDisk, onDisk('oracle.tif')));
});
after(() => cluster.close());

const inRoot = (name: string) => `root:data/${name}`;
const onDisk = (name: string) => join(cluster.root, name);

async function last(id: string): Promise<halotile.v1.WatchJobResponse> {
  let event: halotile.v1.WatchJobResponse | undefined;
  for await (event of cluster.client.watch(id));
  return event!;
}

async function assertRight(id: string, output: string): Promise<void> {
  resultOf(await last(id));
  assert.ok(readFileSync(onDisk(output)).equals(readFileSync(onDisk('oracle.tif'))), output);
  await cluster.assertClean();
}

/** What the coordinator says of each lie of faulty-worker.ts. */
const LIES = {
  'no-blocks': /its 0 blocks are not those of the task/,
  'few-blocks': /its \d+ blocks are not those of the task/,
  'twice-the-blocks': /its \d+ blocks are not those of the task/,
  level: /its \d+ blocks are not those of the task/,
  length: /2147483648 bytes at offset \d+ of a file/,
  crc: /another CRC than the worker says/,
  path: /'\.\.\/part-[^']*' is no part file of the worker/,
  part: /'part-somebody-else-[^']*' is no part file of the worker/,
  files: /no file at position 0, or one more/,
  kind: /a result of kind 'sample'/,
  value: /its value does not say what was asked for/,
  figures: /read is NaN/,
  lease: /lease \d+ is none of this worker's/,
  name: /lease \d+ is none of this worker's/,
} as const;

for (const names of [Object.keys(LIES).slice(0, 7), Object.keys(LIES).slice(7)] as (keyof typeof LIES)[][]) {
  test(`workers that lie about ${names.join(', ')} are refused, then sent away, and the job goes on elsewhere`, async () => {
    const from = cluster.log.length;
    const said = () => cluster.log.slice(from);
    const liars: TestWorker[] = [];
    for (const name of names) liars.push(await cluster.worker({ fault: `lie:${name}`, roots: true }));
    const output = `lied-${names[0]}.tif`;
    const job = await cluster.client.submit(blurSpec(inRoot, inRoot(output)));
    // Whoever lies under another's name is known by the lie alone, and stays until its process ends.
    const known = names.filter((name) => name !== 'name').length;
    await cluster.until(() => said().filter((line) => line.includes('is sent away')).length >= known);
    for (const name of names) {
      const refused = said().filter((line) => line.startsWith('REFUSED') && LIES[name].test(line));
      assert.ok(refused.length > 0, `${name}: ${said().join('\n')}`);
    }
    await cluster.until(() => liars.some(({ log }) => /sent away for a while/.test(log)));
    await cluster.worker({ roots: true });
    for (const liar of liars) await liar.end('SIGKILL');
    await assertRight(job.id!, output);
    await cluster.workers.at(-1)!.end('SIGKILL');
    await cluster.until(() => cluster.coordinator.figures.workers === 0);
  });
}

test('what a worker never begins is taken back long before an attempt is over its time', async () => {
  const idle = await cluster.worker({ fault: 'idle', threads: 4, roots: true });
  const job = await cluster.client.submit(blurSpec(inRoot, inRoot('idle.tif')));
  await cluster.until(() => cluster.coordinator.figures.leases > 0);
  const honest = await cluster.worker({ roots: true });
  await assertRight(job.id!, 'idle.tif');
  await idle.end('SIGKILL');
  await honest.end('SIGKILL');
});

test('a worker that says too much of itself is refused, and no probe is left', async () => {
  const client = new CoordinatorClient({ address: cluster.address });
  const many = <T>(item: (index: number) => T) => Array.from({ length: 20_000 }, (_, index) => item(index));
  const sound = { instance: 'somebody-1', name: 'somebody', version: halotileVersion(), slots: 1 };
  const refusal = (hello: halotile.v1.IHello) =>
    new Promise<string>((resolve, reject) => {
      const stream = client.duplex(Workers.attach);
      stream.on('error', (error: Error) => resolve(error.message));
      stream.on('data', () => reject(new Error('it was welcomed')));
      stream.write({ hello: { ...sound, ...hello } });
    });
  for (const [hello, why] of [
    [{ roots: many(() => 'data') }, /roots of the hello/],
    [{ roots: many((index) => `root-${index}`) }, /roots of the hello/],
    [{ backends: many((index) => `backend-${index}`) }, /backends of the hello/],
    [{ boundedBackends: many((index) => `backend-${index}`) }, /boundedBackends of the hello/],
    [{ labels: Object.fromEntries(many((index) => [`label-${index}`, 'x'])) }, /labels of the hello/],
    [{ labels: { gpu: 'x\nworker admin joined' } }, /labels of the hello: has control characters/],
    [{ name: 'x'.repeat(10_000) }, /name of the hello/],
    [{ instance: '../../part' }, /instance of the hello/],
    [{ slots: 0 }, /slots of the hello/],
    [{ slots: 2 ** 31 }, /slots of the hello/],
  ] as const) {
    assert.match(await refusal(hello), why);
  }
  client.close();
  assert.deepEqual(
    readdirSync(cluster.root).filter((name) => name.startsWith('.halotile-probe')),
    [],
  );
});
