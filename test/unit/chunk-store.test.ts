import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { ChunkStore } from '../../tiling/places/chunk-store.js';
import { randomOf } from '../support/seeded-random.js';
import type { ChunkReaderData } from './chunk-reader-thread.js';

const SIZE = 10_000;
const CHUNK = 100;

/** Threads that read pieces of one object, and what each found wrong; `lost` are chunks that cannot be had at first. */
async function read(slots: number, pieces: ChunkReaderData['pieces'][], lost = new Set<number>()): Promise<string[][]> {
  const store = new ChunkStore({ slots, chunkBytes: CHUNK });
  const file = new URL('./chunk-reader-thread.js', import.meta.url);
  const readers = pieces.map((own) => {
    const workerData: ChunkReaderData = { store: store.buffer, size: SIZE, pieces: own };
    return once(new Worker(file, { workerData }), 'message');
  });
  let over = false;
  const all = Promise.all(readers).finally(() => {
    over = true;
  });
  while (!over) {
    for (const { slot, file: number, chunk } of store.takeWanted()) {
      assert.equal(number, 3);
      if (lost.delete(chunk)) store.fail(slot, { tag: 'unreachable', detail: { what: `no chunk ${chunk}` } });
      else {
        store.bytesOf(slot).forEach((_, i, bytes) => {
          bytes[i] = ((chunk * CHUNK + i) * 7) & 255;
        });
        store.ready(slot);
      }
    }
    await turn();
  }
  return (await all).map(([wrong]) => wrong as string[]);
}

test('threads read an object that is far larger than the store between them', async () => {
  const random = randomOf(4);
  const pieces = Array.from({ length: 3 }, () =>
    Array.from({ length: 60 }, () => {
      const offset = random(SIZE);
      return { offset, length: Math.min(SIZE - offset, random(1500)) };
    }),
  );
  assert.deepEqual(await read(4, pieces), [[], [], []]);
});

test('a chunk that cannot be had is told to whoever takes it, and fetched anew for the next one', async () => {
  const piece = { offset: 450, length: 100 };
  assert.deepEqual(await read(8, [[piece, piece]], new Set([5])), [['no chunk 5']]);
});

test('nobody waits for a store that is given up', async () => {
  const store = new ChunkStore({ slots: 2, chunkBytes: CHUNK });
  store.retire();
  assert.throws(() => store.take(3, 0, () => {}), /has ended/);
  await store.wanted();
  await store.arrived(3, 0);
});
