import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromPortable, toPortable } from '../../tiling/job/portable.js';
import { type FrameReply, packReply, replyCrc, unpackReply } from '../../tiling/palette/frame-reply.js';
import { type FilePlace, type FrameTask, filesOf, placedTask, positionsOf } from '../../tiling/palette/frame-task.js';

const SIZE = { width: 3, height: 2 };
const CHAIN = {
  operations: [
    { name: 'max', params: { footprint: 'mask:/far/ring.txt' }, constant: 0 },
    { name: 'flat-field', params: { flat: '/far/flat.tif', dark: 1 }, constant: 0 },
  ],
  mapping: { scale: 1, offset: 0, invalid: 'error' },
  alpha: 'weighted',
} as const;
const TASK: FrameTask & { kind: 'count' } = {
  kind: 'count',
  task: {
    ...{ chain: CHAIN as never, size: SIZE, wholePixels: 100, spill: '/far/spill' },
    frames: [
      { index: 4, path: '/far/a.png', map: '/far/map.png' },
      { index: 5, path: '/far/b.png', spilled: { file: '/far/spill/1.raw', offset: 48, size: SIZE, crc: 9 } },
    ],
  },
};

test('files of a task are listed in one order on both sides, and their places put into it', () => {
  const task = fromPortable<typeof TASK>(toPortable(TASK));
  const files = filesOf(task);
  assert.deepEqual(
    files.map(({ path }) => path),
    ['/far/a.png', '/far/map.png', '/far/spill/1.raw', '/far/b.png', '/far/ring.txt', '/far/flat.tif'],
  );
  assert.deepEqual(files[2], { path: '/far/spill/1.raw', offset: 48, length: 24 });
  assert.deepEqual(positionsOf(task), {
    frames: [
      { spilled: undefined, source: [0, 1] },
      { spilled: 2, source: [3] },
    ],
    extras: [4, 5],
  });
  const places: FilePlace[] = files.map(({ path, offset }) => ({ path: path.replace('/far', '/near'), offset }));
  const near = placedTask(task, places);
  assert.deepEqual(
    filesOf(near as FrameTask).slice(0, 4),
    filesOf(task)
      .slice(0, 4)
      .map((file) => ({ ...file, path: file.path.replace('/far', '/near') })),
  );
  const { chain } = near.task as typeof task.task;
  assert.deepEqual(
    chain?.operations.map(({ params }) => params),
    [{ footprint: 'mask:/near/ring.txt' }, { flat: '/near/flat.tif', dark: 1 }],
  );
  const lost = placedTask(task, places.with(2, undefined as never)) as typeof TASK;
  assert.equal(lost.task.frames[1]?.spilled, undefined);
});

test('replies come out as they went in, their bytes apart from their text', () => {
  const bytes = (...values: number[]) => Uint8Array.from(values);
  const replies: FrameReply[] = [
    { kind: 'count', reply: { counts: bytes(1, 2), frames: [], failures: [], large: [], bytesRead: 3 } },
    { kind: 'count-band', reply: { counts: bytes(7), hasTransparent: true, hasTranslucent: false, bytesRead: 1 } },
    { kind: 'remap-band', reply: { adler: 5, rawBytes: 6, bytes: 7 } },
    {
      kind: 'remap',
      reply: [
        { index: 1, bytes: 2, pixelCrc: 3, sample: null },
        { index: 2, bytes: 2, pixelCrc: 3, sample: { before: bytes(4), after: bytes(5, 6) } },
      ],
    },
  ];
  for (const reply of replies) {
    const carried = new Map([
      [1, bytes(8, 8)],
      [2, bytes(9)],
    ]);
    const packed = packReply({ reply, carried });
    assert.ok(packed.pieces.every((piece) => piece instanceof Uint8Array));
    assert.deepEqual(unpackReply(packed), { reply, carried });
    assert.equal(replyCrc(unpackReply(packed).reply), replyCrc(reply));
  }
  assert.equal(new Set(replies.map(replyCrc)).size, replies.length);
});
