import { parentPort, workerData } from 'node:worker_threads';
import { SharedBlockCache } from '../../tiling/sources/block-cache.js';

/** What a thread of the block cache's test gets. */
export interface CacheThreadData {
  readonly buffer: SharedArrayBuffer;
  /** Word 0 counts loads, word 1 refusals, then a word for each key while a thread loads it. */
  readonly counters: SharedArrayBuffer;
  readonly seed: number;
  readonly keys: number;
  readonly rounds: number;
}

/** A block's content follows from its key, so that a torn or wrong slot shows. */
export function expectedByte(key: number, i: number): number {
  return (key * 31 + i * 7) & 255;
}

function work({ buffer, counters, seed, keys, rounds }: CacheThreadData): string | undefined {
  const cache = new SharedBlockCache(buffer);
  const counts = new Int32Array(counters);
  let state = seed;
  const next = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 8) % below;
  };
  for (let round = 0; round < rounds; round++) {
    const key = next(keys);
    const lease = cache.acquire(key);
    if (lease === null) {
      Atomics.add(counts, 1, 1);
      continue;
    }
    if (lease.mustLoad) {
      if (Atomics.add(counts, 2 + key, 1) !== 0) return `block ${key} is loaded by two threads`;
      lease.slot.fill(0);
      for (let i = 0; i < lease.slot.length; i++) lease.slot[i] = expectedByte(key, i);
      Atomics.add(counts, 2 + key, -1);
      if (next(10) === 0) {
        cache.abandon(lease.index);
        continue;
      }
      Atomics.add(counts, 0, 1);
      cache.publish(lease.index);
    }
    for (let i = 0; i < lease.slot.length; i++) {
      if (lease.slot[i] !== expectedByte(key, i)) return `block ${key} has a wrong byte at ${i}`;
    }
    cache.release(lease.index);
  }
  return undefined;
}

if (parentPort !== null) parentPort.postMessage(work(workerData as CacheThreadData) ?? 'done');
