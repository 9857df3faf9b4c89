import type { SlotTableSize } from '../slot-table.js';
import { SharedBlockCache } from './block-cache.js';

/**
 * Memory of caches that nobody uses any more, for the next ones. V8 does not count shared memory, so that it frees what
 * is let go of when it happens to collect: a job over many images would hold the caches of hundreds of them.
 */
export class CacheMemory {
  readonly #free: SharedArrayBuffer[] = [];

  /** An empty cache. */
  open(size: SlotTableSize): SharedBlockCache {
    const bytes = SharedBlockCache.bytesFor(size);
    const fitting = this.#free.filter(({ byteLength }) => byteLength >= bytes);
    if (fitting.length === 0) return new SharedBlockCache(size, new SharedArrayBuffer(roomFor(bytes)));
    const memory = fitting.reduce((best, each) => (each.byteLength < best.byteLength ? each : best));
    this.#free.splice(this.#free.indexOf(memory), 1);
    return new SharedBlockCache(size, memory);
  }

  /** Takes the memory of a cache that no thread reads or fills any more. */
  take({ buffer }: Pick<SharedBlockCache, 'buffer'>): void {
    this.#free.push(buffer);
  }
}

/** Up to an eighth more, so that caches of nearly the same size share memory; what a cache does not touch is never there. */
function roomFor(bytes: number): number {
  const step = 2 ** Math.max(0, Math.floor(Math.log2(bytes)) - 3);
  return Math.ceil(bytes / step) * step;
}
