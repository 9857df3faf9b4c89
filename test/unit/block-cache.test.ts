import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { rectOf } from '../../tiling/geometry/rect.js';
import { maxBlockBytes } from '../../tiling/raster/stored-block.js';
import { SharedBlockCache } from '../../tiling/sources/block-cache.js';
import { RasterReader } from '../../tiling/sources/raster-reader.js';
import { openTiffSource } from '../../tiling/sources/tiff-file-source.js';
import type { CacheThreadData } from './block-cache-thread.js';
import { fixturePath } from './reading-fixtures.js';

function filled(cache: SharedBlockCache, key: number): void {
  const lease = cache.acquire(key)!;
  if (lease.mustLoad) {
    lease.slot.fill(key);
    cache.publish(lease.index);
  }
  cache.release(lease.index);
}

test('a block is loaded once, then found; the one used longest ago makes room', () => {
  const cache = new SharedBlockCache({ slots: 3, slotBytes: 100 });
  for (const key of [1, 2, 3]) filled(cache, key);
  filled(cache, 1);
  filled(cache, 4);
  for (const [key, mustLoad] of [
    [1, false],
    [3, false],
    [4, false],
    [2, true],
  ] as const) {
    const lease = cache.acquire(key)!;
    assert.equal(lease.mustLoad, mustLoad, `block ${key}`);
    if (mustLoad) cache.abandon(lease.index);
    else cache.release(lease.index);
  }
});

test('pinned slots are not taken: where all are, the caller decodes for itself', () => {
  const cache = new SharedBlockCache({ slots: 2, slotBytes: 8 });
  const leases = [5, 6].map((key) => cache.acquire(key)!);
  assert.equal(cache.acquire(7), null);
  cache.publish(leases[0]!.index);
  assert.equal(cache.acquire(7), null);
  cache.release(leases[0]!.index);
  assert.equal(cache.acquire(7)!.mustLoad, true);
});

test('nobody waits while holding an unpublished block', () => {
  const cache = new SharedBlockCache({ slots: 4, slotBytes: 8 });
  const first = cache.acquire(1)!;
  assert.equal(cache.acquire(1), null);
  cache.abandon(first.index);
  assert.equal(cache.acquire(1)!.mustLoad, true);
});

test('a failed load leaves the slot free', () => {
  const cache = new SharedBlockCache({ slots: 1, slotBytes: 8 });
  for (let i = 0; i < 5; i++) {
    const lease = cache.acquire(i)!;
    assert.equal(lease.mustLoad, true);
    cache.abandon(lease.index);
  }
});

test('threads that hammer one cache see whole blocks, each loaded by one of them at a time', async () => {
  for (const slots of [2, 6, 24]) {
    const cache = new SharedBlockCache({ slots, slotBytes: 997 });
    const keys = 20;
    const counters = new SharedArrayBuffer(4 * (2 + keys));
    const threads = [1, 2, 3, 4].map((seed) => {
      const workerData: CacheThreadData = { buffer: cache.buffer, counters, seed, keys, rounds: 3000 };
      return new Worker(new URL('./block-cache-thread.js', import.meta.url), { workerData });
    });
    const said = await Promise.all(threads.map(async (thread) => (await once(thread, 'message'))[0] as unknown));
    assert.deepEqual(said, ['done', 'done', 'done', 'done']);
    const [loads, refusals] = new Int32Array(counters);
    assert.ok(loads! >= keys || refusals! > 0);
    // All pins are gone: every slot can be had at once.
    for (let i = 0; i < slots; i++) assert.notEqual(cache.acquire(1000 + i), null);
    assert.equal(cache.acquire(5000), null);
  }
});

test('a damaged block leaves nothing pinned or half filled behind', async () => {
  const path = fixturePath('tiled-deflate-p1-uint8-1-be-big-chunky.tif');
  const source = openTiffSource(path);
  const cache = new SharedBlockCache({ slots: 2, slotBytes: maxBlockBytes(source.info, source.layout) });
  const broken = {
    ...{ name: source.name, info: source.info, layout: source.layout, codecContext: source.codecContext },
    readBlock: () => Uint8Array.of(1, 2, 3),
    close() {},
  };
  const into = new Uint8Array(37 * 29);
  for (let i = 0; i < 5; i++) {
    await assert.rejects(async () => new RasterReader(broken, cache, () => 0).read(rectOf(source.info), into, 37));
  }
  const reader = new RasterReader(source, cache, () => 0);
  const counts = await reader.read(rectOf(source.info), into, 37);
  assert.equal(counts.blocksDecoded, 6);
  const last = await reader.read({ x: 36, y: 28, width: 1, height: 1 }, into, 37);
  assert.deepEqual([counts.blocksCached, last.blocksCached, last.blocksDecoded], [0, 1, 0]);
  source.close();
});
