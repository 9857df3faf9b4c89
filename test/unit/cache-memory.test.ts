import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SharedBlockCache } from '../../tiling/sources/block-cache.js';
import { CacheMemory } from '../../tiling/sources/cache-memory.js';

/** Fills every slot of a cache and says which blocks were there already. */
function fill(cache: SharedBlockCache, byte: number): number[] {
  const there: number[] = [];
  for (let key = 0; key < cache.slots; key++) {
    const { index, slot, mustLoad } = cache.acquire(key)!;
    if (mustLoad) {
      slot.fill(byte);
      cache.publish(index);
    } else there.push(key);
    assert.ok(slot.every((each) => each === byte));
    cache.release(index);
  }
  return there;
}

test('a cache over memory of an earlier one is empty, whatever size it has', () => {
  const memory = new CacheMemory();
  const sizes = [
    { slots: 4, slotBytes: 1000 },
    { slots: 1, slotBytes: 70 },
    { slots: 30, slotBytes: 10 },
    { slots: 4, slotBytes: 1000 },
  ];
  const buffers = new Set<SharedArrayBuffer>();
  for (const [byte, size] of sizes.entries()) {
    const cache = memory.open(size);
    assert.deepEqual([cache.slots, cache.slotBytes], [size.slots, size.slotBytes]);
    assert.deepEqual(fill(cache, byte + 1), []);
    assert.deepEqual(fill(cache, byte + 1).length, size.slots);
    buffers.add(cache.buffer);
    memory.take(cache);
  }
  assert.equal(buffers.size, 1);
});

test('caches that are open at the same time share nothing, and each takes the least memory that is enough', () => {
  const memory = new CacheMemory();
  const [large, small] = [memory.open({ slots: 9, slotBytes: 5000 }), memory.open({ slots: 2, slotBytes: 100 })];
  assert.notEqual(large.buffer, small.buffer);
  memory.take(large);
  memory.take(small);
  assert.equal(memory.open({ slots: 1, slotBytes: 90 }).buffer, small.buffer);
  assert.equal(memory.open({ slots: 1, slotBytes: 90 }).buffer, large.buffer);
  const further = memory.open({ slots: 1, slotBytes: 90 }).buffer;
  assert.ok(further !== large.buffer && further !== small.buffer);
});
