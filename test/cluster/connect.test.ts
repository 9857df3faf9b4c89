import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type ClusterJobEvent, type CoordinatorConnection, connect, HalotileError } from '../../index.js';
import { TestCluster } from './harness.js';
import { blurSpec, local } from './scene-files.js';

let cluster: TestCluster;
let coordinator: CoordinatorConnection;
before(async () => {
  cluster = await TestCluster.start();
  coordinator = connect(cluster.address);
  await local(blurSpec(onDisk, onDisk('oracle.tif')));
});
after(async () => {
  coordinator.close();
  await cluster.close();
});

const onDisk = (name: string) => join(cluster.root, name);
const oracle = () => readFileSync(onDisk('oracle.tif'));

test('a program uploads, submits, watches and downloads', async () => {
  await cluster.worker({ threads: 2 });
  const [image, map] = await Promise.all(['deflate.tif', 'map.tif'].map((name) => coordinator.upload(onDisk(name))));
  const spec = blurSpec((name) => (name === 'map.tif' ? map! : image!), 'download:out.tif');
  const id = await coordinator.submit(spec, { priority: -1 });
  const events: ClusterJobEvent[] = [];
  for await (const event of coordinator.watch(id)) events.push(event);
  const last = events.at(-1)!;
  assert.equal(last.state, 'succeeded');
  assert.equal(last.progress?.tilesDone, last.progress?.tilesTotal);
  assert.ok(last.result!.tiles > 1 && last.result!.seconds.total! > 0);
  const job = await coordinator.job(id);
  assert.deepEqual([job.state, job.priority, job.output], ['succeeded', -1, 'download:out.tif']);
  assert.ok(job.finished! >= job.started! && job.started! >= job.submitted!);
  const bytes = await coordinator.download(id, onDisk('fetched.tif'));
  assert.equal(bytes, oracle().length);
  assert.ok(readFileSync(onDisk('fetched.tif')).equals(oracle()));
  const names = [];
  for await (const { name } of coordinator.files(id)) names.push(name);
  assert.deepEqual(names, ['out.tif']);
  const ids = [];
  for await (const each of coordinator.jobs()) ids.push(each.id);
  assert.ok(ids.includes(id));
});

test('one call runs a job of local files on the cluster', async () => {
  await cluster.worker({ threads: 2 });
  const notes: string[] = [];
  const result = await coordinator.run(blurSpec(onDisk, onDisk('ran.tif')), { onNote: (note) => notes.push(note) });
  assert.ok(readFileSync(onDisk('ran.tif')).equals(oracle()));
  assert.ok(notes.some((note) => note.startsWith('uploading')) && 'crc' in result);
});

test('a picture from the cluster is that of a local run', async () => {
  await cluster.worker({ threads: 2 });
  await local(blurSpec(onDisk, onDisk('here.png')));
  await coordinator.run(blurSpec(onDisk, onDisk('there.png')));
  assert.ok(readFileSync(onDisk('there.png')).equals(readFileSync(onDisk('here.png'))));
});

test('a job is cancelled, and what is wrong rejects with its tag', async () => {
  const unstarted = await coordinator.submit(
    blurSpec((name) => `root:data/${name}`, 'root:data/none.tif', { tile: 512 }),
  );
  await coordinator.cancel(unstarted);
  let last: ClusterJobEvent | undefined;
  for await (const event of coordinator.watch(unstarted)) last = event;
  assert.equal(last?.state, 'cancelled');
  const tagged = (tag: string) => (error: unknown) => error instanceof HalotileError && error.tag === tag;
  await assert.rejects(coordinator.submit({ image: 'a.tif' } as never), tagged('bad-usage'));
  await assert.rejects(coordinator.job('no-such-job'), tagged('not-found'));
  await assert.rejects(coordinator.download('no-such-job', onDisk('nothing.tif')), tagged('not-found'));
  await assert.rejects(coordinator.upload(onDisk('no-such-file.tif')), tagged('bad-input'));
});
