import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { runCollection as runOwned } from '../../coordinator/index.js';
import { discardOutput } from '../../coordinator/service/discard-output.js';
import { runCollection, runJob } from '../../library/calls.js';
import { openThreads } from '../../library/executor.js';
import { type CollectionSpecInput, collectionSpecSchema } from '../../tiling/job/collection-spec.js';
import type { Restart } from '../../tiling/stitch/output-owner.js';
import { imageOf } from '../conformance/box-tiles.js';
import { BOX, NAMES, SIZE, tifsBelow, writeImage, writeMap, writePairs } from '../support/collection-pairs.js';
import { halotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';

const folder = scratchFolder();
before(() => writePairs(folder));

const collection = (more: Partial<CollectionSpecInput> & { readonly output: string }): CollectionSpecInput => ({
  images: join(folder, 'slides/*.tif'),
  map: join(folder, 'maps/{name}.tif'),
  operations: BOX,
  ...more,
});

test('a pattern, maps and outputs by name: every output is that of its own job, byte for byte', async () => {
  const out = join(folder, 'out-pattern');
  const options = ['--threads', '2', '--json'];
  const names = ['--map', join(folder, 'maps/{name}.tif'), '-o', join(out, '{name}-blurred.tif')];
  const run = await halotile('blur', join(folder, 'slides/*.tif'), ...names, ...options);
  assert.equal(run.code, 0, run.stderr);
  const { images, failures, report } = JSON.parse(run.stdout);
  assert.deepEqual([images, failures], [{ total: 5, written: 5, reused: 0, failed: 0 }, []]);
  for (const name of NAMES) {
    const single = join(folder, `${name}-single.tif`);
    await runJob({
      ...{ image: join(folder, 'slides', `${name}.tif`), map: join(folder, 'maps', `${name}.tif`), output: single },
      operations: BOX,
    });
    assert.deepEqual(readFileSync(join(out, `${name}-blurred.tif`)), readFileSync(single));
  }
  const html = readFileSync(report, 'utf8');
  for (const name of NAMES) assert.ok(html.includes(`slides/${name}.tif`));
  assert.ok(html.includes('data:image/png;base64,'));
  const written = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8'));
  assert.deepEqual(
    written.images.map((each: { image: string }) => each.image),
    NAMES.map((name) => join(folder, 'slides', `${name}.tif`)),
  );
});

test('what has not changed is not touched; a changed map redoes its image, other options all', async () => {
  const root = join(folder, 'rerun');
  writePairs(root);
  const spec: CollectionSpecInput = {
    ...{ images: join(root, 'slides'), map: join(root, 'maps/{name}.tif'), output: join(root, 'out'), operations: BOX },
  };
  const inodes = () => tifsBelow(join(root, 'out')).map((name) => statSync(join(root, 'out', name)).ino);
  assert.equal((await runCollection(spec)).images.reused, 0);
  const first = inodes();
  assert.equal((await runCollection(spec)).images.reused, 5);
  assert.deepEqual(inodes(), first);
  writeMap(join(root, 'maps/c.tif'), 4);
  assert.equal((await runCollection(spec)).images.reused, 4);
  assert.deepEqual(
    inodes().map((inode, index) => inode === first[index]),
    [true, true, false, true, true],
  );
  utimesSync(join(root, 'slides/a.tif'), 1, 1);
  rmSync(join(root, 'out/e.tif'));
  assert.equal((await runCollection(spec)).images.reused, 3);
  assert.equal((await runCollection({ ...spec, mapping: { scale: 0.5 } })).images.reused, 0);
  assert.equal((await runCollection({ ...spec, mapping: { scale: 0.5 } }, { restart: true })).images.reused, 0);
});

test('all faults are told before any work; skipped images are reported and the exit code is 3', async () => {
  const root = join(folder, 'faulty');
  writePairs(root);
  rmSync(join(root, 'maps/a.tif'));
  writeMap(join(root, 'maps/b.tif'), 1, { width: 20, height: 30 });
  writeFileSync(join(root, 'slides/d.tif'), 'no image');
  const args = [join(root, 'slides/*.tif'), '--map', join(root, 'maps/{name}.tif'), '-o', join(root, 'out/')];
  const stopped = await halotile('blur', ...args);
  assert.equal(stopped.code, 2);
  for (const why of [/a\.tif: its map .* is not there/, /b\.tif: the map is 20×30/, /d\.tif: /]) {
    assert.match(stopped.stderr, why);
  }
  assert.match(stopped.stderr, /3 of 5 images cannot be processed/);
  // Nothing was there before, so nothing is left of a run that was refused.
  assert.equal(existsSync(join(root, 'out')), false);
  const skipped = await halotile('blur', ...args, '--on-error', 'skip');
  assert.equal(skipped.code, 3, skipped.stderr);
  assert.match(skipped.stdout, /2 of 5 images; 3 not written/);
  assert.deepEqual(tifsBelow(join(root, 'out')), ['c.tif', 'e.tif']);
  assert.equal(JSON.parse(readFileSync(join(root, 'out/report.json'), 'utf8')).failed.length, 3);
});

test('an image whose pixels fail is skipped while the others go on', async () => {
  const root = join(folder, 'negative');
  writePairs(root);
  const negative = imageOf(SIZE, { dtype: 'float32', channels: 1 }, (x) => (x === 7 ? -1 : 1));
  writeTiff(join(root, 'maps/b.tif'), negative);
  const spec: CollectionSpecInput = {
    ...{ images: join(root, 'slides'), map: join(root, 'maps/{name}.tif'), output: join(root, 'out'), operations: BOX },
  };
  await assert.rejects(runCollection(spec), /negative|-1/);
  const { images, failures } = await runCollection({ ...spec, onError: 'skip' });
  assert.deepEqual(images, { ...images, written: 4, failed: 1 });
  assert.ok(failures[0]!.image.endsWith('slides/b.tif'));
  assert.deepEqual(tifsBelow(join(root, 'out')), ['a.tif', 'c.tif', 'd.tif', 'e.tif']);
});

test('two images with one output and outputs over inputs are refused, whatever --on-error says', async () => {
  const output = join(folder, 'one/{stem}.tif');
  const twice = { images: ['slides/a.tif', 'maps/a.tif'].map((name) => join(folder, name)), operations: BOX };
  const operations = [{ name: 'box', params: { radius: 1 } }];
  await assert.rejects(runCollection({ ...twice, operations, output, onError: 'skip' }), /become .*one\/a\.tif like/);
  const over = collection({ output: join(folder, 'maps/{name}.tif'), onError: 'skip' });
  await assert.rejects(runCollection(over), /5 of 5 images cannot be processed: .*the output is also an input/);
  await assert.rejects(
    runCollection(collection({ output: join(folder, 'x/{nam}.tif') })),
    /words in braces are \{name\}/,
  );
  await assert.rejects(
    runCollection(collection({ output: join(folder, 'x/{date}.tif') })),
    /holds \{name\} or \{stem\}/,
  );
});

test('outputs beside their images are no images of the next run, and a killed one leaves none', async () => {
  const root = join(folder, 'beside');
  writePairs(root);
  const operations = [{ name: 'box', params: { radius: 2 } }];
  const spec = { images: join(root, 'slides'), output: join(root, 'slides/{name}.blurred.tif'), operations };
  assert.deepEqual((await runCollection(spec)).images, { total: 5, written: 5, reused: 0, failed: 0 });
  assert.deepEqual((await runCollection(spec)).images, { total: 5, written: 5, reused: 5, failed: 0 });
});

test('folders keep their shape, and manifests and job files take the same keys', async () => {
  const root = join(folder, 'shapes');
  writeImage(join(root, 'in/x/one.ome.tif'), 1);
  writeImage(join(root, 'in/y/z/two.tif'), 2);
  writeImage(join(root, 'in/three.png.tif'), 3);
  for (const [seed, name] of ['one', 'two', 'three'].entries()) writeMap(join(root, 'maps', `${name}.tif`), seed);
  const run = (args: readonly string[]) => halotile(...args, '--threads', '2', '--quiet');
  const plain = await run(['process', join(root, 'in'), '-o', join(root, 'out/'), '--op', 'box:radius=2']);
  assert.equal(plain.code, 0, plain.stderr);
  assert.deepEqual(tifsBelow(join(root, 'out')), ['three.png.tif', 'x/one.ome.tif', 'y/z/two.tif']);
  const rows = [
    'image,map,output',
    'in/x/one.ome.tif,maps/one.tif,by-csv/first.tif',
    'in/y/z/two.tif,maps/two.tif,',
    'in/three.png.tif,,',
  ];
  writeFileSync(join(root, 'list.csv'), rows.join('\n'));
  const job = [
    'images: list.csv',
    'map: maps/{stem}.tif',
    'output: by-csv/{dir}/{stem}.{ext}',
    'operations: [{ name: box }]',
  ];
  writeFileSync(join(root, 'job.yaml'), job.join('\n'));
  const listed = await run(['run', join(root, 'job.yaml')]);
  assert.equal(listed.code, 0, listed.stderr);
  assert.deepEqual(tifsBelow(join(root, 'by-csv')), ['first.tif', 'in/three.tif', 'in/y/z/two.tif']);
  const images = [{ image: 'in/x/one.ome.tif', output: 'by-yaml/first.tif' }, 'in/y/*/two.tif'];
  const spec = { images, map: 'maps/{stem}.tif', output: 'by-yaml/{date}/{name}.tif', operations: [{ name: 'box' }] };
  writeFileSync(join(root, 'job.json'), JSON.stringify(spec));
  const named = await run(['run', join(root, 'job.json')]);
  assert.equal(named.code, 0, named.stderr);
  const [dated, first] = tifsBelow(join(root, 'by-yaml'));
  assert.equal(first, 'first.tif');
  assert.match(dated!, /^\d{4}-\d\d-\d\d\/two\.tif$/);
});

test('manifests in CSV, YAML and JSON mean the same images, maps and outputs', async () => {
  const root = join(folder, 'manifests');
  writePairs(root);
  const entries = NAMES.map((name) => ({
    image: `slides/${name}.tif`,
    map: `maps/${name}.tif`,
    ...(name === 'c' && { output: 'other, name.tif' }),
  }));
  const cells = entries.map(({ image, map, output }) => [output === undefined ? '' : `"${output}"`, image, map]);
  const manifests = {
    csv: ['output,image,map', ...cells.map((row) => row.join(','))].join('\r\n'),
    yaml: entries
      .map(({ output, ...pair }) => [...Object.entries(pair), ...(output ? [['output', `"${output}"`]] : [])])
      .map((keys) => `- ${keys.map(([key, value]) => `${key}: ${value}`).join('\n  ')}`)
      .join('\n'),
    json: JSON.stringify({ images: entries }),
  };
  for (const [ending, text] of Object.entries(manifests)) {
    const out = join(root, ending, 'out');
    mkdirSync(join(root, ending));
    const placed = text.replaceAll('slides/', '../slides/').replaceAll('maps/', '../maps/');
    writeFileSync(join(root, ending, `list.${ending}`), placed.replace('other, name', 'out/other, name'));
    await runCollection({ images: join(root, ending, `list.${ending}`), output: `${out}/{name}.tif`, operations: BOX });
    assert.deepEqual(tifsBelow(out), ['a.tif', 'b.tif', 'd.tif', 'e.tif', 'other, name.tif'], ending);
    for (const name of tifsBelow(out)) {
      assert.deepEqual(readFileSync(join(out, name)), readFileSync(join(root, 'csv/out', name)), `${ending} ${name}`);
    }
  }
});

test('a job that begins anew forgets what others did, its later attempts keep what it did itself', async () => {
  const out = join(folder, 'out-owned');
  const job = collectionSpecSchema.parse(collection({ output: join(out, '{name}.tif') }));
  const machine = { threads: 1, memoryBytes: 2 ** 28 };
  const executor = openThreads(machine);
  const run = async (principal: string, id: string, restart?: Restart) => {
    const owner = { principal, job: id };
    const options = { date: '2026-01-01', nowSeconds: () => 0 };
    const { images } = await runOwned({ job, executor, machine, owner, restart, ...options });
    assert.equal(images.written, 5);
    return images.reused;
  };
  try {
    assert.equal(await run('nightly', 'first'), 0);
    assert.equal(await run('nightly', 'second'), 5);
    assert.equal(await run('nightly', 'third', 'own'), 0);
    assert.equal(await run('nightly', 'third', 'own'), 5);
    await assert.rejects(run('weekly', 'fourth', 'own'), { tag: 'not-allowed' });
    assert.equal(await run('ops', 'fifth', 'any'), 0);
  } finally {
    await executor.close();
  }
  await assert.rejects(discardOutput(out, { restart: 'own', principal: 'nightly' }), { tag: 'not-allowed' });
  await discardOutput(out, { restart: 'own', principal: 'ops' });
  assert.equal(existsSync(join(out, '.halotile')), false);
  assert.equal(tifsBelow(out).length, 5);
});
