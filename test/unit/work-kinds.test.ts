import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pack, unpack } from '../../proto/convert/pack.js';
import { fromPortable, toPortable } from '../../proto/convert/portable.js';
import type { CountData } from '../../tiling/work/count.js';
import { WORK_KINDS } from '../../tiling/work/index.js';
import type { InputPlace } from '../../tiling/work/references.js';
import { RUNNERS } from '../../worker/work/index.js';

const SIZE = { width: 3, height: 2 };
const CHAIN = {
  operations: [
    { name: 'max', params: { footprint: 'mask:/far/ring.txt' }, constant: 0 },
    { name: 'flat-field', params: { flat: '/far/flat.tif', dark: 1 }, constant: 0 },
  ],
  mapping: { scale: 1, offset: 0, invalid: 'error' },
  alpha: 'weighted',
} as const;
const DATA: CountData = {
  ...{ chain: CHAIN as never, size: SIZE, wholePixels: 100, spill: '/far/spill' },
  frames: [
    { index: 4, path: '/far/a.png', map: '/far/map.png' },
    { index: 5, path: '/far/b.png', spilled: { file: '/far/spill/1.raw', offset: 48, size: SIZE, crc: 9 } },
  ],
};
const { count } = WORK_KINDS;

test('every kind of work has what runs it, under the same name', () => {
  assert.deepEqual(Object.keys(RUNNERS).sort(), Object.keys(WORK_KINDS).sort());
});

test('what a task reads is listed in one order on both sides, and a worker puts its places into it', () => {
  const data = fromPortable<CountData>(toPortable(DATA));
  const refs = count.reads!(data);
  assert.deepEqual(
    refs.map(({ path }) => path),
    ['/far/a.png', '/far/map.png', '/far/spill/1.raw', '/far/b.png', '/far/ring.txt', '/far/flat.tif'],
  );
  assert.deepEqual(refs[2], { form: 'file', path: '/far/spill/1.raw', offset: 48, length: 24, crc: 9 });
  assert.deepEqual(
    refs.map((ref) => ref.form === 'file' && ref.unless),
    [undefined, undefined, undefined, 2, undefined, undefined],
  );
  const places = refs.map((ref): InputPlace => {
    return {
      kind: 'piece',
      path: ref.path.replace('/far', '/near'),
      ...(ref.form === 'file' && { offset: ref.offset }),
    };
  });
  const near = count.placed!(data, places);
  assert.deepEqual(
    count.reads!(near).map(({ path }) => path),
    refs.map(({ path }) => path.replace('/far', '/near')),
  );
  assert.deepEqual(
    near.chain?.operations.map(({ params }) => params),
    [{ footprint: 'mask:/near/ring.txt' }, { flat: '/near/flat.tif', dark: 1 }],
  );
  const lost = count.placed!(data, places.with(2, { kind: 'lost' }).with(0, { kind: 'lost' }));
  assert.equal(lost.frames[1]?.spilled, null);
  // The coordinator's path may be another file on this machine.
  assert.notEqual(lost.frames[0]?.path, '/far/a.png');
});

test('values come out as they went in, their bytes apart from their text', () => {
  const bytes = (...values: number[]) => Uint8Array.from(values);
  const values = [
    { counts: bytes(1, 2), frames: [], failures: [], large: [], bytesRead: 3 },
    [
      { index: 1, bytes: 2, sample: null },
      { index: 2, bytes: 2, sample: { before: bytes(4), after: bytes(5, 6) } },
    ],
    null,
    { max: Number.POSITIVE_INFINITY },
  ];
  for (const value of values) {
    const packed = pack(value);
    assert.ok(packed.pieces.every((piece) => piece instanceof Uint8Array));
    assert.deepEqual(unpack(packed), value);
  }
});

test('a task is split into parts whose values merge to that of the whole', () => {
  assert.deepEqual(
    count.split!(DATA).map(({ frames }) => frames.map(({ index }) => index)),
    [[4], [5]],
  );
  const error = { tag: 'tile-poisoned', detail: { what: 'it took three workers' } } as const;
  const [part] = count.split!(DATA);
  const blamed = count.blame!(part!, error);
  assert.equal(blamed.detail.file, '/far/a.png');
  const merged = count.merge!([count.without!(part!, blamed), count.without!(part!, blamed)]);
  assert.deepEqual(
    merged.failures.map(({ index }) => index),
    [4, 4],
  );
});
