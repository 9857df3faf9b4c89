import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobSpecSchema } from '../../tiling/job/job-spec.js';
import { recordLength } from '../../tiling/measure/record.js';
import { POINT_BYTES, pyramidGrids } from '../../tiling/operations/pyramid.js';
import { ColourCounts } from '../../tiling/palette/colour-counts.js';

import { type DataOf, type KindName, kindOf, WORK_KINDS } from '../../tiling/work/index.js';

const SIZE = { width: 3, height: 2 };
const FIT = { pixels: 3, squares: 50, measured: 2, differences: 70 };
const FILE = { form: 'raster', path: '/a.tif' } as const;
const making = { chain: null, size: SIZE, wholePixels: 100 };
const colours = { palette: [[1, 2, 3]], target: null, dither: 'none', space: 'rgb' } as const;
const counts = new ColourCounts();
counts.add(0x102030, 4);
const bytes = counts.toBytes();
const output = { ...SIZE, channels: 1, dtype: 'uint8' } as const;
const stage = { size: SIZE, tileSide: 512, across: 1, down: 1, operations: { from: 0, to: 0 } };
const plan = {
  ...{ output, image: output },
  operations: [{ name: 'threshold', params: { method: 'otsu' } }],
  stages: [
    { ...stage, kind: 'reduce', operation: 0 },
    { ...stage, kind: 'filter' },
  ],
};

const GRID = pyramidGrids(SIZE, { first: 2, last: 3 })[0]!.rect;

function recordsOf(labels: readonly number[]): Uint8Array {
  const length = recordLength([true]);
  const records = new Float64Array(labels.length * length);
  for (const [i, label] of labels.entries()) records[i * length] = label;
  return new Uint8Array(records.buffer);
}

const imageJob = (index: number) => ({
  index,
  spec: jobSpecSchema.parse({
    image: '/a.tif',
    output: '/o.tif',
    operations: [{ name: 'box', params: { radius: 1 } }],
  }),
});
const figures = {
  ...output,
  levels: 1,
  tiles: { total: 1, side: 512 },
  mapMax: 0,
  halo: { pixelsRead: 6, pixelsWithMaxHalo: 6, savedShare: 0 },
  seconds: { read: 0, decode: 0, kernel: 0.5, encode: 0, write: 0 },
  bytes: { read: 6, written: 6, output: 6 },
  blocksDecoded: { count: 1, perBlock: 1 },
  crc: '0123abcd',
};
const failed = { index: 9, error: { tag: 'bad-input', detail: { what: 'no TIFF' } } };

/** What each kind that travels may say, and what it may not: changes to the first. */
const CASES: {
  readonly [K in KindName]?: { data: DataOf<K>; stage?: number; value: unknown; wrong: readonly unknown[] };
} = {
  filter: {
    data: {},
    stage: 1,
    value: { rasterCrcTerm: -5, mapMax: 0 },
    wrong: [
      null,
      [],
      { mapMax: 0 },
      { rasterCrcTerm: 1.5, mapMax: 0 },
      { rasterCrcTerm: 1, mapMax: 'a' },
      { rasterCrcTerm: 1, mapMax: 0, carries: ['AA'] },
    ],
  },
  reduce: {
    data: {},
    value: { mapMax: 0, partial: [{ low: 0, high: 9, counts: [1, 2] }] },
    wrong: [
      { mapMax: 0 },
      { mapMax: 0, partial: [] },
      { mapMax: 0, partial: [{ low: 0, high: 9, counts: [-1] }] },
      { mapMax: 0, partial: [null] },
    ],
  },
  sum: {
    data: { corners: { cellSide: 16, layout: { lanes: 1, weighted: false, countsBad: false }, aboveRadius: 8 } },
    value: { columns: new Uint8Array(8 * (SIZE.width + 1)), edges: new Uint8Array(8 * 16) },
    wrong: [
      null,
      { columns: new Uint8Array(8 * SIZE.width), edges: new Uint8Array(8 * 16) },
      { columns: new Uint8Array(8 * (SIZE.width + 1)), edges: new Uint8Array(8 * 15) },
      { columns: new Uint8Array(8 * (SIZE.width + 1)) },
    ],
  },
  decimate: {
    data: { pyramid: { first: 2, last: 3 } },
    value: { points: new Uint8Array(GRID.width * GRID.height * POINT_BYTES) },
    wrong: [
      null,
      { points: [] },
      { points: new Uint8Array(GRID.width * GRID.height * POINT_BYTES - 1) },
      { points: new Uint8Array((GRID.width + 1) * GRID.height * POINT_BYTES) },
    ],
  },
  measure: {
    data: { rect: { x: 0, y: 0, ...SIZE }, size: SIZE, channels: [true] },
    value: { records: recordsOf([3, 8]) },
    wrong: [
      null,
      { records: [] },
      { records: recordsOf([3, 8]).subarray(8) },
      { records: recordsOf([8, 3]) },
      { records: recordsOf([0.5]) },
      { records: recordsOf([1, 2, 3, 4, 5, 6, 7]) },
    ],
  },
  overview: { data: { blocks: [] }, value: null, wrong: [{}, 0, undefined] },
  sample: {
    data: { size: SIZE, preview: { width: 1, height: 1 }, whole: true },
    stage: 1,
    value: {
      counts: bytes,
      transparent: false,
      translucent: true,
      preview: new Uint8Array(4),
      rgba: new Uint8Array(24),
    },
    wrong: [
      { counts: bytes, transparent: false, translucent: true, preview: new Uint8Array(4), rgba: new Uint8Array(23) },
      {
        counts: bytes.subarray(1),
        transparent: false,
        translucent: true,
        preview: new Uint8Array(4),
        rgba: new Uint8Array(24),
      },
      { counts: bytes, translucent: true, preview: new Uint8Array(4), rgba: new Uint8Array(24) },
    ],
  },
  count: {
    data: {
      ...making,
      frames: [
        { index: 7, path: '/a.png' },
        { index: 9, path: '/b.png' },
      ],
      spill: null,
    },
    value: {
      counts: bytes,
      frames: [
        { index: 7, source: SIZE, contentHash: '0'.repeat(32), fromSpill: false, opaquePixels: 4, spilled: null },
      ],
      failures: [{ index: 9, error: { tag: 'bad-input', detail: { what: 'no PNG' } } }],
      large: [],
      bytesRead: 10,
    },
    wrong: [
      { counts: bytes, frames: [], failures: [], large: [], bytesRead: 10 },
      {
        counts: bytes,
        frames: [],
        failures: [{ index: 7, error: { tag: 'odd', detail: {} } }],
        large: [{ index: 9, source: SIZE }],
        bytesRead: 1,
      },
      {
        counts: bytes,
        frames: [],
        failures: [],
        large: [
          { index: 7, source: SIZE },
          { index: 7, source: SIZE },
        ],
        bytesRead: 1,
      },
      {
        counts: bytes,
        frames: [],
        failures: [],
        large: [
          { index: 7, source: SIZE },
          { index: 8, source: SIZE },
        ],
        bytesRead: 1,
      },
    ],
  },
  remap: {
    data: { ...making, ...colours, frames: [{ index: 7, path: '/a.png', output: '/o.png', sample: false }] },
    value: [{ index: 7, bytes: 5, fit: FIT, sample: null }],
    wrong: [
      [],
      [{ index: 8, bytes: 5, fit: FIT, sample: null }],
      [{ index: 7, bytes: -5, fit: FIT, sample: null }],
      [{ index: 7, bytes: 5, fit: { ...FIT, squares: -1 }, sample: null }],
      [{ index: 7, bytes: 5, sample: {} }],
      {},
    ],
  },
  images: {
    data: { jobs: [imageJob(7), imageJob(9)] },
    value: { results: [{ index: 7, figures }, failed] },
    wrong: [
      null,
      { results: [failed] },
      { results: [failed, { index: 7, figures }] },
      { results: [{ index: 7, figures: { ...figures, crc: '../etc' } }, failed] },
      { results: [{ index: 7, figures: { ...figures, width: -3 } }, failed] },
      { results: [{ index: 7, figures, error: failed.error }, failed] },
    ],
  },
  band: {
    data: { raster: FILE, size: SIZE, from: 0, to: 2, palette: null, output: '/o' },
    value: { adler: 1, rawBytes: 8 },
    wrong: [{ adler: -1, rawBytes: 8 }, { adler: 1 }, null],
  },
};

test('every kind whose tasks travel says what its values look like', () => {
  for (const name of Object.keys(WORK_KINDS) as KindName[]) {
    assert.equal(kindOf(name).isValue !== undefined, kindOf(name).stays !== true, name);
    assert.equal(CASES[name] !== undefined, kindOf(name).stays !== true, name);
  }
});

for (const [name, { data, stage: number = 0, value, wrong }] of Object.entries(CASES)) {
  test(`a value of ${name} is taken as it is, and nothing else for it`, () => {
    const asked = { data, stage: number, index: 0, job: { plan: plan as never } };
    const { isValue } = kindOf(name as KindName);
    assert.equal(isValue!(value, asked), true);
    for (const other of wrong) assert.equal(isValue!(other, asked), false, JSON.stringify(other));
  });
}
