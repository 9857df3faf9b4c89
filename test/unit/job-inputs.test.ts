import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readJobFile } from '../../cli/commands/run.js';
import { jobSpecOf } from '../../cli/job-options.js';
import { Places } from '../../coordinator/service/places.js';
import { Uploads } from '../../coordinator/service/uploads.js';
import { datasetSpecSchema } from '../../tiling/job/dataset-spec.js';
import { inputPaths, inputsOf, placeInputs } from '../../tiling/job/job-inputs.js';
import { jobSpecSchema } from '../../tiling/job/job-spec.js';
import { StorageRoots } from '../../tiling/sources/storage-roots.js';
import { textOf } from '../../tiling/words.js';
import { scratchFolder } from '../support/scratch-folder.js';

/** A chain that names every kind of file, and values beside them that look like files and are none. */
const OPERATIONS = [
  { name: 'max', params: { footprint: 'mask:ring.txt' } },
  { name: 'mean', params: { footprint: 'disk:3' } },
  { name: 'lut', params: { table: 'curve.csv' } },
  { name: 'flat-field', params: { flat: 'flat.tif', dark: '12' } },
  { name: 'custom', params: { module: 'kernel.wasm', weights: 'curve.csv' } },
];
const JOB = jobSpecSchema.parse({ image: 'scene.tif', map: 'map.tif', output: 'out.tif', operations: OPERATIONS });
const DATASET = datasetSpecSchema.parse({
  frames: ['set'],
  images: [{ image: 'a.png' }, { image: 'b.png', map: 'b-map.png' }],
  output: 'out',
  target: 'colours.gpl',
  operations: OPERATIONS.slice(0, 3),
});

test('everything that a job reads is listed once by its field, with its kind', () => {
  const listed = (spec: typeof JOB | typeof DATASET) =>
    inputsOf(spec).map(({ field, kind, path }) => `${field} ${kind} ${path}`);
  assert.deepEqual(listed(JOB), [
    'image image scene.tif',
    'map map map.tif',
    'operations[0].params.footprint mask ring.txt',
    'operations[2].params.table table curve.csv',
    'operations[3].params.flat image flat.tif',
    'operations[4].params.module kernel kernel.wasm',
    'operations[4].params.weights table curve.csv',
  ]);
  assert.deepEqual(listed(DATASET), [
    'frames[0] frames set',
    'images[0].image image a.png',
    'images[1].image image b.png',
    'images[1].map map b-map.png',
    'target palette colours.gpl',
    'operations[0].params.footprint mask ring.txt',
    'operations[2].params.table table curve.csv',
  ]);
  assert.deepEqual(inputPaths(JOB), ['scene.tif', 'map.tif', 'ring.txt', 'curve.csv', 'flat.tif', 'kernel.wasm']);
});

test('inputs are placed where they stand, and nothing else changes', () => {
  for (const spec of [JOB, DATASET]) {
    const there = placeInputs(spec, ({ path }) => `/there/${path}`);
    assert.deepEqual(
      inputPaths(there),
      inputPaths(spec).map((path) => `/there/${path}`),
    );
    assert.equal(there.output, spec.output);
    assert.equal(there.operations[0]?.params.footprint, 'mask:/there/ring.txt');
    assert.deepEqual(
      placeInputs(there, ({ path }) => path.slice('/there/'.length)),
      spec,
    );
  }
});

test('files that operations name lie where those lie that the job names', () => {
  const folder = scratchFolder();
  mkdirSync(join(folder, 'jobs'));
  const file = join(folder, 'jobs', 'job.json');
  writeFileSync(file, JSON.stringify(JOB));
  const inFolder = (path: string) => join(folder, 'jobs', path);
  assert.deepEqual(inputPaths(readJobFile(file)), inputPaths(JOB).map(inFolder));
  writeFileSync(file, JSON.stringify(DATASET));
  assert.deepEqual(inputPaths(readJobFile(file)), inputPaths(DATASET).map(inFolder));

  const spec = jobSpecOf(JOB, { predictor: true, overviews: true });
  assert.deepEqual(
    inputPaths(spec),
    inputPaths(JOB).map((path) => join(process.cwd(), path)),
  );
});

test('a coordinator places names by field, hides real paths and refuses every other name', () => {
  const folder = scratchFolder();
  mkdirSync(join(folder, 'set'));
  const ada = { principal: 'ada' };
  const limits = { maxFileBytes: 1, maxPrincipalBytes: 1, maxPrincipalFiles: 1, maxPrincipalOpen: 1 };
  const uploads = new Uploads(join(folder, 'uploads'), limits, () => 0);
  const places = new Places(new StorageRoots({ data: folder }), uploads, join(folder, 'results'));
  for (const spec of [JOB, DATASET]) {
    const named = { ...placeInputs(spec, ({ path }) => `root:data/${path}`), output: 'root:data/out' };
    assert.deepEqual(places.check(named, ada), []);
    const real = places.resolve(named, ada, '1');
    assert.deepEqual(
      inputPaths(real),
      inputPaths(spec).map((path) => join(folder, path)),
    );
    for (const path of inputPaths(real)) {
      assert.equal(places.shown(path), `root:data/${path.slice(folder.length + 1)}`);
    }

    const local = { ...spec, output: 'root:data/out' };
    assert.deepEqual(
      places.check(local, ada).map(({ field }) => field),
      inputsOf(spec).map(({ field }) => field),
    );
  }
  const reader = { principal: 'ada', roots: { data: 'read' } } as const;
  const own = { ...placeInputs(JOB, ({ path }) => `root:data/${path}`), output: 'root:data/out' };
  assert.match(textOf(places.check(own, reader)[0]?.description ?? ''), /root:data\/: ada may not write there/);
  assert.match(textOf(places.check(own, { ...reader, roots: {} })[0]?.description ?? ''), /ada may not read there/);
  const frames = { ...DATASET, images: [], target: undefined, operations: [], output: 'root:data/out' };
  const [violation] = places.check({ ...frames, frames: ['upload:abc'] }, ada);
  assert.match(
    textOf(violation?.description ?? ''),
    /not a name that the cluster knows.*expected root:NAME\/PATH; name it/,
  );
});
