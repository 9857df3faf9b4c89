import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import { z } from 'zod';
import { readDatasetSpec, writeDatasetSpec } from '../../proto/convert/dataset-spec.js';
import { readJobSpec, writeJobSpec } from '../../proto/convert/job-spec.js';
import { pack, unpack } from '../../proto/convert/pack.js';
import { fromPortable, toPortable } from '../../proto/convert/portable.js';
import { readResult, writeResult } from '../../proto/convert/task-result.js';
import { halotile } from '../../proto/gen/messages.js';
import { type DatasetSpecInput, datasetSpecSchema } from '../../tiling/job/dataset-spec.js';
import { type JobSpecInput, jobSpecSchema } from '../../tiling/job/job-spec.js';
import type { TaskResult } from '../../tiling/work/task.js';

const protoFolder = join(dirname(fileURLToPath(import.meta.url)), '../../../proto');

function jobsRoot(): protobuf.Root {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => (target.startsWith('google/protobuf/') ? target : join(protoFolder, target));
  return root.loadSync('halotile/v1/types.proto').resolveAll() as protobuf.Root;
}

function keysOf(schema: unknown): string[] {
  let inner = schema as z.ZodType;
  while (!(inner instanceof z.ZodObject)) {
    inner =
      inner instanceof z.ZodArray ? (inner.element as z.ZodType) : ((inner as z.ZodPrefault).unwrap() as z.ZodType);
  }
  return Object.keys(inner.shape).sort();
}

test('a job file and the proto have the same fields', () => {
  const root = jobsRoot();
  const fields = (name: string) => Object.keys(root.lookupType(`halotile.v1.${name}`).fields).sort();
  assert.deepEqual(fields('JobSpec'), keysOf(jobSpecSchema));
  assert.deepEqual(fields('Operation'), keysOf(jobSpecSchema.shape.operations));
  assert.deepEqual(fields('Mapping'), keysOf(jobSpecSchema.shape.mapping));
  assert.deepEqual(fields('Compression'), keysOf(jobSpecSchema.shape.compression));
  assert.deepEqual(fields('DatasetSpec'), keysOf(datasetSpecSchema));
  assert.deepEqual(fields('DatasetImage'), keysOf(datasetSpecSchema.shape.images.unwrap()));
  assert.deepEqual(fields('PaletteOptions'), keysOf(datasetSpecSchema.shape.palette));
});

const SPECS: readonly JobSpecInput[] = [
  { image: 'a.tif', output: 'b.tif', operations: [{ name: 'box' }] },
  {
    image: 'root:in/a.tif',
    map: 'root:in/m.tif',
    output: 'root:out/b.tif',
    operations: [
      { name: 'box', params: { radius: 3, mode: 'x', flag: false }, border: 'constant', constant: -1.5 },
      { name: 'box', params: { zero: 0, empty: '' } },
    ],
    mapping: { scale: 0.5, offset: -0, max: 0, invalid: 'clamp' },
    dtype: 'float32',
    nodata: [0, Number.NaN],
    alpha: 'channel',
    orient: 'apply',
    colour: 'rgb',
    mask: 'ignore',
    halo: 'max',
    compression: { codec: 'zstd', level: 19, quality: 1, predictor: false },
    overviews: false,
    tile: 1024,
    block: 256,
  },
  { image: 'a', output: 'b', operations: [{ name: 'box' }], nodata: 'none', mapping: {}, compression: {} },
];

test('a spec goes through the proto unchanged', () => {
  for (const input of SPECS) {
    const spec = jobSpecSchema.parse(input);
    for (const form of [input, spec]) {
      const bytes = halotile.v1.JobSpec.encode(writeJobSpec(form)).finish();
      const reading = readJobSpec(halotile.v1.JobSpec.decode(bytes));
      assert.deepEqual(reading, { ok: true, spec });
    }
  }
});

const DATASETS: readonly DatasetSpecInput[] = [
  { frames: ['root:in/frames'], output: 'root:out/palettes' },
  {
    frames: ['root:in/list.csv', 'root:in/walk-*.png'],
    images: [{ image: 'root:in/a.tif', map: 'root:in/m.tif', character: 'knight' }, { image: 'upload:x' }],
    output: 'root:out/palettes',
    operations: [{ name: 'box', params: { mode: 'x', flag: false, zero: 0 }, border: 'constant', constant: -1.5 }],
    mapping: { scale: 0.5, max: 12, invalid: 'clamp' },
    dtype: 'uint16',
    nodata: [Number.NaN, 0],
    alpha: 'channel',
    size: '64x90',
    target: 'root:in/target.gpl',
    palette: {
      ...{ method: 'threshold', threshold: 0, sample: 2 ** 40, seed: 2 ** 32 - 1, colors: 9, space: 'oklab' },
      formats: ['act', 'pal'],
      dither: 'ordered',
    },
    onError: 'skip',
    spillBytes: 0,
    wholePixels: 2 ** 27,
    largeFormat: 'png',
  },
];

test('a dataset job goes through the proto unchanged', () => {
  for (const input of DATASETS) {
    const spec = datasetSpecSchema.parse(input);
    const bytes = halotile.v1.DatasetSpec.encode(writeDatasetSpec(spec)).finish();
    assert.deepEqual(readDatasetSpec(halotile.v1.DatasetSpec.decode(bytes)), { ok: true, spec });
  }
  const reading = readDatasetSpec({ output: 'x', images: [{ image: '' }], size: { width: 0, height: 1 } });
  assert.ok(!reading.ok);
  assert.deepEqual(new Set(reading.violations.map(({ field }) => field)), new Set(['images[0].image', 'size.width']));
});

test('every wrong field of a spec is named', () => {
  const reading = readJobSpec({
    image: 'a.tif',
    output: '',
    operations: [{ name: 'box', border: 'wrap' }],
    compression: { level: 40 },
  });
  assert.ok(!reading.ok);
  assert.deepEqual(
    reading.violations.map((violation) => violation.field),
    ['output', 'operations[0].border', 'compression.level'],
  );
});

test('a 64-bit field beyond 2^53 is refused instead of rounded', () => {
  const bytes = protobuf.Writer.create().uint32(16).uint64('18446744073709551615').finish();
  assert.throws(() => halotile.v1.WatchJobRequest.decode(bytes), /beyond 2\^53/);
});

test('a 64-bit field that was left out is the number 0', () => {
  const request = halotile.v1.DownloadRequest.decode(new Uint8Array(0));
  assert.equal(request.offset, 0);
});

test('a task result goes through the proto unchanged', () => {
  const result: TaskResult<'filter'> = {
    task: { kind: 'filter', stage: 1, index: 7, attempt: 2 },
    value: { rasterCrcTerm: 5, mapMax: 63.5 },
    part: 'w1.part',
    files: [{ output: 3, length: 4, crc: 5 }],
    blocks: [{ level: 0, index: 3, offset: 2 ** 40, length: 9, crc: 0xffffffff }],
    crc: 0x80000000,
    seconds: { read: 0.5, decode: 0, kernel: 1, encode: 0, write: 0 },
    counts: { bytesRead: 2 ** 41, bytesWritten: 1, blocksDecoded: 2, blocksCached: 5, inputPixels: 3, outputPixels: 4 },
  };
  const { json, pieces } = pack(result.value);
  const travels = { inline: false, carried: new Map(), valueJson: json, pieces: [] };
  const bytes = halotile.v1.TaskCommit.encode(
    writeResult({ key: 'k', lease: 9, instance: 'host-1' }, result, travels),
  ).finish();
  const commit = halotile.v1.TaskCommit.decode(bytes);
  assert.deepEqual(readResult(commit, unpack({ json: commit.valueJson, pieces })), result);
});

test('portable text keeps bytes, NaN and infinities', () => {
  const value = {
    bytes: new Uint8Array([1, 2, 255]),
    nodata: [null, Number.NaN],
    max: Number.POSITIVE_INFINITY,
    a: 'x',
  };
  assert.deepEqual(fromPortable(toPortable({ ...value, gone: undefined })), value);
});
