import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { after, before, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { type StatusObject, status } from '@grpc/grpc-js';
import { runOnCluster } from '../../library/cluster/cluster-run.js';
import { JobsClient, resultOf } from '../../library/cluster/jobs-client.js';
import { CoordinatorClient } from '../../proto/client/calls.js';
import { halotile } from '../../proto/gen/messages.js';
import { Jobs, Workers } from '../../proto/gen/services.js';
import { datasetSpecSchema } from '../../tiling/job/dataset-spec.js';
import { encodeRgbaPng } from '../../tiling/palette/png-encode.js';
import { TestCluster } from './harness.js';
import { blurSpec, local } from './scene-files.js';

const { JobState } = halotile.v1;

let cluster: TestCluster;
before(async () => {
  cluster = await TestCluster.start();
});
after(() => cluster.close());

const inRoot = (name: string) => `root:data/${name}`;
const onDisk = (name: string) => join(cluster.root, name);

async function last(id: string): Promise<halotile.v1.WatchJobResponse> {
  let event: halotile.v1.WatchJobResponse | undefined;
  for await (event of cluster.client.watch(id));
  return event!;
}

test('without a worker a job waits, says so, and starts when one joins', async () => {
  await local(blurSpec(onDisk, onDisk('oracle.tif')));
  await local(
    blurSpec(onDisk, onDisk('oracle-none.tif'), { image: onDisk('raw.tif'), compression: { codec: 'none' } }),
  );
  const job = await cluster.client.submit(blurSpec(inRoot, inRoot('waited.tif')));
  const states = new Set<halotile.v1.JobState>();
  for await (const event of cluster.client.watch(job.id!)) {
    states.add(event.state);
    if (event.state === JobState.JOB_STATE_WAITING_FOR_WORKERS && cluster.workers.length === 0) {
      await cluster.worker({ roots: true });
    }
  }
  assert.ok(states.has(JobState.JOB_STATE_WAITING_FOR_WORKERS));
  assert.ok(states.has(JobState.JOB_STATE_SUCCEEDED));
  assert.ok(readFileSync(onDisk('waited.tif')).equals(readFileSync(onDisk('oracle.tif'))));
  await cluster.assertClean();
});

test('the same bytes by reference, inline and mixed, compressed and not', async () => {
  // The first worker sees the storage, the second one does not.
  await cluster.worker();
  const raw = { image: 'raw.tif', compression: { codec: 'none' } } as const;
  for (const [name, oracle, options] of [
    ['mixed.tif', 'oracle.tif', {}],
    ['mixed-none.tif', 'oracle-none.tif', raw],
  ] as const) {
    const image = 'image' in options ? { image: inRoot(options.image) } : {};
    const job = await cluster.client.submit(blurSpec(inRoot, inRoot(name), { ...options, ...image }));
    resultOf(await last(job.id!));
    assert.ok(readFileSync(onDisk(name)).equals(readFileSync(onDisk(oracle))), name);
  }
  await cluster.workers[0]!.end('SIGTERM');
  // Only the inline worker is left; inputs and output travel too.
  const output = join(cluster.directory, 'fetched.tif');
  const result = await runOnCluster(blurSpec(onDisk, output), { endpoint: { address: cluster.address } });
  assert.ok(readFileSync(output).equals(readFileSync(onDisk('oracle.tif'))));
  assert.equal(result.crc, await local(blurSpec(onDisk, onDisk('again.tif'))));
  await cluster.assertClean();
});

test('a transparency mask travels with its image, by reference and inline', async () => {
  const masked = new URL('../../../test/fixtures/mask/tiles.tif', import.meta.url);
  copyFileSync(masked, onDisk('masked.tif'));
  for (const codec of ['deflate', 'none'] as const) {
    const chain = (place: (name: string) => string, output: string) =>
      blurSpec(place, output, {
        image: place('masked.tif'),
        map: undefined,
        operations: [{ name: 'box', params: { radius: 3 } }],
        compression: { codec },
        tile: 32,
        block: 16,
      });
    await local(chain(onDisk, onDisk(`masked-oracle-${codec}.tif`)));
    for (const roots of [false, true]) {
      const worker = await cluster.worker({ roots });
      const name = `masked-${codec}-${roots}.tif`;
      const job = await cluster.client.submit(chain(inRoot, inRoot(name)));
      resultOf(await last(job.id!));
      assert.ok(readFileSync(onDisk(name)).equals(readFileSync(onDisk(`masked-oracle-${codec}.tif`))), name);
      await worker.end('SIGTERM');
    }
  }
  await cluster.assertClean();
});

test('reductions, scans along rows and extra images run on the cluster as they do here', async () => {
  await cluster.worker({ roots: true });
  const chain = (place: (name: string) => string, output: string) =>
    blurSpec(place, output, {
      image: place('deflate.tif'),
      map: undefined,
      operations: [
        { name: 'flat-field', params: { flat: place('raw.tif'), dark: 3 } },
        { name: 'row-ema', params: { alpha: 0.2 } },
        { name: 'threshold', params: { method: 'otsu' } },
      ],
    });
  await local(chain(onDisk, onDisk('chain-oracle.tif')));
  const job = await cluster.client.submit(chain(inRoot, inRoot('chain.tif')));
  resultOf(await last(job.id!));
  assert.ok(readFileSync(onDisk('chain.tif')).equals(readFileSync(onDisk('chain-oracle.tif'))));
  await assert.rejects(
    cluster.client.submit(
      blurSpec(inRoot, inRoot('x.tif'), { operations: [{ name: 'flat-field', params: { flat: onDisk('raw.tif') } }] }),
    ),
    (error: Error) => error.message.includes('spec.operations'),
  );
});

test('a reduction after scans along rows, by reference and inline', async () => {
  const chain = (place: (name: string) => string, output: string) =>
    blurSpec(place, output, {
      image: place('deflate.tif'),
      map: undefined,
      operations: [
        { name: 'row-ema', params: { alpha: 0.3 } },
        { name: 'threshold', params: { method: 'otsu' } },
        { name: 'row-ema', params: { alpha: 0.6 } },
        { name: 'threshold', params: { method: 'otsu' } },
      ],
    });
  const own = await TestCluster.start();
  try {
    const here = (name: string) => join(own.root, name);
    await local(chain(here, here('oracle.tif')));
    for (const roots of [[true], [false], [true, false]]) {
      const workers = [];
      for (const seen of roots) workers.push(await own.worker({ roots: seen, threads: 2 }));
      const name = `scanned-${roots.join('-')}.tif`;
      const job = await own.client.submit(chain(inRoot, inRoot(name)));
      let event: halotile.v1.WatchJobResponse | undefined;
      for await (event of own.client.watch(job.id!));
      resultOf(event!);
      assert.ok(readFileSync(here(name)).equals(readFileSync(here('oracle.tif'))), name);
      for (const worker of workers) await worker.end('SIGTERM');
    }
    await own.assertClean();
  } finally {
    await own.close();
  }
});

test('files that operations name are uploaded with the image: a mask, a table and a flat field', async () => {
  const mask = join(cluster.directory, 'ring.txt');
  const table = join(cluster.directory, 'curve.csv');
  writeFileSync(mask, '.###.\n#...#\n#.#.#\n#...#\n.###.\n');
  writeFileSync(table, '10\n40\n200\n');
  const chain = (output: string) =>
    blurSpec(onDisk, output, {
      map: undefined,
      operations: [
        { name: 'max', params: { footprint: `mask:${mask}` } },
        { name: 'lut', params: { table } },
        { name: 'flat-field', params: { flat: onDisk('oracle.tif'), dark: 3 } },
      ],
    });
  await local(chain(onDisk('parameters-oracle.tif')));
  const notes: string[] = [];
  const output = join(cluster.directory, 'parameters.tif');
  const endpoint = { address: cluster.address };
  await runOnCluster(chain(output), { endpoint, onNote: (note) => notes.push(note) });
  assert.ok(readFileSync(output).equals(readFileSync(onDisk('parameters-oracle.tif'))));
  assert.equal(notes.filter((note) => note.startsWith('uploading')).length, 4);
  const absent = blurSpec(onDisk, output, {
    operations: [{ name: 'max', params: { footprint: `mask:${join(cluster.directory, 'absent.txt')}` } }],
  });
  await assert.rejects(runOnCluster(absent, { endpoint }), { tag: 'bad-input' });
});

test('of a user kernel, what is local is uploaded and what the cluster has stays', async () => {
  const kernel = new URL('../../examples/kernels/max-row.wasm', import.meta.url);
  const weights = '1,.,1\n.,2,.\n';
  copyFileSync(kernel, onDisk('kernel.wasm'));
  writeFileSync(onDisk('weights.txt'), weights);
  const own = (name: string) => join(cluster.directory, name);
  copyFileSync(kernel, own('kernel.wasm'));
  writeFileSync(own('weights.txt'), weights);
  const job = (place: (name: string) => string, output: string, module: string, table: string) =>
    blurSpec(place, output, {
      image: place('deflate.tif'),
      map: undefined,
      operations: [{ name: 'custom', params: { module, weights: table } }],
    });
  await local(job(onDisk, onDisk('custom-oracle.tif'), own('kernel.wasm'), own('weights.txt')));
  const endpoint = { address: cluster.address };
  for (const [module, table, sent] of [
    [inRoot('kernel.wasm'), own('weights.txt'), own('weights.txt')],
    [own('kernel.wasm'), inRoot('weights.txt'), own('kernel.wasm')],
  ] as const) {
    const notes: string[] = [];
    await runOnCluster(job(inRoot, inRoot('custom.tif'), module, table), { endpoint, onNote: (n) => notes.push(n) });
    assert.deepEqual(
      notes.filter((note) => note.startsWith('uploading')),
      [`uploading ${sent}`],
    );
    assert.ok(readFileSync(onDisk('custom.tif')).equals(readFileSync(onDisk('custom-oracle.tif'))));
  }
});

test('a request id submits once; another spec under it is refused', async () => {
  const spec = blurSpec(inRoot, inRoot('once.tif'));
  const first = await cluster.client.submit(spec, { requestId: 'r1' });
  const second = await cluster.client.submit(spec, { requestId: 'r1' });
  assert.equal(second.id, first.id);
  const other = blurSpec(inRoot, inRoot('twice.tif'));
  await assert.rejects(cluster.client.submit(other, { requestId: 'r1' }), { tag: 'already-exists' });
  resultOf(await last(first.id!));
});

test('a plan says what a job would do', async () => {
  const plan = await cluster.client.plan(blurSpec(inRoot, inRoot('planned.tif')));
  assert.deepEqual([plan.width, plan.height], [1400, 1100]);
  assert.equal(plan.stages[0]?.across, 6);
  assert.ok(!existsSync(onDisk('planned.tif.partial')));
});

test('nothing outside the storage roots can be named', async () => {
  mkdirSync(join(cluster.directory, 'secret'));
  writeFileSync(join(cluster.directory, 'secret/image.tif'), 'x');
  symlinkSync(join(cluster.directory, 'secret'), onDisk('link'));
  for (const image of [
    '/etc/passwd',
    'root:data/../secret/image.tif',
    'root:data//etc/passwd',
    'root:data/link/image.tif',
    'root:other/image.tif',
    'upload:../../x',
    'upload:absent',
  ]) {
    await assert.rejects(
      cluster.client.submit(blurSpec(inRoot, inRoot('x.tif'), { image })),
      (error: Error) => error.message.includes('spec.image'),
      image,
    );
  }
});

test('a broken upload goes on where it stopped, a damaged one is refused', async () => {
  const file = readFileSync(onDisk('raw.tif'));
  const raw = new CoordinatorClient({ address: cluster.address });
  const send = async (uploadId: string, size: number, crc: number, chunk: halotile.v1.IChunk) => {
    const { stream, response } = raw.clientStream(Jobs.upload);
    stream.write({ header: { uploadId, size, crc, name: 'raw.tif' } });
    stream.write({ chunk });
    stream.end();
    return response;
  };
  const half = file.subarray(0, 1 << 20);
  const uploadId = `${createHash('sha256').update(file).digest('hex').slice(0, 40)}-${file.length}`;
  const broken = await send(uploadId, file.length, crc32(file), { offset: 0, data: half, crc: crc32(half) });
  assert.deepEqual([broken.received, broken.complete], [half.length, false]);
  let resumedAt = 0;
  const name = await cluster.client.upload(onDisk('raw.tif'), (sent) => {
    if (resumedAt === 0) resumedAt = sent;
  });
  assert.ok(resumedAt > half.length);
  assert.equal(name, `upload:${uploadId}`);
  const wrong = crc32(half) ^ 1;
  await assert.rejects(send('x', half.length, crc32(half), { offset: 0, data: half, crc: wrong }), {
    tag: 'data-loss',
  });
  await assert.rejects(send('y', half.length, wrong, { offset: 0, data: half, crc: wrong ^ 1 }), { tag: 'data-loss' });
  await assert.rejects(send('z', 2 ** 40, 0, { offset: 0, data: half, crc: crc32(half) }), { tag: 'over-limit' });
  raw.close();
});

test('a job that cannot run fails with the reason, in the names that were used', async () => {
  const job = await cluster.client.submit(blurSpec(inRoot, inRoot('bad.tif'), { map: inRoot('absent.tif') }));
  const { failure, state } = await last(job.id!);
  assert.equal(state, JobState.JOB_STATE_FAILED);
  assert.match(JSON.stringify(failure), /root:data\/absent\.tif/);
  assert.ok(!JSON.stringify(failure).includes(cluster.root));
});

test('tokens decide who may call what', async () => {
  const tokens = [
    { token: 'client-token-0001', principal: 'alice', role: 'client' },
    { token: 'client-token-0002', principal: 'bob', role: 'client' },
    { token: 'worker-token-0001', principal: 'w', role: 'worker' },
    { token: 'client-token-0003', principal: 'reader', role: 'client', roots: { data: 'read' } },
    { token: 'client-token-0004', principal: 'late', role: 'client', expires: '2020-01-01T00:00:00Z' },
  ] as const;
  const guarded = await TestCluster.start({}, { tokens });
  const as = (token?: string) => new JobsClient({ address: guarded.address, token });
  const [bob, worker, nobody] = [as(tokens[1].token), as(tokens[2].token), as()];
  const [reader, late] = [as(tokens[3].token), as(tokens[4].token)];
  try {
    const job = await guarded.client.submit(blurSpec(inRoot, inRoot('o.tif')));
    assert.equal((await guarded.client.get(job.id!)).principal, 'alice');
    await assert.rejects(bob.get(job.id!), { tag: 'not-found' });
    await assert.rejects(worker.get(job.id!), { tag: 'not-allowed' });
    await assert.rejects(nobody.get(job.id!), { tag: 'not-allowed' });
    await assert.rejects(reader.submit(blurSpec(inRoot, inRoot('o.tif'))), /reader may not write there/);
    await reader.submit(blurSpec(inRoot, 'download:o.tif'));
    await assert.rejects(late.get(job.id!), /the token expired at 2020/);
    assert.equal(statSync(join(guarded.directory, 'state')).mode & 0o777, 0o700);
    await guarded.client.cancel(job.id!);
  } finally {
    for (const client of [bob, worker, nobody, reader, late]) client.close();
    await guarded.close();
  }
});

test('a job over many images is submitted, watched by images and characters, and refused outside its roots', async () => {
  const size = { width: 24, height: 32 };
  const rows = ['image,character'];
  for (let index = 0; index < 6; index++) {
    const name = `${index % 2 === 0 ? 'knight' : 'mage'}-${index}.png`;
    const rgba = Uint8Array.from({ length: size.width * size.height * 4 }, (_, at) =>
      at % 4 === 3 ? 255 : (at * (index + 3)) % 97,
    );
    writeFileSync(onDisk(name), encodeRgbaPng(rgba, size));
    rows.push(`${name},${name.split('-')[0]}`);
  }
  writeFileSync(onDisk('frames.csv'), rows.join('\n'));
  const dataset = (frames: string, output: string) =>
    datasetSpecSchema.parse({
      ...{ frames: [inRoot(frames)], output: inRoot(output), size: '12x16' },
      operations: [{ name: 'box', params: { radius: 1 } }],
    });
  const job = await cluster.client.submit(dataset('frames.csv', 'palettes'));
  assert.equal(job.dataset?.output, inRoot('palettes'));
  const event = await last(job.id!);
  const { counts, output } = resultOf(event);
  assert.equal(output, inRoot('palettes'));
  assert.equal(counts?.imagesWritten, 6);
  assert.equal(counts?.charactersDone, 2);
  assert.equal(event.progress?.imagesDone, 6);
  assert.equal(event.progress?.charactersTotal, 2);
  assert.ok(existsSync(onDisk('palettes/knight/knight-0.png')));

  writeFileSync(onDisk('away.csv'), 'image\n../../state/queue.log\n');
  const away = await last((await cluster.client.submit(dataset('away.csv', 'away'))).id!);
  assert.throws(() => resultOf(away), /not a name that the cluster knows/);
  await assert.rejects(cluster.client.submit({ ...dataset('frames.csv', 'x'), output: '/elsewhere/x' }), /root:NAME/);
});

test('whatever the coordinator keeps of all this, nobody else on its machine reads', () => {
  const state = join(cluster.directory, 'state');
  const kept = readdirSync(state, { recursive: true, withFileTypes: true });
  for (const entry of kept) {
    const path = join(entry.parentPath, entry.name);
    // What a job writes has the mode of any output, in a folder that nobody else enters.
    if (relative(state, entry.parentPath).startsWith('results/')) continue;
    assert.equal(statSync(path).mode & 0o777, entry.isDirectory() ? 0o700 : 0o600, path);
  }
  // Uploads and an output that waited for its download are among them.
  for (const name of ['uploads', 'results'])
    assert.ok(kept.some((entry) => entry.parentPath.includes(join(state, name))));
});

test('a stream of commits ends well for a worker that has no more, whose connection it would keep', async () => {
  const client = new CoordinatorClient({ address: cluster.address });
  const stream = client.duplex(Workers.commitTiles);
  stream.resume().on('error', () => {});
  stream.end();
  const [{ code, details }] = (await once(stream, 'status')) as [StatusObject];
  client.close();
  assert.equal(code, status.OK, details);
});
