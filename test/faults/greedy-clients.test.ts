import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { JobsClient } from '../../library/cluster/jobs-client.js';
import { CoordinatorClient } from '../../proto/client/calls.js';
import { writeJobSpec } from '../../proto/convert/job-spec.js';
import { Jobs } from '../../proto/gen/services.js';
import type { HalotileError } from '../../tiling/errors.js';
import { TestCluster } from '../cluster/harness.js';
import { blurSpec } from '../cluster/scene-files.js';

const tokens = [
  { token: 'admin-token-00001', principal: 'root', role: 'admin' },
  { token: 'client-token-0001', principal: 'greedy', role: 'client' },
  { token: 'client-token-0002', principal: 'modest', role: 'client' },
  { token: 'worker-token-0001', principal: 'worker', role: 'worker' },
] as const;
const inRoot = (name: string) => `root:data/${name}`;

let cluster: TestCluster;
before(async () => {
  cluster = await TestCluster.start({}, { tokens });
});
after(() => cluster.close());

function manyDisks(output: string) {
  const operations = Array.from({ length: 64 }, (_, i) => ({
    name: 'max',
    params: { footprint: `disk:${2000 + (i % 47)}` },
  }));
  return blurSpec(inRoot, inRoot(output), { operations });
}

test('a request that takes longer than its deadline ends with its thread', async () => {
  const hasty = await TestCluster.start(
    {},
    { planning: { deadlineMs: 1, heapMiB: 256, maxWaiting: 8, maxWaitingBytes: 1 << 20 } },
  );
  try {
    await assert.rejects(hasty.client.plan(manyDisks('x.tif')), { tag: 'over-limit', message: /took more than 0.001/ });
    const all = Array.from({ length: 20 }, () => hasty.client.plan(manyDisks('x.tif')).catch((e: HalotileError) => e));
    assert.ok((await Promise.all(all)).some((error) => /wait to be planned/.test((error as Error).message)));
  } finally {
    await hasty.close();
  }
});

test('a plan leaves no scratch behind, and no error names a path of this machine', async () => {
  const own = [cluster.directory, cluster.root, process.cwd()];
  const client = new JobsClient({ address: cluster.address, token: tokens[2].token });
  const base = blurSpec(inRoot, inRoot('y.tif'));
  writeFileSync(join(cluster.root, 'no-image.tif'), 'text');
  writeFileSync(join(cluster.root, 'mask.txt'), `${'10'.repeat(1000)}\n`.repeat(2000));
  writeFileSync(join(cluster.root, 'bad-mask.txt'), '10\n1\n');
  mkdirSync(join(cluster.root, 'folder'));
  const wrong = [
    { image: inRoot('no-image.tif') },
    { image: inRoot('absent.tif') },
    { image: inRoot('folder') },
    { image: 'root:nowhere/a.tif' },
    { map: inRoot('no-image.tif') },
    { map: inRoot('mask.txt') },
    { operations: [{ name: 'max', params: { footprint: `mask:${inRoot('bad-mask.txt')}` } }] },
    { operations: [{ name: 'lut', params: { table: inRoot('no-image.tif') } }] },
    { operations: [{ name: 'custom', params: { module: inRoot('no-image.tif') } }] },
    { operations: [{ name: 'flat-field', params: { flat: inRoot('no-image.tif') } }] },
    { operations: [{ name: 'constructor' }] },
    { output: base.image },
  ];
  try {
    for (const change of wrong) {
      await assert.rejects(client.plan({ ...base, map: undefined, ...change }), (error: Error) => {
        for (const path of own) assert.ok(!error.message.includes(path), error.message);
        return true;
      });
    }
    const scratch = join(cluster.directory, 'state/scratch');
    assert.deepEqual(readdirSync(join(cluster.directory, 'state')).includes('scratch') ? readdirSync(scratch) : [], []);
  } finally {
    client.close();
  }
});

test('uploads are limited in number, however small', async () => {
  const few = await TestCluster.start({}, { maxUploads: 100 });
  const client = new CoordinatorClient({ address: few.address });
  const send = () => {
    const { stream, response } = client.clientStream(Jobs.upload);
    stream.write({ header: { uploadId: randomUUID(), size: 0, crc: 0, name: 'empty' } });
    stream.end();
    return response;
  };
  try {
    let refused = 0;
    for (let sent = 0; sent < 5000; sent += 250) {
      for (const answer of await Promise.allSettled(Array.from({ length: 250 }, send))) {
        if (answer.status === 'fulfilled') continue;
        refused++;
        assert.match((answer.reason as Error).message, /100 uploads are here; expected at most 100|are not complete/);
      }
    }
    assert.equal(refused, 4900);
  } finally {
    client.close();
    await few.close();
  }
});

test('calls under way are limited for each client, and others are let in', async () => {
  const few = await TestCluster.start({}, { tokens, maxCalls: 5 });
  const greedy = new CoordinatorClient({ address: few.address, token: tokens[1].token });
  const modest = new JobsClient({ address: few.address, token: tokens[2].token });
  try {
    const submitting = { requestId: 'a', spec: writeJobSpec(blurSpec(inRoot, inRoot('z.tif'))) };
    const { job } = await greedy.unary(Jobs.submitJob, submitting);
    const watches = Array.from({ length: 5 }, () => greedy.serverStream(Jobs.watchJob, { id: job!.id! }));
    for (const watch of watches) {
      watch.on('error', () => {});
      await new Promise((resolve) => watch.once('data', resolve));
    }
    await assert.rejects(greedy.unary(Jobs.getJob, { id: job!.id! }), {
      tag: 'over-limit',
      message: /5 calls under way/,
    });
    for await (const _ of modest.list());
    watches[0]!.cancel();
    // The end of a call arrives when it arrives.
    const asked = () => greedy.unary(Jobs.getJob, { id: job!.id! }).catch((error: HalotileError) => error.tag);
    while ((await asked()) === 'over-limit');
    assert.equal((await greedy.unary(Jobs.getJob, { id: job!.id! })).job!.id, job!.id);
    for (const watch of watches) watch.cancel();
  } finally {
    greedy.close();
    modest.close();
    await few.close();
  }
});
