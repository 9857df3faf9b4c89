import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { runDatasetOnCluster } from '../../library/cluster/cluster-dataset.js';
import { resultOf } from '../../library/cluster/jobs-client.js';
import { CoordinatorClient } from '../../proto/client/calls.js';
import { halotile } from '../../proto/gen/messages.js';
import { Jobs } from '../../proto/gen/services.js';
import { datasetSpec, makeDataset, outputsOf, runHere } from './dataset-files.js';
import { TestCluster } from './harness.js';

const { JobState } = halotile.v1;

let cluster: TestCluster;
let oracle: Map<string, string>;
let bands: Map<string, string>;
/** The large image stays large: it is counted and written band by band. */
const BANDS = { size: null } as const;
const onDisk = (name: string) => join(cluster.root, name);
const inRoot = (name: string) => `root:data/${name}`;

before(async () => {
  cluster = await TestCluster.start();
  await makeDataset(onDisk('set'), ['knight', 'mage'], 24);
  await runHere(datasetSpec(onDisk('set/list.csv'), onDisk('oracle')));
  oracle = outputsOf(onDisk('oracle'));
  await runHere(datasetSpec(onDisk('set/list.csv'), onDisk('oracle-bands'), BANDS));
  bands = outputsOf(onDisk('oracle-bands'));
});
after(() => cluster.close());

async function run(output: string, more: Parameters<typeof datasetSpec>[2] = {}) {
  const job = await cluster.client.submit(datasetSpec(inRoot('set/list.csv'), inRoot(output), more));
  const states = new Set<halotile.v1.JobState>();
  let last: halotile.v1.WatchJobResponse | undefined;
  for await (last of cluster.client.watch(job.id!)) states.add(last.state);
  return { result: resultOf(last!), states, last: last! };
}

test('a dataset waits for a worker, which reads and writes by reference; the files are the local run’s', async () => {
  const running = run('by-reference');
  await cluster.until(() => cluster.log.some((line) => line.includes('starts, attempt')));
  const worker = await cluster.worker({ roots: true });
  const { result, states, last } = await running;
  assert.deepEqual(outputsOf(onDisk('by-reference')), oracle);
  assert.ok(states.has(JobState.JOB_STATE_WAITING_FOR_WORKERS));
  assert.equal(result.counts?.imagesWritten, 49);
  assert.deepEqual([last.progress?.imagesDone, last.progress?.charactersDone], [49, 2]);
  assert.deepEqual(readdirSync(onDisk('by-reference/.halotile')).sort(), ['.owner.json', 'knight', 'mage']);
  await run('bands', BANDS);
  assert.deepEqual(outputsOf(onDisk('bands')), bands);
  assert.equal(worker.log.includes('once more'), false);
  await cluster.assertClean();
});

test('the same files from a worker that sees no storage, and from three of both kinds', async () => {
  await cluster.workers[0]!.end('SIGTERM');
  await cluster.worker();
  await run('inline');
  assert.deepEqual(outputsOf(onDisk('inline')), oracle);
  await run('inline-twice', { spillBytes: 0 });
  assert.deepEqual(outputsOf(onDisk('inline-twice')), oracle);
  await run('bands-inline', BANDS);
  assert.deepEqual(outputsOf(onDisk('bands-inline')), bands);
  await cluster.worker({ roots: true });
  await cluster.worker();
  await run('mixed');
  assert.deepEqual(outputsOf(onDisk('mixed')), oracle);
  await cluster.assertClean();
});

test('a frame that cannot be read by reference is tried through the coordinator, then reported as it is named', async () => {
  for (const worker of cluster.workers) await worker.end('SIGTERM');
  const worker = await cluster.worker({ roots: true });
  for (const [index, text] of ['', 'no picture'].entries()) {
    const folder = `faulty-${index}`;
    mkdirSync(onDisk(`${folder}/knight`), { recursive: true });
    copyFileSync(onDisk('set/knight/000.png'), onDisk(`${folder}/knight/000.png`));
    writeFileSync(onDisk(`${folder}/knight/001.png`), text);
    const spec = (output: string) => datasetSpec(onDisk(folder), output, { operations: [], onError: 'skip' });
    await runHere(spec(onDisk(`${folder}-here`)));
    const job = await cluster.client.submit({ ...spec(inRoot(`${folder}-there`)), frames: [inRoot(folder)] });
    for await (const _ of cluster.client.watch(job.id!));
    assert.deepEqual(outputsOf(onDisk(`${folder}-there`)), outputsOf(onDisk(`${folder}-here`)));
    const failures = (place: string) =>
      JSON.parse(readFileSync(onDisk(`${folder}-${place}/report.json`), 'utf8')).characters[0].failures;
    const [here, there] = [failures('here'), failures('there')];
    assert.equal(here.length, 1);
    assert.deepEqual(there, [{ ...here[0], message: here[0].message.replace(`${cluster.root}/`, 'root:data/') }]);
    assert.equal(readFileSync(onDisk(`${folder}-there/report.json`), 'utf8').includes(cluster.directory), false);
  }
  assert.match(worker.log, /once more through the coordinator/);
});

test('files that the chain reads travel with the frames, and are uploaded with them', async () => {
  writeFileSync(onDisk('ring.txt'), '.###.\n#...#\n#.#.#\n#...#\n.###.\n');
  const spec = (place: (name: string) => string, output: string) =>
    datasetSpec(place('set/knight'), output, {
      alpha: 'channel',
      operations: [
        { name: 'max', params: { footprint: `mask:${place('ring.txt')}` } },
        { name: 'flat-field', params: { flat: place('set/mage/004.png'), dark: 1 } },
      ],
    });
  await runHere(spec(onDisk, onDisk('chain-here')));
  const expected = outputsOf(onDisk('chain-here'));
  const endpoint = { address: cluster.address };
  await runDatasetOnCluster(spec(inRoot, inRoot('chain-near')), { endpoint });
  assert.deepEqual(outputsOf(onDisk('chain-near')), expected);
  for (const worker of cluster.workers) await worker.end('SIGTERM');
  await cluster.worker();
  const out = join(cluster.directory, 'chain-far');
  await runDatasetOnCluster(spec(onDisk, out), { endpoint });
  assert.deepEqual(outputsOf(out), expected);
});

test('local frames are uploaded once, the result is fetched; a frame at fault is named as it is here', async () => {
  const out = join(cluster.directory, 'fetched');
  const endpoint = { address: cluster.address };
  const spec = datasetSpec(onDisk('set/list.csv'), out);
  const notes: string[] = [];
  const result = await runDatasetOnCluster(spec, { endpoint, onNote: (note) => notes.push(note) });
  assert.deepEqual(outputsOf(out), oracle);
  assert.deepEqual(result.frames, { total: 49, written: 49, reused: 0, failed: 0 });
  assert.ok(existsSync(result.report));
  assert.deepEqual(
    readdirSync(out).filter((name) => name.startsWith('.')),
    [],
  );
  const uploads = () => readdirSync(join(cluster.directory, 'state/uploads'), { recursive: true }).length;
  const before = uploads();
  await runDatasetOnCluster({ ...spec, output: inRoot('again') }, { endpoint });
  assert.deepEqual(outputsOf(onDisk('again')), oracle);
  assert.equal(uploads(), before);

  const broken = join(cluster.directory, 'broken/knight/000.png');
  mkdirSync(dirname(broken), { recursive: true });
  // Files of one content, sent at the same time.
  for (let copy = 1; copy < 9; copy++)
    copyFileSync(onDisk('set/knight/000.png'), join(dirname(broken), `00${copy}.png`));
  writeFileSync(broken, 'no picture');
  const frames = datasetSpec(join(cluster.directory, 'broken'), out, { operations: [] });
  await assert.rejects(runDatasetOnCluster(frames, { endpoint }), (error: Error) => error.message.startsWith(broken));
});

test('files of a result are listed in pages and fetched by name, nothing else', async () => {
  const { id } = (await cluster.client.list().next()).value!;
  const raw = new CoordinatorClient({ address: cluster.address });
  await assert.rejects(raw.unary(Jobs.listResultFiles, { jobId: id }), { tag: 'not-ready' });
  const { last } = await run('listed');
  assert.ok(last.result);
  const job = (await cluster.client.list().next()).value!;
  const names: string[] = [];
  for (let pageToken = ''; ; ) {
    const page = await raw.unary(Jobs.listResultFiles, { jobId: job.id, pageSize: 7, pageToken });
    assert.ok(page.files.length <= 7);
    names.push(...page.files.map(({ name }) => name!));
    pageToken = page.nextPageToken;
    if (pageToken === '') break;
  }
  assert.deepEqual(names.filter((name) => !name.startsWith('report.')).sort(), [...oracle.keys()]);
  assert.equal(new Set(names).size, names.length);
  const target = join(cluster.directory, 'one.png');
  await cluster.client.download(job.id!, target, { name: 'mage/palette.png' });
  assert.equal(readFileSync(target).toString('base64'), oracle.get('mage/palette.png'));
  for (const name of [
    '',
    '../set/list.csv',
    '.halotile/mage/epoch-000001/ledger',
    'mage',
    'mage/absent.png',
    '/etc/passwd',
  ]) {
    await assert.rejects(cluster.client.download(job.id!, target, { name }), /no file|no such file/, name);
  }
  raw.close();
});
