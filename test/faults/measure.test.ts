import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runCollection } from '../../library/calls.js';
import { JobsClient, resultOf } from '../../library/cluster/jobs-client.js';
import type { halotile } from '../../proto/gen/messages.js';
import { type JobSpecInput, jobSpecSchema } from '../../tiling/job/job-spec.js';
import { partialPaths } from '../../tiling/stitch/partial.js';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { runEngine } from '../support/engine.js';
import { epochsOf, recordedTiles } from '../support/ledger-records.js';
import { startScript } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { killProcess, serve } from '../support/serve-process.js';
import { writeTiff } from '../support/tiff-file.js';

const folder = scratchFolder();
const SIZE = { width: 517, height: 411 };
const PARTS = 9 * 7;

before(() => {
  mkdirSync(join(folder, 'data'));
  const next = noise(5);
  for (const name of ['one', 'two']) {
    const cells = imageOf(SIZE, { dtype: 'uint16', channels: 1 }, (x, y) => {
      return next(9) === 0 ? 0 : 1 + ((x / 9) | 0) + 60 * ((y / 11) | 0);
    });
    writeTiff(join(folder, 'data', `cells-${name}.tif`), cells);
    const light = imageOf(SIZE, { dtype: 'float32', channels: 1 }, (x, y) => 40 + (x * y) / 999 + next(50) / 7);
    writeTiff(join(folder, 'data', `light-${name}.tif`), light, { tile: 64, deflate: true });
  }
});

const at = (name: string) => join(folder, 'data', name);

function tableOf(name: string): JobSpecInput {
  const measure = { images: [at('light-one.tif')] };
  return { image: at('cells-one.tif'), operations: [], measure, output: join(folder, name), tile: 64, block: 16 };
}

/** Runs a job in a process of its own, which is killed when `tiles` are done. */
async function killedAt(script: string, spec: object, tiles: number): Promise<void> {
  const file = new URL(`../support/${script}.js`, import.meta.url);
  const { child, ended } = startScript(file, [JSON.stringify(spec), '2']);
  child.stdout!.on('data', (text: string) => {
    if (text.split('\n').some((line) => Number(line) >= tiles)) child.kill('SIGKILL');
  });
  assert.equal((await ended).signal, 'SIGKILL');
}

for (const ending of ['csv', 'jsonl', 'parquet']) {
  test(`a table (.${ending}) whose run is killed twice is continued: the same bytes, no part measured twice`, async () => {
    const whole = await runEngine(tableOf(`whole.${ending}`));
    assert.equal(whole.tiles.total, PARTS);
    const spec = tableOf(`killed.${ending}`);
    const { directory } = partialPaths(spec.output);
    for (const tiles of [7, 31]) await killedAt('job-process', spec, tiles);
    assert.equal(existsSync(spec.output), false);
    let recorded: string[] = [];
    const result = await runEngine(spec, {
      onProgress: ({ tilesDone, tilesTotal }) => {
        if (tilesDone === tilesTotal) recorded = recordedTiles(directory);
      },
    });
    assert.ok(result.tiles.resumed >= 31);
    assert.deepEqual([recorded.length, new Set(recorded).size], [PARTS, PARTS]);
    assert.deepEqual([result.crc, result.table], [whole.crc, whole.table]);
    assert.ok(readFileSync(spec.output).equals(readFileSync(join(folder, `whole.${ending}`))));
    assert.equal(existsSync(directory), false);
  });
}

test('labels that operations make, and the table of them, are continued where each was left', async () => {
  const operations = [{ name: 'threshold', params: { value: 120 } }, { name: 'label' }];
  const spec = (name: string) => ({ ...tableOf(name), image: at('light-one.tif'), operations });
  await runEngine({ ...spec('labels.tif'), measure: undefined });
  const apart = { ...tableOf('apart.csv'), image: join(folder, 'labels.tif') };
  const whole = await runEngine(apart);
  const once = spec('once.csv');
  // Of the labels' bands, in their first and their second pass, and of the parts that are measured.
  for (const tiles of [4, 20, 40]) await killedAt('job-process', once, tiles);
  const made = readdirSync(partialPaths(once.output).directory);
  assert.ok(
    made.some((name) => /^first-.*\.tif$/.test(name)),
    made.join(),
  );
  const result = await runEngine(once);
  assert.ok(result.tiles.resumed > 0);
  assert.ok(result.table!.labels > 100);
  assert.equal(result.crc, whole.crc);
});

test('measurements that were damaged meanwhile are made again', async () => {
  const whole = await runEngine(tableOf('sound.csv'));
  const spec = tableOf('damaged.csv');
  const { directory } = partialPaths(spec.output);
  await killedAt('job-process', spec, 30);
  const records = join(directory, epochsOf(directory)[0]!, 'records');
  const bytes = readFileSync(records);
  bytes[4000]! ^= 1;
  writeFileSync(records, bytes.subarray(0, bytes.length - 8));
  const before = recordedTiles(directory).length;
  const result = await runEngine(spec);
  assert.ok(result.tiles.resumed < before && result.tiles.resumed > 0);
  assert.equal(result.crc, whole.crc);
});

test('tables of many images are killed and continued: those of the images one by one', async () => {
  const many = {
    ...{ images: at('cells-*.tif'), operations: [], measure: { images: [at('light-{name}.tif')] } },
    ...{ output: join(folder, 'tables/{name}.csv'), tile: 64, block: 16 },
  };
  // An image's name is all of it: light-cells-one is not there.
  await assert.rejects(runCollection(many), /light-cells-one\.tif/);
  for (const name of ['one', 'two']) {
    writeFileSync(at(`light-cells-${name}.tif`), readFileSync(at(`light-${name}.tif`)));
  }
  await killedAt('collection-process', many, 4);
  const { images } = await runCollection(many, { threads: 2 });
  assert.equal(images.written + images.reused, 2);
  for (const name of ['one', 'two']) {
    const [image, light] = [at(`cells-${name}.tif`), at(`light-cells-${name}.tif`)];
    const output = join(folder, `alone-${name}.csv`);
    await runEngine({ ...tableOf(`alone-${name}.csv`), image, measure: { images: [light] } });
    assert.ok(readFileSync(join(folder, `tables/cells-${name}.csv`)).equals(readFileSync(output)), name);
  }
  const again = await runCollection(many, { threads: 2 });
  assert.equal(again.images.reused, 2);
});

test('kill -9 of the coordinator: the table goes on in the next one', async () => {
  await runEngine(tableOf('oracle.csv'));
  const directory = scratchFolder();
  const root = join(directory, 'data');
  mkdirSync(root);
  for (const name of ['cells-one.tif', 'light-one.tif']) writeFileSync(join(root, name), readFileSync(at(name)));
  let coordinator = await serve(directory, 0);
  const { port } = coordinator;
  const address = `127.0.0.1:${port}`;
  const script = fileURLToPath(new URL('../cluster/faulty-worker.js', import.meta.url));
  const worker = spawn(process.execPath, [script, address, 'slow:80', '2', root]);
  const client = new JobsClient({ address });
  try {
    const named = { image: 'root:data/cells-one.tif', measure: { images: ['root:data/light-one.tif'] } };
    const job = await client.submit(jobSpecSchema.parse({ ...tableOf(''), ...named, output: 'root:data/out.csv' }));
    let killed = 0;
    let last: halotile.v1.WatchJobResponse | undefined;
    for await (const event of client.watch(job.id!)) {
      last = event;
      const done = event.progress?.tilesDone ?? 0;
      if (killed > 0 || done < 5) continue;
      killed = done;
      await killProcess(coordinator.process);
      coordinator = await serve(directory, port);
    }
    const { counts } = resultOf(last!);
    assert.ok(killed >= 5 && (counts?.tilesResumed ?? 0) >= killed);
    assert.equal(counts?.epoch, 2);
    assert.ok(readFileSync(join(root, 'out.csv')).equals(readFileSync(join(folder, 'oracle.csv'))));
  } finally {
    client.close();
    for (const child of [worker, coordinator.process]) await killProcess(child);
  }
});
