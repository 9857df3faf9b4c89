import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { JobsClient, resultOf } from '../../library/cluster/jobs-client.js';
import { halotile } from '../../proto/gen/messages.js';
import type { DatasetSpec } from '../../tiling/job/dataset-spec.js';
import type { JobSpec } from '../../tiling/job/job-spec.js';
import { datasetSpec, makeDataset } from '../cluster/dataset-files.js';
import { TestCluster } from '../cluster/harness.js';
import { blurSpec, local } from '../cluster/scene-files.js';

const { JobState } = halotile.v1;
const tokens = [
  { token: 'admin-token-00001', principal: 'root', role: 'admin' },
  { token: 'client-token-0001', principal: 'owner', role: 'client' },
  { token: 'client-token-0002', principal: 'other', role: 'client' },
  { token: 'worker-token-0001', principal: 'worker', role: 'worker' },
] as const;
const inRoot = (name: string) => `root:data/${name}`;

let cluster: TestCluster;
let owner: JobsClient;
let other: JobsClient;
before(async () => {
  cluster = await TestCluster.start({}, { tokens });
  const clientOf = ({ token }: { readonly token: string }) => new JobsClient({ address: cluster.address, token });
  owner = clientOf(tokens[1]);
  other = clientOf(tokens[2]);
});
after(async () => {
  owner.close();
  other.close();
  await cluster.close();
});

const onDisk = (name: string) => join(cluster.root, name);

async function run(client: JobsClient, spec: JobSpec | DatasetSpec, restart = false): Promise<halotile.v1.IJobResult> {
  const { id } = await client.submit(spec, { restart, backoffSeconds: 0 });
  return ended(client, id!);
}

async function ended(client: JobsClient, id: string): Promise<halotile.v1.IJobResult> {
  let last: halotile.v1.WatchJobResponse | undefined;
  for await (const event of client.watch(id)) last = event;
  return resultOf(last!);
}

/** Leaves an output of the owner unfinished: some tiles are committed, the job is cancelled. */
async function leave(spec: JobSpec): Promise<void> {
  const worker = await cluster.worker({ fault: 'slow:30', roots: true });
  const { id } = await owner.submit(spec);
  for await (const { state, progress } of owner.watch(id!)) {
    if (state === JobState.JOB_STATE_RUNNING && (progress?.tilesDone ?? 0) >= 4) await owner.cancel(id!);
  }
  await worker.end('SIGKILL');
}

function damageParts(output: string): void {
  const partial = onDisk(`${output}.partial`);
  const parts = readdirSync(partial, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /epoch-\d+\/.*part/.test(name),
  );
  assert.ok(parts.length > 0);
  for (const part of parts) {
    const bytes = readFileSync(join(partial, part));
    for (let at = 0; at < bytes.length; at += 64) bytes[at]! ^= 255;
    writeFileSync(join(partial, part), bytes);
  }
}

test('a damaged unfinished output is discarded by its owner, by a call or by a job that begins anew', async () => {
  await local(blurSpec(onDisk, onDisk('oracle.tif')));
  const oracle = readFileSync(onDisk('oracle.tif'));
  const spec = blurSpec(inRoot, inRoot('damaged.tif'));
  for (const begin of ['call', 'restart'] as const) {
    await leave(spec);
    damageParts('damaged.tif');
    await cluster.worker({ roots: true });
    await assert.rejects(run(owner, spec), { tag: 'output-failed', message: /--restart/ });
    await assert.rejects(other.discard(spec.output), { tag: 'not-allowed', message: /begun by somebody else/ });
    await assert.rejects(run(other, spec, true), { tag: 'not-allowed', message: /begun by somebody else/ });
    assert.ok(existsSync(onDisk('damaged.tif.partial')));
    if (begin === 'call') await owner.discard(spec.output);
    const result = await run(owner, spec, begin === 'restart');
    assert.equal(result.counts?.tilesResumed, 0);
    assert.ok(readFileSync(onDisk('damaged.tif')).equals(oracle));
    for (const worker of cluster.workers) await worker.end('SIGKILL');
  }
  await assert.rejects(owner.discard(spec.output), { tag: 'not-found' });
});

test('nobody discards what a run without a coordinator began but an admin, or an output that is being written', async () => {
  const spec = blurSpec(inRoot, inRoot('written.tif'));
  const worker = await cluster.worker({ fault: 'slow:60', roots: true });
  const { id } = await owner.submit(spec);
  for await (const { progress } of owner.watch(id!)) if ((progress?.tilesDone ?? 0) > 0) break;
  await assert.rejects(owner.discard(spec.output), { tag: 'partial-conflict', message: /is writing this output/ });
  await owner.cancel(id!);
  await assert.rejects(ended(owner, id!), { tag: 'interrupted' });
  await worker.end('SIGKILL');
  const description = onDisk('written.tif.partial/job.json');
  const described = readFileSync(description, 'utf8');
  assert.match(described, /"principal": "owner"/);
  // What names nobody belongs to whoever ran it on a machine of the storage; a description that is damaged, to no job.
  writeFileSync(description, '{"format": 1, "digest": "0"}');
  await assert.rejects(owner.discard(spec.output), { tag: 'not-allowed' });
  await cluster.client.discard(spec.output);
  assert.equal(existsSync(onDisk('written.tif.partial')), false);
  for (const name of ['download:a.tif', '/etc/passwd', 'root:data/../a.tif', 'root:nowhere/a.tif']) {
    await assert.rejects(owner.discard(name), { tag: 'bad-input' });
  }
});

test("what a dataset remembers is discarded by its owner, and no folder that is somebody else's", async () => {
  await makeDataset(onDisk('frames'), ['mage'], 3);
  const worker = await cluster.worker({ roots: true });
  const spec = datasetSpec(inRoot('frames/list.csv'), inRoot('palettes'));
  const first = await run(owner, spec);
  assert.equal(first.counts?.imagesReused, 0);
  assert.equal((await run(owner, spec)).counts?.imagesReused, first.counts?.imagesTotal);
  await assert.rejects(run(other, spec, true), { tag: 'not-allowed' });
  await assert.rejects(other.discard(spec.output), { tag: 'not-allowed' });
  assert.equal((await run(owner, spec, true)).counts?.imagesReused, 0);
  await owner.discard(spec.output);
  assert.equal(existsSync(onDisk('palettes/.halotile')), false);
  assert.equal((await run(owner, spec)).counts?.imagesReused, 0);
  // A folder of that name without our mark, such as a coordinator's state in its user's home.
  mkdirSync(onDisk('home/.halotile/coordinator'), { recursive: true });
  const home = datasetSpec(inRoot('frames/list.csv'), inRoot('home'));
  for (const restart of [false, true]) {
    await assert.rejects(run(owner, home, restart), { tag: 'partial-conflict', message: /did not make/ });
  }
  await assert.rejects(cluster.client.discard(home.output), { tag: 'partial-conflict' });
  assert.deepEqual(readdirSync(onDisk('home/.halotile')), ['coordinator']);
  await worker.end('SIGKILL');
});
